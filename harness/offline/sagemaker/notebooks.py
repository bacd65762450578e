"""Notebook instances: their states, and the way in."""

from __future__ import annotations

import secrets
import threading
from typing import Any

from moto.core.utils import utcnow
from moto.sagemaker.models import FakeSagemakerNotebookInstance

from .account import Account
from .errors import Refused
from .platform import Platform


class NotebookInstance(FakeSagemakerNotebookInstance):
    """A notebook instance that takes its time."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.status = "Pending"

    def validate_instance_type(self, instance_type: str) -> None:
        """Do nothing: checked before, against the types of today."""

    def is_created(self) -> bool:
        """Say that CloudFormation need not wait."""
        return True

    def enter(self, status: str) -> None:
        """Go to a status."""
        self.last_modified_time = utcnow()
        self.status = status

    def to_dict(self) -> dict[str, Any]:
        """Return the members of DescribeNotebookInstance's answer."""
        return super().to_dict() | {"PlatformIdentifier": "notebook-al2-v3"}


class Notebooks:
    """The notebook instances of one account in one region, kept in the table that moto lists."""

    def __init__(self, platform: Platform, account: Account, table: dict[str, FakeSagemakerNotebookInstance]) -> None:
        self._platform = platform
        self._account = account
        self._table = table
        self._lock = threading.Lock()

    def create(self, lifecycle_configs: dict[str, Any], **given: Any) -> NotebookInstance:
        """Begin a notebook instance."""
        name = given["notebook_instance_name"]
        self._account.check_role(given["role_arn"])
        config = given.get("lifecycle_config_name")
        if config is not None and config not in lifecycle_configs:
            arn = self._account.arn("notebook-instance-lifecycle-config", config)
            raise Refused(
                f"Unable to create Notebook Instance. (Details: Notebook Instance Lifecycle Config ({arn}) does not"
                " exist.)"
            )
        given["direct_internet_access"] = given.get("direct_internet_access") or "Enabled"
        given["volume_size_in_gb"] = given.get("volume_size_in_gb") or 5
        given["root_access"] = given.get("root_access") or "Enabled"
        notebook = NotebookInstance(account_id=self._account.account_id, region_name=self._account.region, **given)
        with self._lock:
            if name in self._table:
                raise Refused(f"Cannot create a duplicate Notebook Instance ({notebook.arn})")
            self._table[name] = notebook
        self._later(self._platform.durations.notebook_pending, notebook, "Pending", "InService")
        return notebook

    def find(self, name: str) -> NotebookInstance:
        """Return a notebook instance by name."""
        notebook = self._table.get(name)
        if not isinstance(notebook, NotebookInstance):
            raise Refused("RecordNotFound")
        return notebook

    def start(self, name: str) -> None:
        """Begin to start a stopped instance."""
        notebook = self._move(name, {"Stopped", "Failed"}, "Pending")
        self._later(self._platform.durations.notebook_pending, notebook, "Pending", "InService")

    def stop(self, name: str) -> None:
        """Begin to stop an instance in service."""
        notebook = self._move(name, {"InService"}, "Stopping")
        self._later(self._platform.durations.notebook_stopping, notebook, "Stopping", "Stopped")

    def delete(self, name: str) -> None:
        """Begin to delete a stopped instance."""
        self._move(name, {"Stopped", "Failed"}, "Deleting")
        self._platform.after(self._platform.durations.notebook_deleting, lambda: self._forget(name))

    def authorized_url(self, name: str) -> str:
        """Return an address that opens the instance's Jupyter (AWS: "CreatePresignedNotebookInstanceUrl")."""
        notebook = self.find(name)
        if notebook.status != "InService":
            raise Refused(
                f"Status ({notebook.status}) not in ([InService]). Unable to create a presigned URL for Notebook"
                f" Instance ({notebook.arn})."
            )
        return f"https://{notebook.url}?authToken={secrets.token_urlsafe(96)}"

    def _move(self, name: str, allowed: set[str], status: str) -> NotebookInstance:
        notebook = self.find(name)
        with self._lock:
            if notebook.status not in allowed:
                expected = ", ".join(sorted(allowed, reverse=True))
                raise Refused(
                    f"Status ({notebook.status}) not in ([{expected}]). Unable to transition to ({status}) for"
                    f" Notebook Instance ({notebook.arn})"
                )
            notebook.enter(status)
        return notebook

    def _later(self, seconds: float, notebook: NotebookInstance, before: str, status: str) -> None:
        def change() -> None:
            with self._lock:
                if notebook.status == before:
                    notebook.enter(status)

        self._platform.after(seconds, change)

    def _forget(self, name: str) -> None:
        with self._lock:
            self._table.pop(name, None)
