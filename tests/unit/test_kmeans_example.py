"""The k-means example in the offline cloud, done rightly, otherwise, and wrongly, judged by the homework's tests."""

from __future__ import annotations

import contextlib
import importlib.util
import itertools
import json
import os
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from harness import catalogue, recordio
from harness.aws import hosting, s3, sagemaker_kinds, training
from harness.aws.kmeans import DirectExample
from harness.aws.mnist import BundledDigits
from harness.aws.sdk import SdkProcess
from harness.aws.session import Aws
from harness.context import Context
from harness.digits import Digits
from harness.errors import Unmet
from harness.ledger import Ledger
from harness.offline.cloud import OfflineCloud
from harness.steps import Shared
from harness.subjects.reference.sagemaker import Sagemaker
from harness.sweep import sweep
from harness.workstation import Workstation
from tests.offline.support import RecordingHosts, code_of

HOMEWORK = Path(__file__).parents[1] / "homework"
SUBMISSION = Path(__file__).parents[2] / "fixtures" / "submission"
numbers = itertools.count(1)


def load(name):
    spec = importlib.util.spec_from_file_location(f"judged_{name}", HOMEWORK / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


KMEANS, STAGE = load("test_kmeans"), load("test_sagemaker")
JUDGES = {
    "sagemaker.notebook-instance": (
        "notebook_instance", lambda seen, _: STAGE.test_notebook_instance_is_in_service(seen)),
    "kmeans.training-data": ("training_data", KMEANS.test_training_data_is_record_io_with_a_manifest),
    "kmeans.trained": ("training_job", KMEANS.test_training_job_completed_and_left_its_model),
    "kmeans.endpoint": ("endpoint", lambda seen, _: KMEANS.test_endpoint_serves_the_model(seen)),
    "kmeans.predicts": ("predictions", KMEANS.test_endpoint_predicts),
    "kmeans.quality": ("quality", KMEANS.test_clusters_tell_digits_apart),
    "kmeans.resources": ("resources", lambda seen, _: KMEANS.test_resources_are_found_and_linked(seen)),
    "sagemaker.cleaned": ("cleaned", lambda seen, _: STAGE.test_everything_of_the_example_is_gone(seen)),
}  # fmt: skip


@pytest.fixture(scope="module")
def offline(tmp_path_factory):
    with OfflineCloud(tmp_path_factory.mktemp("cloud"), hosts=RecordingHosts()) as offline:
        yield offline


@pytest.fixture(scope="module")
def aws(offline):
    return Aws(offline.cloud, offline.cloud.owner)


@pytest.fixture
def begin(offline, aws, tmp_path):
    """Return a way to begin the stage, done as a subclass says; whatever it leaves is swept afterwards."""
    ledger = Ledger(tmp_path / "ledger.jsonl")

    def begin(kind):
        home = Workstation(tmp_path, {"PATH": os.defpath, "HOME": str(tmp_path)})
        context = Context(
            f"run{next(numbers)}", tmp_path, catalogue.load(), offline.cloud, home, ledger, Shared(tmp_path / "shared"),
            SUBMISSION, frozenset(),
        )  # fmt: skip
        account = SimpleNamespace(aws=lambda: aws, identity=SimpleNamespace(aws=lambda: aws))
        return kind(SimpleNamespace(context=context, account=account))

    yield begin
    assert sweep(lambda _: aws, ledger) == []


class Few(Sagemaker):
    """Runs the example on fewer digits."""

    def digits(self):
        some = BundledDigits().load()
        return replace(some, digits=Digits(some.digits.images[:500], some.digits.labels[:500]))


class Direct(Few):
    """Runs the example without the SDK, which would take its seconds each time."""

    example_kind = DirectExample

    def example(self):
        if "made" not in self.__dict__:
            self.made = self.example_kind(self.aws, self.settings())
        return self.made


def running(kind):
    """Return the stage that runs the example in this way."""
    return type(kind.__name__, (Direct,), {"example_kind": kind})


def judged(stage):
    """Return what is not simply met, each with what is said of it."""
    found = {}
    for requirement, (step, judge) in JUDGES.items():
        try:
            judge(getattr(stage, step)(), stage.context)
        except AssertionError as error:
            found[requirement] = str(error)
        except Unmet as error:
            found[requirement] = str(error) if error.requirement == requirement else "missing"
    return found


def test_the_example_done_as_it_should_be_is_met(begin):
    stage = begin(Direct)
    assert judged(stage) == {}
    assert sorted(path.name for path in (stage.context.run_dir / "pictures").iterdir()) == [
        "centroids.png",
        "clusters.png",
    ]


def test_the_clean_up_writes_down_what_is_gone_and_leaves_the_rest_to_the_sweep(begin):
    stage = begin(Direct)
    stage.cleaned()
    still_open = {entry.kind for entry in stage.context.ledger.open_entries()}
    assert still_open <= {sagemaker_kinds.JOB, sagemaker_kinds.ROLE, sagemaker_kinds.LOGS, sagemaker_kinds.LOG_GROUP}
    invoke = stage.aws.client("sagemaker-runtime").invoke_endpoint
    assert code_of(lambda: invoke(EndpointName=stage.name, ContentType="text/csv", Body=b"0")) == "ValidationError"


# Right, but done otherwise.


class OneInstance(Direct):
    def settings(self):
        return replace(super().settings(), training_count=1, training_type="ml.m5.large", endpoint_type="ml.m5.large")


class MoreEpochs(DirectExample):
    def request(self):
        request = super().request()
        request["HyperParameters"] |= {"epochs": "2", "init_method": "kmeans++"}
        return request


class OtherNames(Direct):
    def __init__(self, subject):
        super().__init__(subject)
        self.name = f"my-own-digits-{subject.context.run_id}"

    @property
    def output_uri(self):
        return f"s3://{self.bucket_name}/somewhere/else"


class Neighbours(Direct):
    """Works in an account where somebody else keeps a model and a bucket."""

    def bucket(self):
        name = f"sagemaker-neighbour-{self.context.run_id}"
        with self.context.ledger.creating(sagemaker_kinds.BUCKET, self.aws.region, name=name) as creation:
            s3.create_bucket(self.aws, name, {})
            creation.id = name
        return super().bucket()


@pytest.mark.parametrize("kind", [OneInstance, running(MoreEpochs), OtherNames, Neighbours])
def test_the_example_done_otherwise_is_met(begin, kind):
    assert judged(begin(kind)) == {}


# Wrong.


class NineClusters(Direct):
    def settings(self):
        return replace(super().settings(), k=9)


def test_nine_clusters(begin):
    found = judged(begin(NineClusters))
    assert found.pop("kmeans.trained").endswith("k=9, expected 10")
    assert found == {}


class SmallDigits(Direct):
    def digits(self):
        origin = super().digits()
        small = origin.digits.images.reshape(-1, 28, 28)[:, 2:26:3, 2:26:3].reshape(-1, 64)
        return replace(origin, digits=Digits(small, origin.digits.labels))


def test_digits_of_another_size(begin):
    found = judged(begin(SmallDigits))
    assert "feature_dim=64, expected 784" in found.pop("kmeans.trained")
    assert "vectors of (64,) numbers, expected vectors of 784" in found.pop("kmeans.training-data")
    assert found == {}


class NothingUploaded(DirectExample):
    def _put(self, uri, body):
        pass


MISSING = {"kmeans.trained", "kmeans.endpoint", "kmeans.predicts", "kmeans.resources", "kmeans.quality"}


def test_nothing_uploaded(begin):
    found = judged(begin(running(NothingUploaded)))
    assert "No S3 objects found" in found.pop("kmeans.training-data")
    assert found == dict.fromkeys(MISSING, "missing")


class HalfUploaded(DirectExample):
    def _put(self, uri, body):
        if not uri.endswith("matrix_1.pbr"):
            super()._put(uri, body)


def test_an_object_that_the_manifest_names_is_missing(begin):
    assert "matrix_1.pbr, which is not there" in judged(begin(running(HalfUploaded)))["kmeans.training-data"]


class Csv(DirectExample):
    def _put(self, uri, body):
        if uri.endswith(".pbr"):
            text = "\n".join(",".join(map(str, row)) for row in recordio.decode_matrix(body)[0])
            super()._put(uri, text.encode())

    def request(self):
        request = super().request()
        source = {"S3DataType": "S3Prefix", "S3Uri": self.settings.data}
        request["InputDataConfig"] = [
            {"ChannelName": "train", "ContentType": "text/csv;label_size=0", "DataSource": {"S3DataSource": source}}
        ]
        return request


def test_comma_separated_text_instead_of_record_io(begin):
    found = judged(begin(running(Csv)))
    assert "expected a manifest" in found.pop("kmeans.training-data")
    assert found == {}


class TextInTheManifest(DirectExample):
    def _put(self, uri, body):
        super()._put(uri, b"0.5,0.25\n" if uri.endswith(".pbr") else body)


def test_a_manifest_that_lists_text(begin):
    assert "matrix_0.pbr is not record-io protobuf" in judged(begin(running(TextInTheManifest)))["kmeans.training-data"]


class OwnImage(DirectExample):
    def request(self):
        request = super().request()
        image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/kmeans:1"
        request["AlgorithmSpecification"] = {"TrainingImage": image, "TrainingInputMode": "File"}
        return request


def test_an_image_of_ones_own(begin):
    """AWS may run it; the offline cloud cannot. Either way it is not the built-in algorithm."""
    stage = begin(running(OwnImage))
    with contextlib.suppress(Unmet):
        job = stage.training_job()
        assert not job.image_is_builtin
    assert "kmeans.trained" in judged(stage)


class OlderModel(DirectExample):
    """Trains twice and serves the model of the first job."""

    def fit(self, job):
        super().fit(f"{job}-older")
        older = self.aws.client("sagemaker").get_waiter("training_job_completed_or_stopped")
        older.wait(TrainingJobName=f"{job}-older", WaiterConfig={"Delay": 0, "MaxAttempts": 100_000})
        super().fit(job)

    def deploy(self, name):
        self._job += "-older"
        super().deploy(name)


def test_an_endpoint_of_an_older_job(begin):
    found = judged(begin(running(OlderModel)))
    assert "-older/output/model.tar.gz, expected" in found.pop("kmeans.endpoint")
    assert found.pop("kmeans.resources").startswith("not linked: model")
    assert found == {}


class Constant(DirectExample):
    """Has an endpoint that answers before it has looked."""

    def predict(self, rows):
        return ((3.0, 4.2),) * len(rows)


def test_an_endpoint_that_answers_a_constant(begin, offline):
    def constant(call, forward):
        if call.operation != "InvokeEndpoint" or b"," not in call.body:
            return forward(call)
        rows = call.body.count(b"\n")
        said = {"predictions": [{"closest_cluster": 3.0, "distance_to_cluster": 4.2}] * rows}
        return replace(forward(call), body=json.dumps(said).encode(), headers=[("Content-Type", "application/json")])

    offline.inner.append(constant)
    try:
        found = judged(begin(running(Constant)))
    finally:
        offline.inner.remove(constant)
    assert "answers are wrong" in found.pop("kmeans.predicts")
    assert found == {}


class OnlyTheEndpoint(Direct):
    def deletions(self):
        return [thing for thing in super().deletions() if thing[0] == sagemaker_kinds.ENDPOINT]


def test_only_the_endpoint_deleted(begin):
    stage = begin(OnlyTheEndpoint)
    said = judged(stage).pop("sagemaker.cleaned")
    assert said.startswith("still there: endpoint configuration kmeans-run")
    assert f"model {stage.name}" in said
    assert "endpoint kmeans" not in said


class ModelForgotten(Direct):
    def deletions(self):
        return [thing for thing in super().deletions() if thing[0] != sagemaker_kinds.MODEL]


def test_the_model_forgotten(begin):
    stage = begin(ModelForgotten)
    assert judged(stage) == {"sagemaker.cleaned": f"still there: model {stage.name}"}


# The two ways.


def test_the_sdk_and_boto3_alone_do_the_same(aws, begin, tmp_path):
    """Both write the same bytes, train models of the same shape, and get the same answers from an endpoint."""
    process = SdkProcess({"PATH": os.defpath, "HOME": str(tmp_path)}, tmp_path / "sdk", 120)
    stage = begin(Few)
    stage.sdk = lambda: process
    direct = begin(Direct)
    assert judged_live(stage) == judged_live(direct) == {}
    assert records(stage) == records(direct)
    rows = stage.digits().digits.images[:100]
    by_sdk, by_boto3 = stage.example().predict(rows), hosting.ask_csv(aws, stage.name, rows)
    assert np.array(by_sdk) == pytest.approx(np.array(by_boto3), rel=1e-6)
    assert (
        training.observe_job(aws, stage.name).hyperparameters == training.observe_job(aws, direct.name).hyperparameters
    )
    stage.example().close()


def judged_live(stage):
    stage.cleaned = lambda: SimpleNamespace(looked_for=("-",), remaining=())
    return judged(stage)


def records(stage):
    """Return the training data as it lies in S3, shard after shard."""
    places = map(s3.Location.parse, stage.training_data().objects)
    return b"".join(s3.read(stage.aws, place, 1 << 30) for place in places)
