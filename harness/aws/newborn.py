"""Eventual consistency: what was created a moment ago, AWS may not know yet; whoever asks for it asks again.

"Eventual consistency in the Amazon EC2 API"; IAM, "Changes that I make are not always immediately visible".
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from harness.cloud import Patience

_CREATED: dict[str, Callable[[Any], list[str]]] = {
    "RunInstances": lambda answer: [instance["InstanceId"] for instance in answer["Instances"]],
    "CreateSecurityGroup": lambda answer: [answer["GroupId"]],
    "CreateKeyPair": lambda answer: [answer["KeyName"]],
    "CreateRole": lambda answer: [answer["Role"]["RoleName"]],
    "CreateUser": lambda answer: [answer["User"]["UserName"]],
    "CreateGroup": lambda answer: [answer["Group"]["GroupName"]],
}
"""What a call created, by its operation: ids and names as error messages cite them."""


class Newborns:
    """What one identity created a moment ago; made part of its clients by :meth:`attach`."""

    def __init__(self, patience: Patience) -> None:
        self._patience = patience
        self._seen: dict[str, float] = {}
        self._lock = threading.Lock()

    def attach(self, client: Any) -> None:
        """Have a client remember what it creates, and ask again for what is too young to be found."""
        client.meta.events.register("after-call", self._remember)
        client.meta.events.register("needs-retry", self._delay)

    def _remember(self, http_response: Any, parsed: Mapping[str, Any], model: Any, **_: Any) -> None:
        if http_response.status_code < 300 and model.name in _CREATED:
            with self._lock:
                self._seen.update(dict.fromkeys(_CREATED[model.name](parsed), time.monotonic()))

    def _delay(self, response: Any, attempts: int, **_: Any) -> float | None:
        """Return the seconds after which botocore shall ask again, or ``None`` where this is not about a newborn."""
        error = (response[1] if response else {}).get("Error", {})
        code, message = str(error.get("Code", "")), str(error.get("Message", ""))
        if not (code.endswith("NotFound") or code == "NoSuchEntity") or not self._is_about_one(message):
            return None
        return self._patience.poll * min(1.5**attempts, 5)

    def _is_about_one(self, message: str) -> bool:
        since = time.monotonic() - self._patience.unseen
        with self._lock:
            return any(at > since and id in message for id, at in self._seen.items())
