"""InvokeEndpoint: every format in and out, and every way to be refused."""

from __future__ import annotations

import json

import numpy as np
import pytest
from botocore.exceptions import ClientError

from harness import recordio
from tests.kmeans.support import ACCOUNT, REGION, ROWS, WIDTH, refusal

RECORDIO = recordio.CONTENT_TYPE


def table(rows) -> bytes:
    return "\n".join(",".join(map(str, row)) for row in rows.tolist()).encode()


def sparse(row) -> dict:
    return {"data": {"features": {"keys": list(range(WIDTH)), "shape": [WIDTH], "values": row}}}


REQUESTS = {
    "csv": ("text/csv", table(ROWS)),
    "csv-charset": ("text/csv; charset=utf-8", table(ROWS) + b"\n"),
    "csv-labels": ("text/csv;label_size=1", table(np.column_stack([np.zeros(len(ROWS)), ROWS]))),
    "json": ("application/json", json.dumps({"instances": [{"features": row} for row in ROWS.tolist()]}).encode()),
    "json-nested": (
        "application/json",
        json.dumps({"instances": [{"data": {"features": {"values": row}}} for row in ROWS.tolist()]}).encode(),
    ),
    "json-sparse": ("application/json", json.dumps({"instances": [sparse(row) for row in ROWS.tolist()]}).encode()),
    "json-lines": (
        "application/jsonlines",
        "\n".join(json.dumps({"features": row}) for row in ROWS.tolist()).encode(),
    ),
    "recordio": (RECORDIO, recordio.encode_matrix(ROWS)),
    "recordio-double": (RECORDIO, recordio.encode_matrix(ROWS.astype(np.float64))),
}


@pytest.fixture(scope="module")
def runtime(account):
    return account.client("sagemaker-runtime")


@pytest.fixture
def invoke(runtime, endpoint):
    def call(body=REQUESTS["csv"][1], content_type="text/csv", **more):
        answer = runtime.invoke_endpoint(EndpointName=endpoint, Body=body, ContentType=content_type, **more)
        return answer["ContentType"], answer["Body"].read()

    return call


@pytest.fixture(scope="module")
def expected(centroids):
    distances = np.sqrt(((ROWS[:, None].astype(float) - centroids[None]) ** 2).sum(axis=2))
    return distances.argmin(axis=1).tolist(), distances.min(axis=1)


def read_json(body: bytes) -> list:
    return json.loads(body)["predictions"]


def read_lines(body: bytes) -> list:
    return [json.loads(line) for line in body.splitlines()]


def read_csv(body: bytes) -> list:
    pairs = [line.split(",") for line in body.decode().splitlines()]
    return [{"closest_cluster": float(one), "distance_to_cluster": float(two)} for one, two in pairs]


def read_records(body: bytes) -> list:
    return [{name: float(value[0]) for name, value in record.label.items()} for record in recordio.decode(body)]


READERS = {
    "application/json": read_json,
    "application/jsonlines": read_lines,
    "text/csv": read_csv,
    RECORDIO: read_records,
}


@pytest.mark.parametrize("accept", READERS)
@pytest.mark.parametrize("kind", REQUESTS)
def test_the_nearest_centroid_is_found_in_every_format(invoke, expected, kind, accept):
    content_type, body = REQUESTS[kind]
    answered, answer = invoke(body, content_type, Accept=accept)
    assert answered == accept
    predictions = READERS[accept](answer)
    assert [each["closest_cluster"] for each in predictions] == expected[0]
    np.testing.assert_allclose([each["distance_to_cluster"] for each in predictions], expected[1], rtol=1e-5)


@pytest.mark.parametrize("accept", ["*/*", "image/png, */*;q=0.1", "application/*"])
def test_whoever_does_not_mind_is_answered_in_json(invoke, accept):
    assert invoke(Accept=accept)[0] == "application/json"


def test_json_without_accept_is_as_documented(invoke):
    content_type, body = invoke(table(ROWS[:1]))
    assert content_type == "application/json"
    assert set(json.loads(body)) == {"predictions"}
    assert set(json.loads(body)["predictions"][0]) == {"closest_cluster", "distance_to_cluster"}


def test_the_same_row_has_the_same_answer_in_any_company(invoke):
    together = json.loads(invoke()[1])["predictions"]
    alone = [json.loads(invoke(table(ROWS[row : row + 1]))[1])["predictions"][0] for row in (0, 25, 59)]
    assert alone == [together[row] for row in (0, 25, 59)]


def test_a_centroid_is_at_distance_zero_from_itself(invoke, centroids):
    predictions = json.loads(invoke(recordio.encode_matrix(centroids), RECORDIO)[1])["predictions"]
    assert [each["closest_cluster"] for each in predictions] == [0, 1, 2]
    assert [each["distance_to_cluster"] for each in predictions] == [0, 0, 0]


def test_large_batches_are_answered(invoke):
    rows = np.tile(ROWS, (1000, 1))
    body = table(rows)
    assert 4_000_000 < len(body) < 6 * 1024 * 1024
    assert len(invoke(body, Accept="text/csv")[1].splitlines()) == 60_000


def test_the_variant_that_answered_is_said(runtime, endpoint):
    answer = runtime.invoke_endpoint(
        EndpointName=endpoint, Body=table(ROWS), ContentType="text/csv", TargetVariant="AllTraffic"
    )
    assert answer["InvokedProductionVariant"] == "AllTraffic"


def test_an_unknown_variant_is_refused(invoke):
    assert refusal(invoke, TargetVariant="Canary") == ("ValidationError", "Variant Canary not found for Request.")


def test_an_unknown_endpoint_is_refused(runtime):
    code, said = refusal(runtime.invoke_endpoint, EndpointName="nobody", Body=b"\xff\xfe", ContentType="text/csv")
    assert (code, said) == ("ValidationError", f"Endpoint nobody of account {ACCOUNT} not found.")


def test_a_body_beyond_the_limit_is_refused(invoke):
    code, said = refusal(invoke, body=b"1" * (6 * 1024 * 1024 + 1))
    assert code == "ValidationError"
    assert "Member must have length less than or equal to 6291456" in said


def test_asynchronous_invocations_are_refused(runtime, endpoint):
    code, said = refusal(runtime.invoke_endpoint_async, EndpointName=endpoint, InputLocation="s3://b/k")
    assert code == "ValidationError"
    assert "is not an asynchronous endpoint" in said


REJECTED = {
    "png": (b"\x89PNG\xff", "image/png", 415, "content-type image/png not supported"),
    "too-wide": (table(np.ones((1, 5))), "text/csv", 400, "5 features given, the model has 4"),
    "too-narrow": (recordio.encode_matrix(ROWS[:, :3]), RECORDIO, 400, "3 features given, the model has 4"),
    "binary-csv": (b"\x89\xff\x00", "text/csv", 400, "unable to evaluate payload provided"),
    "words-csv": (b"a,b,c,d", "text/csv", 400, "unable to evaluate payload provided"),
    "ragged-csv": (b"1,2,3,4\n1,2,3", "text/csv", 400, "unable to evaluate payload provided"),
    "empty-csv": (b"", "text/csv", 400, "there are no rows"),
    "nan-csv": (b"1,2,3,nan", "text/csv", 400, "not a finite number"),
    "label-size": (b"1,2,3,4", "text/csv;label_size=x", 400, "unable to evaluate payload provided"),
    "not-json": (b"{", "application/json", 400, "unable to evaluate payload provided"),
    "binary-json": (b"\x89\xff", "application/json", 400, "unable to evaluate payload provided"),
    "no-instances": (b"{}", "application/json", 400, "there is no 'instances'"),
    "empty-json": (b'{"instances": []}', "application/json", 400, "there are no instances"),
    "list-json": (b"[1]", "application/json", 400, "unable to evaluate payload provided"),
    "number-json": (b'{"instances": [1]}', "application/json", 400, "unable to evaluate payload provided"),
    "ragged-json": (
        b'{"instances": [{"features": [1, 2]}, {"features": [1]}]}', "application/json", 400, "unable to evaluate",
    ),
    "flat-json": (b'{"instances": [{"features": 3}]}', "application/json", 400, "0 features given"),
    "sparse-json": (
        b'{"instances": [{"data": {"features": {"keys": [9], "shape": [4], "values": [1]}}}]}', "application/json", 400,
        "unable to evaluate",
    ),
    "broken-lines": (b'{"features": [1,2,3,4]}\n{', "application/jsonlines", 400, "unable to evaluate"),
    "not-recordio": (b"hello you", RECORDIO, 400, "begins with 0x"),
    "empty-recordio": (b"", RECORDIO, 400, "there are no records"),
}  # fmt: skip


@pytest.mark.parametrize("kind", REJECTED)
def test_what_the_container_rejects_is_a_model_error(invoke, endpoint, kind):
    body, content_type, status, message = REJECTED[kind]
    with pytest.raises(ClientError) as error:
        invoke(body, content_type)
    answer = error.value.response
    assert answer["Error"]["Code"] == "ModelError"
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == 424
    assert answer["OriginalStatusCode"] == status
    assert message in answer["OriginalMessage"]
    assert answer["Error"]["Message"].startswith(f"Received client error ({status}) from primary with message ")
    assert answer["LogStreamArn"] == (f"arn:aws:logs:{REGION}:{ACCOUNT}:log-group:/aws/sagemaker/Endpoints/{endpoint}")


def test_an_answer_in_another_form_is_not_to_be_had(invoke):
    with pytest.raises(ClientError) as error:
        invoke(Accept="image/png")
    assert error.value.response["OriginalStatusCode"] == 406


def test_nothing_breaks_the_endpoint(invoke):
    for body, content_type, *_ in REJECTED.values():
        refusal(invoke, body=body, content_type=content_type)
    assert invoke()[0] == "application/json"
