"""What is seen of a saved notebook: that it is one, that it was run, and that it shows the example."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from bench import notebook
from harness import notebook_document
from harness.aws.session import Aws
from harness.notebook_document import observe
from harness.offline.cloud import OfflineCloud
from tests.offline.support import RecordingHosts

ROOT = Path(__file__).parents[2]

IMPORT = "from sagemaker import KMeans"
UPLOAD = "records = kmeans.record_set(train)"
TRAIN = "kmeans.fit(records)"
DEPLOY = "predictor = kmeans.deploy(initial_instance_count=1, instance_type='ml.m4.xlarge')"
PREDICT = "answers = predictor.predict(rows)"
EXAMPLE = (IMPORT, UPLOAD, TRAIN, DEPLOY, PREDICT)


def saved(path, *sources, run=True, outputs=()):
    cells = [
        v4.new_code_cell(source, execution_count=number if run else None, outputs=list(outputs))
        for number, source in enumerate(sources, start=1)
    ]
    nbformat.write(v4.new_notebook(cells=[v4.new_markdown_cell("# k-means"), *cells]), path)
    return observe(path)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mine.ipynb"


def test_the_example_is_recognised(path):
    seen = saved(path, *EXAMPLE)
    assert (seen.problem, seen.missing, seen.unexecuted, seen.errors) == ("", (), (), ())
    assert seen.about_kmeans
    assert seen.steps == ("upload", "train", "deploy", "predict")


def test_the_example_with_boto3_is_recognised(path):
    seen = saved(
        path,
        "image = retrieve('kmeans', region)",
        "s3.put_object(Bucket=bucket, Key=key, Body=data)",
        "sagemaker.create_training_job(**job)",
        "sagemaker.create_endpoint(**endpoint)",
        "runtime.invoke_endpoint(**request)",
    )
    assert (seen.about_kmeans, seen.missing) == (True, ())


def test_cells_that_were_not_run_show_nothing(path):
    seen = saved(path, *EXAMPLE, run=False)
    assert seen.unexecuted == (1, 2, 3, 4, 5)
    assert (seen.steps, seen.about_kmeans) == ((), False)


def without_counts(path, *outputs, metadata=(), counts=()):
    """Save the example with these texts as outputs, with no counts but those given."""
    cells = [v4.new_code_cell(source, execution_count=dict(counts).get(n)) for n, source in enumerate(EXAMPLE, 1)]
    for number, text in outputs:
        cells[number - 1].outputs = [v4.new_output("stream", text=text)]
    for number, written in metadata:
        cells[number - 1].metadata = written
    nbformat.write(v4.new_notebook(cells=cells), path)
    return observe(path)


def test_outputs_say_that_cells_were_run_whose_counts_were_cleared(path):
    seen = without_counts(path, (3, "Training seconds: 90"), (5, "[0, 3]"))
    assert (seen.missing, seen.unexecuted, seen.about_kmeans) == ((), (), True)


def test_cells_below_the_last_output_were_not_run(path):
    seen = without_counts(path, (3, "Training seconds: 90"))
    assert (seen.missing, seen.unexecuted) == (("deploy", "predict"), (4, 5))


def test_times_of_a_run_say_that_a_cell_was_run(path):
    seen = without_counts(path, metadata=[(5, {"execution": {"iopub.execute_input": "2026-11-23T10:00:00Z"}})])
    assert seen.missing == ()


def test_where_cells_have_counts_those_without_count_and_output_were_not_run(path):
    seen = without_counts(path, (5, "[0, 3]"), counts={1: 1, 2: 2, 3: 3})
    assert (seen.missing, seen.unexecuted) == (("deploy",), (4,))


def test_a_failure_without_counts_is_one_until_a_later_cell_makes_it_good(path):
    cells = [v4.new_code_cell(source) for source in (UPLOAD, TRAIN, TRAIN)]
    cells[1].outputs = [v4.new_output("error", ename="ClientError", evalue="no", traceback=[])]
    nbformat.write(v4.new_notebook(cells=cells), path)
    assert observe(path).errors == ("cell 2: ClientError: no",)
    cells[2].outputs = [v4.new_output("stream", text="Training seconds: 90")]
    nbformat.write(v4.new_notebook(cells=cells), path)
    assert (observe(path).errors, observe(path).steps) == ((), ("upload", "train"))


def test_a_step_that_is_missing_is_named(path):
    assert saved(path, IMPORT, UPLOAD, TRAIN).missing == ("deploy", "predict")


def test_k_means_of_another_library_is_not_the_example(path):
    seen = saved(path, "from sklearn.cluster import KMeans", "model = KMeans(10).fit(x)", "model.predict(x)")
    assert seen.missing == ("upload", "deploy")


def test_another_topic_is_not_k_means(path):
    seen = saved(path, "from sagemaker import PCA", *EXAMPLE[1:4], PREDICT)
    renamed = saved(path, *(source.replace("kmeans", "pca") for source in EXAMPLE[1:]))
    assert seen.about_kmeans
    assert not renamed.about_kmeans


def test_words_about_a_step_are_not_the_step(path):
    seen = saved(
        path, "# kmeans.fit(records)", "print('kmeans.deploy() and predictor.predict()')", "fit = deploy = None"
    )
    assert seen.steps == ()


def test_an_error_is_told_and_its_cell_does_not_count(path):
    error = v4.new_output("error", ename="ClientError", evalue="no such bucket", traceback=[])
    seen = saved(path, *EXAMPLE, outputs=[error])
    assert seen.errors[1] == "cell 2: ClientError: no such bucket"
    assert seen.steps == ()


def test_lines_of_ipython_are_passed_over(path):
    assert saved(path, "%matplotlib inline\n!pip install sagemaker\n" + TRAIN).steps == ("train",)


def test_a_line_that_is_timed_is_run(path):
    assert saved(path, "%time " + TRAIN, "%timeit -n1 " + PREDICT).steps == ("train", "predict")


def test_a_failure_that_was_made_good_by_a_later_cell_is_none(path):
    error = v4.new_output("error", ename="ClientError", evalue="ResourceLimitExceeded", traceback=[])
    first, again = (v4.new_code_cell(TRAIN, execution_count=turn) for turn in (2, 3))
    first.outputs = [error]
    cells = [v4.new_code_cell(UPLOAD, execution_count=1), first, again]
    nbformat.write(v4.new_notebook(cells=cells), path)
    assert (observe(path).errors, observe(path).steps) == ((), ("upload", "train"))
    nbformat.write(v4.new_notebook(cells=cells[:2]), path)
    assert observe(path).errors == ("cell 2: ClientError: ResourceLimitExceeded",)


@pytest.mark.parametrize("ids", [{}, {"id": "a"}], ids=["without ids", "one id for all"])
def test_cells_without_proper_ids_are_cells(path, ids):
    cells = [
        {"cell_type": "code", "metadata": {}, "execution_count": turn, "outputs": [], "source": source, **ids}
        for turn, source in enumerate(EXAMPLE, 1)
    ]
    path.write_text(json.dumps({"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}))
    assert (observe(path).problem, observe(path).missing) == ("", ())


def test_a_notebook_in_a_folder_is_found_and_a_checkpoint_is_none(tmp_path):
    (tmp_path / ".ipynb_checkpoints").mkdir()
    saved(tmp_path / ".ipynb_checkpoints" / "mine-checkpoint.ipynb", *EXAMPLE)
    assert notebook_document.find(tmp_path) is None
    (tmp_path / "notebooks").mkdir()
    saved(tmp_path / "notebooks" / "MINE.IPYNB", *EXAMPLE)
    assert notebook_document.find(tmp_path).name == "MINE.IPYNB"


def test_a_cell_that_is_not_python_shows_no_step(path):
    assert saved(path, "%%bash\nkmeans.fit(", TRAIN).steps == ("train",)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not a valid notebook"),
        ("print('hello')", "is not a valid notebook"),
        ('{"cells": 3, "metadata": {}, "nbformat": 4, "nbformat_minor": 5}', "is not a valid notebook"),
        ("[]", "is not a valid notebook"),
        ("\x00\x01", "is not a valid notebook"),
    ],
)
def test_what_is_no_notebook_is_said_to_be_none(path, content, problem):
    path.write_text(content)
    seen = observe(path)
    assert seen.problem.startswith(problem)
    assert seen.steps == ()


def test_bytes_that_are_no_text_are_no_notebook(path):
    path.write_bytes(b"\xff\xfe\x00")
    assert observe(path).problem


def test_the_notebook_that_shows_most_is_judged(tmp_path):
    saved(tmp_path / "a.ipynb", "1 + 1")
    saved(tmp_path / "b.ipynb", *EXAMPLE)
    (tmp_path / "c.ipynb").write_text("{}")
    (tmp_path / "notes.txt").write_text("no notebook")
    assert notebook_document.find(tmp_path).name == "b.ipynb"


def test_a_directory_without_a_notebook_has_none(tmp_path):
    assert notebook_document.find(tmp_path) is None


def sources(notebook):
    return [(cell.cell_type, cell.source) for cell in notebook.cells]


def test_the_reference_notebook_shows_the_example_and_nothing_went_wrong():
    seen = observe(notebook.SAVED)
    assert (seen.problem, seen.missing, seen.unexecuted, seen.errors) == ("", (), (), ())
    assert seen.about_kmeans


def test_the_reference_notebook_was_saved_after_its_last_change():
    saved_cells = sources(nbformat.read(notebook.SAVED, as_version=4))
    assert saved_cells == [(cell.cell_type, cell.source) for cell in notebook.cells()]


def test_the_reference_notebook_names_no_file_of_the_machine_it_was_run_on():
    text = notebook.SAVED.read_text(encoding="utf-8")
    assert not [place for place in ("/tmp", "/home", "/root", "/Users") if f'"{place}' in text or f" {place}/" in text]


def test_the_reference_notebook_runs_with_an_endpoint_and_keys_only(tmp_path):
    with OfflineCloud(tmp_path / "cloud", hosts=RecordingHosts()) as offline:
        owner, quiet = offline.cloud.owner, {"PATH": os.defpath, "PYTHONDONTWRITEBYTECODE": "1"}
        subprocess.run(
            [sys.executable, "-m", "bench.notebook", str(tmp_path / "run.ipynb")],
            cwd=ROOT, check=True, capture_output=True, timeout=300,
            env=quiet | {
                "AWS_ENDPOINT_URL": offline.cloud.endpoint_url,
                "AWS_ACCESS_KEY_ID": owner.access_key, "AWS_SECRET_ACCESS_KEY": owner.secret_key,
            },
        )  # fmt: skip
        left = Aws(offline.cloud, owner).client("sagemaker").list_endpoints()["Endpoints"]
    seen = observe(tmp_path / "run.ipynb")
    assert (seen.problem, seen.missing, seen.unexecuted, seen.errors) == ("", (), (), ())
    assert not left
