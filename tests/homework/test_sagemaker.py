"""SageMaker: a notebook instance, a saved notebook, and nothing left in the end."""

import pytest


@pytest.mark.requirement("sagemaker.notebook-instance")
def test_notebook_instance_is_in_service(notebook_instance):
    """A notebook instance is in service."""
    what = f"notebook instance {notebook_instance.name}"
    assert notebook_instance.status == "InService", (
        f"{what} is {notebook_instance.status}, expected InService {notebook_instance.failure}".rstrip()
    )
    assert notebook_instance.url_issued, f"{what}: no URL to open it was issued, expected one"


@pytest.mark.requirement("sagemaker.notebook-saved")
def test_notebook_is_saved_with_its_cells_executed(saved_notebook, advise):
    """A notebook with the k-means example is saved, its cells executed."""
    name, was_run = saved_notebook.name, len(saved_notebook.unexecuted) < saved_notebook.code_cells
    shows = f"no cell that was run shows these steps of the example: {', '.join(saved_notebook.missing)}"
    seen = shows if was_run else "no code cell was run, expected all"
    assert not saved_notebook.errors, f"{name}: {saved_notebook.errors[0]} — Mend the cell, run all again, then save."
    assert not saved_notebook.missing, (
        f"{name} {saved_notebook.problem}" if saved_notebook.problem else f"{name}: {seen}"
    )
    assert saved_notebook.about_kmeans, f"{name}: what was run has nothing to do with k-means"
    if saved_notebook.unexecuted:
        advise(f"{name}: these code cells were not run: {', '.join(map(str, saved_notebook.unexecuted))}.")


@pytest.mark.requirement("sagemaker.cleaned")
def test_everything_of_the_example_is_gone(sagemaker_cleaned):
    """Endpoint, endpoint configuration, model, notebook instance and the example's S3 objects are gone."""
    assert sagemaker_cleaned.looked_for, "SageMaker: nothing of the example was known, so nothing could be looked for"
    assert not sagemaker_cleaned.remaining, "still there: " + ", ".join(map(str, sagemaker_cleaned.remaining))
