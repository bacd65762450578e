"""``docker``: the embedded engine's own command, for whoever may open the engine's socket."""

from __future__ import annotations

import os
import sys

from .common import ROOT, complain, is_root

_SOCKET = "/run/docker.sock"


def main(_name: str, arguments: list[str]) -> int:
    """Become the engine's command-line client."""
    groups = os.environ.get("HOST_GROUPS", "").split(",")
    needs_engine = bool(arguments) and arguments[0] not in {"--version", "-v", "--help", "help"}
    if needs_engine and not (is_root() or "docker" in groups):
        return complain(
            "permission denied while trying to connect to the Docker daemon socket at unix:///var/run/docker.sock: "
            f'Get "http://%2Fvar%2Frun%2Fdocker.sock/v1.47/{_path(arguments)}": '
            "dial unix /var/run/docker.sock: connect: permission denied"
        )
    os.environ["DOCKER_HOST"] = f"unix://{ROOT}{_SOCKET}"
    client = os.path.realpath(__file__).split("/hosts/")[0] + "/engine/docker_cli.py"
    sys.stdout.flush()
    python = os.environ["HOST_PYTHON"]
    return os.execv(python, [python, "-I", "-S", client, *arguments])  # noqa: S606 - that is its purpose


def _path(arguments: list[str]) -> str:
    return {"ps": "containers/json", "images": "images/json"}.get(arguments[0], "version")
