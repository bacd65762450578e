"""Hyperparameters are checked as the algorithm does."""

from __future__ import annotations

import pytest

from harness.offline.sagemaker.hyperparameters import read
from harness.offline.sagemaker.tasks import AlgorithmError, Settings

NEEDED = {"k": "10", "feature_dim": "784"}


def test_the_two_required_ones_are_enough():
    assert read(NEEDED) == Settings(k=10, feature_dim=784)


def test_all_of_them_are_understood():
    given = {
        "init_method": "kmeans++", "extra_center_factor": "4", "mini_batch_size": "500", "epochs": "2",
        "half_life_time_size": "100", "local_lloyd_init_method": "random", "local_lloyd_max_iter": "50",
        "local_lloyd_num_trials": "3", "local_lloyd_tol": "0.01", "eval_metrics": '["msd","ssd"]',
        "force_dense": "True", "_log_level": "debug",
    }  # fmt: skip
    assert read(NEEDED | given) == Settings(
        10, 784, "kmeans++", 4, 500, 2, 100, "random", 50, 3, 0.01, ("msd", "ssd"), True
    )


def test_auto_leaves_the_choice_to_the_algorithm():
    settings = read(NEEDED | {"extra_center_factor": "auto", "local_lloyd_num_trials": "auto"})
    assert (settings.extra_center_factor, settings.local_lloyd_num_trials) == (None, None)


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ({}, "No value(s) were specified for 'k', 'feature_dim' which are required hyperparameter(s)"),
        ({"k": "10"}, "No value(s) were specified for 'feature_dim' which are required"),
        (NEEDED | {"colour": "red"}, "Additional hyperparameters are not allowed ('colour' was unexpected)"),
        (NEEDED | {"k": "ten"}, "The value 'ten' is not valid for the 'k' hyperparameter"),
        (NEEDED | {"k": "0"}, "The value '0' is not valid for the 'k' hyperparameter"),
        (NEEDED | {"k": "3.5"}, "The value '3.5' is not valid for the 'k' hyperparameter"),
        (NEEDED | {"feature_dim": "-1"}, "'feature_dim' hyperparameter"),
        (NEEDED | {"epochs": "0"}, "'epochs' hyperparameter"),
        (NEEDED | {"mini_batch_size": "auto"}, "'mini_batch_size' hyperparameter"),
        (NEEDED | {"extra_center_factor": "none"}, "an integer of at least 1 or auto"),
        (NEEDED | {"half_life_time_size": "-1"}, "'half_life_time_size' hyperparameter"),
        (NEEDED | {"init_method": "best"}, "one of random, kmeans++"),
        (NEEDED | {"local_lloyd_tol": "2"}, "a number in [0, 1]"),
        (NEEDED | {"local_lloyd_tol": "nan"}, "a number in [0, 1]"),
        (NEEDED | {"local_lloyd_tol": "small"}, "a number in [0, 1]"),
        (NEEDED | {"force_dense": "1"}, "true or false"),
        (NEEDED | {"eval_metrics": "msd"}, "Hyperparameter must be valid json, but found eval_metrics: msd"),
        (NEEDED | {"eval_metrics": '["mse"]'}, 'a list of "msd" and "ssd"'),
        (NEEDED | {"eval_metrics": "[]"}, 'a list of "msd" and "ssd"'),
    ],
)
def test_wrong_ones_fail_the_job_with_a_reason(given, reason):
    with pytest.raises(AlgorithmError) as failure:
        read(given)
    assert str(failure.value).startswith("ClientError: ")
    assert reason in str(failure.value)
