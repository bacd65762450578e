"""k-means: data, training job, endpoint, predictions, and what the clusters are worth."""

import pytest


@pytest.mark.requirement("kmeans.training-data")
def test_training_data_is_record_io_with_a_manifest(training_data, context):
    """The digits are in the account's S3 as record-io protobuf with a manifest."""
    wanted = context.homework.kmeans.feature_dim
    assert training_data.manifest, f"the training job reads {training_data.uri or 'nothing'}, expected a manifest"
    assert not training_data.problem, f"training data: {training_data.problem}, expected record-io protobuf"
    assert not training_data.missing, f"{training_data.manifest} lists {training_data.missing[0]}, which is not there"
    seen = f"vectors of {training_data.widths} numbers" if training_data.rows else "no digits"
    assert training_data.widths == (wanted,), (
        f"{training_data.manifest} lists {seen}, expected vectors of {wanted} — Upload whole digits."
    )


@pytest.mark.requirement("kmeans.trained")
def test_training_job_completed_and_left_its_model(training_job, context):
    """A k-means training job completed with the settings asked for, and left its model in S3."""
    job, wanted = f"training job {training_job.name}", context.homework.kmeans
    settings = training_job.hyperparameters
    assert training_job.status == "Completed", (
        f"{job} is {training_job.status}, expected Completed: {training_job.failure}"
    )
    assert training_job.image_is_builtin, f"{job} runs {training_job.image}, expected the region's built-in k-means"
    assert settings.get("k") == str(wanted.k), f"{job}: k={settings.get('k')}, expected {wanted.k}"
    assert settings.get("feature_dim") == str(wanted.feature_dim), (
        f"{job}: feature_dim={settings.get('feature_dim')}, expected {wanted.feature_dim}"
    )
    model = training_job.problem or f"centroids of shape {training_job.centroids}"
    remedy = " — train again, and leave its model in S3 until you clean up" if training_job.problem else ""
    assert training_job.centroids == (wanted.k, wanted.feature_dim), (
        f"{job}: {model}, expected a model of {wanted.k} centroids with {wanted.feature_dim} numbers each{remedy}"
    )


@pytest.mark.requirement("kmeans.endpoint")
def test_endpoint_serves_the_model(endpoint):
    """An endpoint serves that model."""
    what = f"endpoint {endpoint.name}"
    assert endpoint.status == "InService", (
        f"{what} is {endpoint.status}, expected InService {endpoint.failure}".rstrip()
    )
    assert endpoint.job_artifact, f"training job {endpoint.job} left no model for {what}"
    assert set(endpoint.artifacts) == {endpoint.job_artifact}, (
        f"{what} serves {', '.join(endpoint.artifacts) or 'nothing'}, expected {endpoint.job_artifact}"
    )


@pytest.mark.requirement("kmeans.predicts")
def test_endpoint_predicts(predictions, context):
    """The endpoint predicts the cluster and the distance of each digit."""
    what, wanted = f"endpoint {predictions.endpoint}", context.homework.kmeans
    answered = predictions.problem or f"{len(predictions.answers)} answers"
    assert len(predictions.answers) == wanted.rows, f"{what}: {answered}, expected {wanted.rows} answers"
    wrong = predictions.objections(wanted.k)
    assert not wrong, (
        f"{what}: {len(wrong)} answers are wrong, the first is {wrong[0]} — Serve the model that was trained."
    )


@pytest.mark.requirement("kmeans.quality")
def test_clusters_tell_digits_apart(quality, context):
    """The clusters tell digits apart."""
    wanted = context.homework.kmeans.purity
    assert quality.purity >= wanted, (
        f"{quality.rows} of {quality.origin}: cluster purity {quality.purity:.2f}, expected at least {wanted:.2f}"
    )


@pytest.mark.requirement("kmeans.resources")
def test_resources_are_found_and_linked(resources):
    """What the example created is found in the account, linked to one another."""
    assert not resources.absent, f"not found in the account: {', '.join(resources.absent)}"
    assert not resources.broken_links, f"not linked: {'; '.join(resources.broken_links)}"
