"""Images and snapshots: other people's are not ours to remove, nor to be listed as ours."""

from __future__ import annotations

from typing import Any

from moto.ec2.exceptions import EC2ClientError

from harness.offline.call import current


class StrictImages:
    """Guards foreign images; lists the snapshots of the owner that was asked for."""

    account_id: str
    amis: dict[str, Any]

    def deregister_image(self, ami_id: str) -> None:
        image = self.amis.get(ami_id)
        if image is not None and image.owner_id != self.account_id:
            raise EC2ClientError("AuthFailure", f"Not authorized for images: [{ami_id}]")
        super().deregister_image(ami_id)  # type: ignore[misc]

    def describe_snapshots(self, snapshot_ids: list[str] | None = None, filters: Any = None) -> list[Any]:
        call = current()
        owners = call.parameters.get("OwnerIds", []) if call and call.operation == "DescribeSnapshots" else []
        wanted = {self.account_id if owner == "self" else owner for owner in owners}
        snapshots = super().describe_snapshots(snapshot_ids, filters)  # type: ignore[misc]
        return [snapshot for snapshot in snapshots if not wanted or snapshot.owner_id in wanted]
