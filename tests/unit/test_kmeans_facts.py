"""What the tests of the homework say of k-means facts, right ones and wrong ones."""

from __future__ import annotations

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import cattrs
import pytest

from harness import catalogue
from harness.facts import kmeans as facts
from harness.facts import sagemaker

HOMEWORK = Path(__file__).parents[1] / "homework"
CONTEXT = SimpleNamespace(homework=catalogue.load())


def load(name):
    spec = importlib.util.spec_from_file_location(f"judging_{name}", HOMEWORK / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


TESTS = load("test_kmeans")
STAGE = load("test_sagemaker")

DATA = facts.TrainingData("s3://b/.m", "s3://b/.m", ("s3://b/0", "s3://b/1"), (), 1797, True, (784,), "")
JOB = facts.TrainingJob(
    "job", "Completed", "", "382416733822.dkr.ecr.us-east-1.amazonaws.com/kmeans:1", True,
    {"k": "10", "feature_dim": "784", "force_dense": "True"}, "s3://b/.m", "s3://b/model.tar.gz", (10, 784), "",
)  # fmt: skip
ENDPOINT = facts.Endpoint("end", "InService", "", "config", ("model",), ("s3://b/m",), "job", "s3://b/m")
ANSWER = facts.Answer(3.0, 5.5, (3.0, 5.5), 3, 5.5, 5.5)
PREDICTIONS = facts.Predictions("end", "s3://b/m", 100, 10, (3.0, 5.5), (ANSWER,) * 100, "")
QUALITY = facts.Quality("digits", 1797, 0.78, (180,) * 10, ())
RESOURCES = facts.Resources({"endpoint": "end"}, (), ())
NOTEBOOK = sagemaker.SavedNotebook("n.ipynb", "", True, 9, ("upload", "train", "deploy", "predict"), (), (), ())
INSTANCE = sagemaker.NotebookInstance("nb", "InService", "ml.t3.medium", "", True)

JUDGES = {
    facts.TrainingData: lambda seen: TESTS.test_training_data_is_record_io_with_a_manifest(seen, CONTEXT),
    facts.TrainingJob: lambda seen: TESTS.test_training_job_completed_and_left_its_model(seen, CONTEXT),
    facts.Endpoint: TESTS.test_endpoint_serves_the_model,
    facts.Predictions: lambda seen: TESTS.test_endpoint_predicts(seen, CONTEXT),
    facts.Quality: lambda seen: TESTS.test_clusters_tell_digits_apart(seen, CONTEXT),
    facts.Resources: TESTS.test_resources_are_found_and_linked,
    sagemaker.SavedNotebook: lambda seen: STAGE.test_notebook_is_saved_with_its_cells_executed(seen, [].append),
    sagemaker.NotebookInstance: STAGE.test_notebook_instance_is_in_service,
    sagemaker.Cleaned: STAGE.test_everything_of_the_example_is_gone,
}

ENDED = sagemaker.Cleaned((sagemaker.Thing("model", "m"),), ())


def judge(seen):
    JUDGES[type(seen)](seen)


@pytest.mark.parametrize(
    "seen",
    [
        DATA, JOB, ENDPOINT, PREDICTIONS, QUALITY, RESOURCES, NOTEBOOK, INSTANCE, ENDED,
        # Right, but done otherwise.
        replace(DATA, objects=("s3://b/only",), rows=50_000, exact=False),
        replace(JOB, hyperparameters={**JOB.hyperparameters, "epochs": "3", "init_method": "kmeans++"}),
        replace(ENDPOINT, name="another-name", models=("a", "b"), artifacts=("s3://b/m", "s3://b/m")),
        replace(PREDICTIONS, answers=(replace(ANSWER, again=(3.0, 5.5004), distance=5.5001),) * 100),
        replace(QUALITY, purity=0.4),
        replace(NOTEBOOK, unexecuted=(9,)),
    ],
)  # fmt: skip
def test_met(seen):
    judge(seen)


def digit(number, **changed):
    return (ANSWER,) * number + (replace(ANSWER, **changed),) + (ANSWER,) * (99 - number)


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (replace(DATA, manifest="", uri="s3://b/data.csv"), "reads s3://b/data.csv, expected a manifest"),
        (replace(DATA, problem="matrix_0.pbr is not record-io"), "matrix_0.pbr"),
        (replace(DATA, missing=("s3://b/1",)), "lists s3://b/1, which is not there"),
        (replace(DATA, rows=0, widths=()), "lists no digits"),
        (replace(DATA, widths=(64,)), r"vectors of \(64,\) numbers, expected vectors of 784"),
        (replace(DATA, widths=(64, 784)), "expected vectors of 784"),
        (replace(JOB, status="Failed", failure="ClientError: no data"), "is Failed, expected Completed: ClientError"),
        (replace(JOB, status="Stopped"), "is Stopped"),
        (replace(JOB, image="me/kmeans:1", image_is_builtin=False), "runs me/kmeans:1, expected the region's built-in"),
        (replace(JOB, hyperparameters={**JOB.hyperparameters, "k": "9"}), "k=9, expected 10"),
        (replace(JOB, hyperparameters={"k": "10", "feature_dim": "64"}), "feature_dim=64, expected 784"),
        (replace(JOB, hyperparameters={}), "k=None, expected 10"),
        (replace(JOB, problem="there is nothing at s3://b", centroids=()), "there is nothing at s3://b"),
        (replace(JOB, centroids=(9, 784)), r"centroids of shape \(9, 784\), expected a model of 10 centroids with 784 numbers each"),
        (replace(ENDPOINT, status="Failed", failure="no machine"), "is Failed, expected InService no machine"),
        (replace(ENDPOINT, artifacts=("s3://b/older",)), "serves s3://b/older, expected s3://b/m"),
        (replace(ENDPOINT, artifacts=()), "serves nothing"),
        (replace(ENDPOINT, artifacts=("s3://b/m", "s3://b/other")), "serves s3://b/m, s3://b/other"),
        (replace(ENDPOINT, job_artifact="", artifacts=("",)), "left no model"),
        (replace(PREDICTIONS, answers=(), problem="ModelError: no"), "ModelError: no, expected 100 answers"),
        (replace(PREDICTIONS, answers=(ANSWER,) * 99), "99 answers, expected 100"),
        (replace(PREDICTIONS, answers=digit(7, cluster=10.0)), "digit 7: cluster 10, expected one of 0 to 9"),
        (replace(PREDICTIONS, answers=digit(0, cluster=2.5)), "cluster 2.5"),
        (replace(PREDICTIONS, answers=digit(1, distance=-1.0)), "digit 1: distance -1, expected 0 or more"),
        (replace(PREDICTIONS, answers=digit(1, distance=float("nan"))), "distance nan"),
        (replace(PREDICTIONS, answers=digit(2, again=(4.0, 5.5))), "digit 2: cluster 4 at distance 5.5 when asked"),
        (replace(PREDICTIONS, answers=digit(3, again=(3.0, 6.0))), "distance 6 when asked again"),
        (replace(PREDICTIONS, answers=digit(4, expected=1, distance_there=7.0)), "digit 4: cluster 3, expected 1"),
        (replace(PREDICTIONS, answers=digit(5, distance=6.0, again=(3.0, 6.0))), "digit 5: distance 6, expected 5.5"),
        (replace(PREDICTIONS, alone=None), "a single digit was not answered"),
        (replace(PREDICTIONS, alone=(1.0, 5.5)), "digit 0: cluster 1 at distance 5.5 when asked alone"),
        (replace(QUALITY, purity=0.39), "purity 0.39, expected at least 0.40"),
        (replace(RESOURCES, absent=("model", "endpoint")), "not found in the account: model, endpoint"),
        (replace(RESOURCES, broken_links=("model m serves x",)), "not linked: model m serves x"),
        (replace(NOTEBOOK, missing=("fit",), problem="is not a valid notebook: no"), "n.ipynb is not a valid notebook: no"),
        (replace(NOTEBOOK, code_cells=2, unexecuted=(1, 2), steps=(), missing=("upload",)), "no code cell was run"),
        (replace(NOTEBOOK, code_cells=0, steps=(), missing=("upload",)), "no code cell was run"),
        (replace(NOTEBOOK, errors=("cell 4: NameError: x",)), "cell 4: NameError: x"),
        (replace(NOTEBOOK, about_kmeans=False), "nothing to do with k-means"),
        (replace(NOTEBOOK, missing=("deploy", "predict")), "steps of the example: deploy, predict"),
        (replace(INSTANCE, status="Failed", failure="no subnet"), "is Failed, expected InService no subnet"),
        (replace(INSTANCE, status="Pending"), "is Pending"),
        (replace(INSTANCE, url_issued=False), "no URL"),
        (replace(ENDED, remaining=(sagemaker.Thing("endpoint configuration", "c"), sagemaker.Thing("model", "m"))),
         "still there: endpoint configuration c, model m"),
        (sagemaker.Cleaned((), ()), "nothing of the example was known"),
    ],
)  # fmt: skip
def test_not_met(seen, said):
    with pytest.raises(AssertionError, match=said):
        judge(seen)


@pytest.mark.parametrize(
    "seen",
    [DATA, JOB, ENDPOINT, PREDICTIONS, QUALITY, RESOURCES, NOTEBOOK, INSTANCE, ENDED],
    ids=lambda s: type(s).__name__,
)
def test_facts_can_be_written_down_and_judged_again(seen):
    assert cattrs.structure(json.loads(json.dumps(cattrs.unstructure(seen))), type(seen)) == seen


def test_either_of_two_equally_near_centroids_is_right():
    tie = replace(ANSWER, expected=8, expected_distance=5.4999)
    judge(replace(PREDICTIONS, answers=(tie, *(ANSWER,) * 99)))


def test_a_constant_answer_is_wrong():
    """An endpoint that always says the same agrees with the model by chance only."""
    truths = [replace(ANSWER, expected=n % 10, expected_distance=4.0, distance_there=4.0 + n % 10) for n in range(100)]
    with pytest.raises(AssertionError, match="answers are wrong"):
        judge(replace(PREDICTIONS, answers=tuple(truths)))


def test_cells_that_were_not_run_are_pointed_out():
    hints = []
    STAGE.test_notebook_is_saved_with_its_cells_executed(replace(NOTEBOOK, unexecuted=(2, 5)), hints.append)
    assert hints == ["n.ipynb: these code cells were not run: 2, 5."]
