"""Run the k-means notebook and save it with its outputs: ``python -m bench.notebook [FILE]``.

The cells are those of ``kmeans_notebook.py``. The account is the one that the environment names; without
``AWS_ENDPOINT_URL`` an offline cloud is started for it, and AWS itself is never meant by accident. What the SDK logs is
left out of the saved notebook: it names files of the machine that it was run on.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbclient
import nbformat
from nbformat import v4

from harness.isolation import without_aws
from harness.offline.cloud import OfflineCloud

SOURCE = Path(__file__).with_name("kmeans_notebook.py")
SAVED = Path(__file__).parents[1] / "fixtures" / "submission" / "kmeans.ipynb"
PATIENCE = 300
"""Seconds for one cell."""


def cells() -> Iterator[Any]:
    """Yield the cells of the source, which is a Python file in the percent format."""
    for number, part in enumerate(SOURCE.read_text(encoding="utf-8").split("# %%")[1:]):
        head, _, body = part.partition("\n")
        if "markdown" in head:
            lines = (line.removeprefix("#").removeprefix(" ") for line in body.strip().splitlines())
            yield v4.new_markdown_cell("\n".join(lines), id=f"cell-{number}")
        else:
            yield v4.new_code_cell(body.strip(), id=f"cell-{number}")


def run(environment: dict[str, str]) -> Any:
    """Run a new notebook of these cells in a kernel with this environment, and return it; a failing cell raises."""
    notebook = v4.new_notebook(cells=list(cells()))
    client = nbclient.NotebookClient(notebook, timeout=PATIENCE, kernel_name="python3", record_timing=False)
    with tempfile.TemporaryDirectory() as home:
        client.execute(env={**environment, "HOME": home}, cwd=home)
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = [output for output in cell.outputs if not _is_log(output)]
    return notebook


def _is_log(output: Any) -> bool:
    return output.get("name") == "stderr" or output.get("text", "").startswith("sagemaker.config")


@contextlib.contextmanager
def account() -> Iterator[dict[str, str]]:
    """Yield the environment that names the account."""
    quiet = {"SAGEMAKER_SUPPRESS_V2_WARNING": "1"}
    if "AWS_ENDPOINT_URL" in os.environ:
        yield {**os.environ, **quiet}
        return
    with tempfile.TemporaryDirectory() as state, OfflineCloud(Path(state)) as offline:
        yield {
            **without_aws(os.environ),
            **quiet,
            "AWS_ENDPOINT_URL": offline.cloud.endpoint_url,
            "AWS_DEFAULT_REGION": offline.cloud.region,
            "AWS_ACCESS_KEY_ID": offline.cloud.owner.access_key,
            "AWS_SECRET_ACCESS_KEY": offline.cloud.owner.secret_key,
        }


def main(arguments: list[str]) -> None:
    """Save the notebook where the first argument says, else in the reference submission."""
    with account() as environment:
        nbformat.write(run(environment), Path(arguments[0]) if arguments else SAVED)


if __name__ == "__main__":
    main(sys.argv[1:])
