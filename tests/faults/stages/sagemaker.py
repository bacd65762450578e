"""SageMaker: the notebook instance, the saved notebook and the clean-up gone wrong."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from harness.aws import sagemaker_kinds as kinds
from harness.facts.sagemaker import Cleaned
from tests.faults.environment import Environment
from tests.faults.model import Shown
from tests.faults.registry import Table

TABLE = Table("sagemaker")
fault, right, shown = TABLE.fault, TABLE.right, TABLE.shown
NOTEBOOK = "kmeans.ipynb"


@shown("sagemaker", "sagemaker.notebook-instance")
def notebook_instance_stopped(env: Shown) -> None:
    """The notebook instance was stopped."""
    env.seen("notebook_instance", lambda seen: replace(seen, status="Stopped", url_issued=False))


@shown("sagemaker", "sagemaker.notebook-instance")
def notebook_instance_failed(env: Shown) -> None:
    """The notebook instance has failed."""
    env.seen("notebook_instance", lambda seen: replace(seen, status="Failed", failure="no capacity"))


@shown("sagemaker", "sagemaker.notebook-instance")
def no_url(env: Shown) -> None:
    """The notebook instance is there, but no URL to open it is issued."""
    env.seen("notebook_instance", lambda seen: replace(seen, url_issued=False))


def _cells(work: Callable[[list[dict[str, Any]]], Any]) -> Callable[[Environment], None]:
    """Change the code cells of the notebook."""

    def apply(env: Environment) -> None:
        path = env.submission / NOTEBOOK
        document = json.loads(path.read_text(encoding="utf-8"))
        work([cell for cell in document["cells"] if cell["cell_type"] == "code"])
        env.write(NOTEBOOK, json.dumps(document))

    return apply


def _never_run(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        cell.update(execution_count=None, outputs=[])


def _failed(cells: list[dict[str, Any]]) -> None:
    cells[-1]["outputs"] = [{"output_type": "error", "ename": "ClientError", "evalue": "AccessDenied", "traceback": []}]
    cells[-1]["execution_count"] = 9


def _not_deployed(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        source = "".join(cell["source"])
        if "deploy" in source or "predict" in source:
            cell.update(execution_count=None, outputs=[])


def _something_else(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        cell["source"] = 'print("hello")\n'


def _commented_out(cells: list[dict[str, Any]]) -> None:
    for cell in cells:
        cell["source"] = "".join(f"# {line}\n" for line in "".join(cell["source"]).splitlines())


for name, sentence, work in (
    ("notebook-never-run", "The notebook was saved before any cell was run.", _never_run),
    ("notebook-with-an-error", "The last cell ended with an error.", _failed),
    ("notebook-half-run", "The cells from the deployment on were not run.", _not_deployed),
    ("notebook-of-something-else", "Another notebook was handed in.", _something_else),
    ("notebook-commented-out", "All code of the notebook is commented out.", _commented_out),
):
    TABLE.add(name, sentence, _cells(work), "sagemaker", "sagemaker.notebook-saved")


@fault("sagemaker", "sagemaker.notebook-saved")
def no_notebook(env: Environment) -> None:
    """No notebook was handed in."""
    (env.submission / NOTEBOOK).unlink()


@fault("sagemaker", "sagemaker.notebook-saved")
def notebook_as_page(env: Environment) -> None:
    """The notebook was saved as a page of HTML under the notebook's name."""
    env.write(NOTEBOOK, "<!doctype html><title>kmeans</title>")


@right("sagemaker")
def notebook_with_another_name(env: Environment) -> None:
    """The notebook has another name, and another one lies beside it."""
    (env.submission / NOTEBOOK).rename(env.submission / "MNIST homework.ipynb")
    env.write("scratch.ipynb", json.dumps({"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))


# The clean-up.


def _left(kind: str) -> Callable[[Environment], None]:
    def apply(env: Environment) -> None:
        own = env.subject.sagemaker
        deletions = own.deletions
        # What is in a bucket keeps it: whoever leaves objects leaves it too.
        kept = {kind, kinds.BUCKET} if kind == kinds.OBJECTS else {kind}
        own.deletions = lambda: [thing for thing in deletions() if thing[0] not in kept]  # type: ignore[method-assign]

    return apply


for name, kind, sentence in (
    ("endpoint-left", kinds.ENDPOINT, "The endpoint was left running."),
    ("endpoint-configuration-left", kinds.CONFIG, "The endpoint configuration was left."),
    ("model-left", kinds.MODEL, "predictor.delete_endpoint() was called, which leaves the model."),
    ("notebook-instance-left", kinds.NOTEBOOK, "The notebook instance was left in service."),
    ("objects-left", kinds.OBJECTS, "Training data and model were left in S3."),
):
    TABLE.add(name, sentence, _left(kind), "sagemaker", "sagemaker.cleaned")


@fault("sagemaker", "sagemaker.cleaned")
def notebook_instance_only_stopped(env: Environment) -> None:
    """The notebook instance was stopped, not deleted."""
    _left(kinds.NOTEBOOK)(env)
    env.before(
        "sagemaker.cleaned",
        lambda: (
            env.subject.sagemaker.notebook_instance(),
            env.client("sagemaker").stop_notebook_instance(NotebookInstanceName=env.subject.sagemaker.name),
        ),
    )


@shown("sagemaker", "sagemaker.cleaned")
def nothing_known(env: Shown) -> None:
    """Nothing of the example was ever known, so that nothing could be looked for."""
    env.seen("sagemaker_cleaned", lambda _: Cleaned((), ()))


# What students also do.


@fault("sagemaker", "sagemaker.notebook-saved")
def notebook_as_script(env: Environment) -> None:
    """The notebook was downloaded as a Python script."""
    (env.submission / NOTEBOOK).rename(env.submission / "kmeans.py")


@fault("sagemaker", "sagemaker.notebook-saved")
def notebook_of_words(env: Environment) -> None:
    """The code stands in cells of text, with screenshots of what it printed."""
    document = json.loads((env.submission / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in document["cells"]:
        if cell["cell_type"] == "code":
            text = {"cell_type": "markdown", "metadata": {}, "source": ["```python\n", *cell["source"], "\n```"]}
            cell.clear()
            cell.update(text)
    env.write(NOTEBOOK, json.dumps(document))


@right("sagemaker")
def notebook_with_remarks(env: Environment) -> None:
    """The notebook has remarks of the student's own between the cells."""
    document = json.loads((env.submission / NOTEBOOK).read_text(encoding="utf-8"))
    remark = {"cell_type": "markdown", "metadata": {}, "source": ["This took 4 minutes."]}
    document["cells"] = [each for cell in document["cells"] for each in (cell, dict(remark))]
    env.write(NOTEBOOK, json.dumps(document))


def _again(cells: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a cell that failed to train, to stand before the one that did."""
    own = next(cell for cell in cells if ".fit(" in "".join(cell["source"]))
    error = {"output_type": "error", "ename": "ClientError", "evalue": "ResourceLimitExceeded", "traceback": []}
    return {**own, "id": "failed", "execution_count": own["execution_count"] - 1, "outputs": [error]}


@right("sagemaker")
def notebook_with_a_failure_made_good(env: Environment) -> None:
    """The training failed for want of a quota, and was run again in the next cell."""
    document = json.loads((env.submission / NOTEBOOK).read_text(encoding="utf-8"))
    code = [cell for cell in document["cells"] if cell["cell_type"] == "code"]
    document["cells"].insert(0, _again(code))
    env.write(NOTEBOOK, json.dumps(document))


@right("sagemaker")
def notebook_without_ids(env: Environment) -> None:
    """The notebook was written by a program that gives cells no ids, into a folder."""
    document = json.loads((env.submission / NOTEBOOK).read_text(encoding="utf-8"))
    for cell in document["cells"]:
        del cell["id"]
    (env.submission / NOTEBOOK).unlink()
    (env.submission / "notebooks").mkdir()
    env.write(f"notebooks/{NOTEBOOK}", json.dumps(document))


@fault("sagemaker", "sagemaker.notebook-saved")
def notebook_is_a_checkpoint(env: Environment) -> None:
    """Only the checkpoint of an empty notebook was handed in."""
    (env.submission / NOTEBOOK).unlink()
    (env.submission / ".ipynb_checkpoints").mkdir()
    empty = {"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    env.write(".ipynb_checkpoints/kmeans-checkpoint.ipynb", json.dumps(empty))


@fault("sagemaker", "sagemaker.notebook-saved")
def notebook_on_pca(env: Environment) -> None:
    """The notebook does the same steps with PCA."""
    text = (env.submission / NOTEBOOK).read_text(encoding="utf-8")
    for old, new in (("KMeans", "PCA"), ("kmeans", "pca"), ("k-means", "PCA"), ("K-means", "PCA"), ("K-Means", "PCA")):
        text = text.replace(old, new)
    env.write(NOTEBOOK, text)
