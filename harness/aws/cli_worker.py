"""The ``aws`` command kept warm: awscli is imported once, and every command line runs in a fork of its own.

This is the program of :class:`harness.aws.cli.AwsCommand`, run with ``python -m``. Each line of standard input is a
request, ``{"argv": […], "stdin": TEXT, "directory": PATH, "timeout": SECONDS, "pace": SECONDS}``; each line of standard
output its answer, ``{"exit_code": N, "stdout": TEXT, "stderr": TEXT}``. It ends when standard input does.

``pace`` is how often ``aws … wait`` looks. AWS's own pace is 15 to 60 seconds, where the offline cloud takes a tenth of
one; how long it waits in all stays the same.
"""

from __future__ import annotations

import contextlib
import gc
import json
import os
import select
import signal
import sys
import tempfile
from typing import Any

import botocore.waiter
from awscli.clidriver import create_clidriver  # type: ignore[import-untyped]

LIMIT = 4 * 1024 * 1024
"""Bytes of a command's output that are kept."""
WARM = ("ec2", "iam", "sagemaker")
"""Services whose descriptions are read before the first fork: reading EC2's takes longer than a call."""


def main() -> None:
    """Serve standard input and output; what awscli prints goes to files."""
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    loader = _loader()
    for line in sys.stdin:
        answers.write(json.dumps(_run(loader, json.loads(line))) + "\n")
        answers.flush()


def _loader() -> Any:
    """Read the descriptions of the services, as making a client does; it connects to nothing."""
    session = create_clidriver().session
    for name in WARM:
        session.create_client(name, "us-east-1", aws_access_key_id="none", aws_secret_access_key="none")  # noqa: S106
    gc.freeze()
    return session.get_component("data_loader")


def _run(loader: Any, request: dict[str, Any]) -> dict[str, Any]:
    """Run one command line in a fork and return how it ended; 124 where it took too long, as timeout(1) has it."""
    with tempfile.TemporaryFile() as stdin, tempfile.TemporaryFile() as stdout, tempfile.TemporaryFile() as stderr:
        stdin.write((request.get("stdin") or "").encode())
        stdin.seek(0)
        child = os.fork()
        if child == 0:
            _become(loader, request, (stdin.fileno(), stdout.fileno(), stderr.fileno()))
        code = _wait(child, float(request["timeout"]))
        return {"exit_code": code, "stdout": _text(stdout), "stderr": _text(stderr)}


def _become(loader: Any, request: dict[str, Any], streams: tuple[int, int, int]) -> None:
    """Be the ``aws`` command, and end."""
    code = 255
    try:
        for number, stream in enumerate(streams):
            os.dup2(stream, number)
        sys.stdin, sys.stdout, sys.stderr = _opened(0, "r"), _opened(1, "w"), _opened(2, "w")
        os.chdir(request["directory"])
        _quicken(float(request["pace"]))
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        driver = create_clidriver()  # of its own: one that was made earlier has the configuration of that time
        driver.session.register_component("data_loader", loader)
        code = int(driver.main(request["argv"]) or 0)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 1
    except BaseException as error:  # noqa: BLE001 - a fork must not go on as its parent, whatever happens
        with contextlib.suppress(OSError, ValueError):
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
    finally:
        for output in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                output.flush()
        os._exit(code)


def _quicken(pace: float) -> None:
    """Have waiters look every ``pace`` seconds, and more often in proportion."""
    original = botocore.waiter.SingleWaiterConfig.__init__

    def begin(self: Any, config: dict[str, Any]) -> None:
        original(self, config)
        self.max_attempts = max(self.max_attempts, round(self.max_attempts * self.delay / pace))
        self.delay = min(self.delay, pace)

    botocore.waiter.SingleWaiterConfig.__init__ = begin


def _opened(number: int, mode: str) -> Any:
    return os.fdopen(os.dup(number) if number == 0 else number, mode, encoding="utf-8", errors="replace")


def _wait(child: int, timeout: float) -> int:
    """Wait for a process, and end it when its time is up."""
    handle = os.pidfd_open(child)
    try:
        is_late = not select.select([handle], [], [], max(0.0, timeout))[0]
    finally:
        os.close(handle)
    if is_late:
        os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return 124 if is_late else os.waitstatus_to_exitcode(status)


def _text(file: Any) -> str:
    file.seek(0)
    return str(file.read(LIMIT).decode(errors="replace"))


if __name__ == "__main__":
    main()
