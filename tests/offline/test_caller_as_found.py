"""Where no administrator is made, the caller is judged as it is found, and nothing of it is changed."""

from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import pytest

from harness import catalogue
from harness.aws import iam
from harness.aws.session import Aws
from harness.errors import Unmet
from harness.steps import Shared
from harness.subjects.identity import Administrator, CallerAsFound, choose


@pytest.fixture(scope="module")
def owner(offline):
    return Aws(offline.cloud, offline.cloud.owner)


@pytest.fixture
def found(offline, monkeypatch):
    """Return the identity of whoever has these credentials in the environment."""

    def found(credentials):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", credentials.access_key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", credentials.secret_key)
        if credentials.session_token:
            monkeypatch.setenv("AWS_SESSION_TOKEN", credentials.session_token)
        cloud = replace(offline.cloud, owner=None)
        return choose(SimpleNamespace(cloud=cloud, homework=catalogue.load()))

    return found


def test_owner_of_the_cloud_decides_who_the_user_is(offline, tmp_path):
    context = SimpleNamespace(cloud=offline.cloud, run_id="k3f9qz", shared=Shared(tmp_path))
    assert isinstance(choose(context), Administrator)
    assert isinstance(choose(SimpleNamespace(cloud=replace(offline.cloud, owner=None))), CallerAsFound)


def test_root_has_no_user(found, offline):
    with pytest.raises(Unmet, match="is the account's root") as unmet:
        found(offline.cloud.owner).user()
    assert unmet.value.requirement == "account.iam-user"


def test_user_is_taken_as_it_is(found, owner):
    iam.create_user(owner, "ben", {"owner": "ben"})
    iam.create_group(owner, "staff")
    iam.attach_policy(owner, "staff", "AdministratorAccess")
    iam.add_to_group(owner, "ben", "staff")
    user = found(iam.create_access_key(owner, "ben")).user()
    assert user.name == "ben"
    assert not user.has_console_access
    assert user.is_granted_by_a_group("AdministratorAccess")
    iam.delete_user(owner, "ben")
    iam.delete_group(owner, "staff")
