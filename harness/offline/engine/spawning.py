"""Starting a process in a container: by a program of its own, which enters where the process is to be."""

from __future__ import annotations

import asyncio
import json
import socket
import sys

from harness.offline.engine.model import Json
from harness.offline.engine.skeleton import GUEST


async def spawn(spec: Json, stdin: int, stdout: int, stderr: int) -> tuple[asyncio.subprocess.Process, socket.socket]:
    """Start ``guest/enter.py``, its control socket as descriptor 3."""
    ours, theirs = socket.socketpair()
    try:
        # The child is handed the number under which the socket is inherited; dup2 to 3 needs no preexec_fn then.
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-I", "-S", str(GUEST / "enter.py"), json.dumps(spec), str(theirs.fileno()),
            stdin=stdin, stdout=stdout, stderr=stderr,
            pass_fds=[theirs.fileno()], start_new_session=True, env=spec.get("marker", {}), cwd="/",
        )  # fmt: skip
    except BaseException:
        ours.close()
        raise
    finally:
        theirs.close()
    ours.setblocking(False)
    return process, ours
