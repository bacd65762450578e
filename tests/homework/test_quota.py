"""The quota that later homeworks need."""

import pytest


@pytest.mark.requirement("quota.gpu-vcpus")
def test_gpu_vcpus_were_asked_for(gpu_quota, context):
    """At least 8 vCPUs of on-demand P instances were asked for, or are there already."""
    quota, wanted = gpu_quota, context.homework.quota.vcpus
    enough = quota.is_at_least(wanted) or quota.was_asked_for(wanted)
    seen = f"{quota.name} in {quota.region} is {quota.value:g}, requests: {quota.history}"
    assert enough, f"{seen}; expected at least {wanted}, or a request for it that is pending or approved"
