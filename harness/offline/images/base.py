"""The root file system that all images begin with: Ubuntu's own image, or one made with debootstrap."""

from __future__ import annotations

import os
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from docker.errors import APIError, DockerException, ImageNotFound

from harness.errors import UsageError
from harness.leash import Leash
from harness.offline.images.recipes import BASE, CODENAME, RELEASE

ARCHIVE = "http://archive.ubuntu.com/ubuntu"
SCRIPTS = Path("/usr/share/debootstrap/scripts")
# All of Ubuntu's releases have one script; debootstrap of another distribution knows those of its own day only.
SCRIPT = "gutsy"
KEYRING = Path("/usr/share/keyrings/ubuntu-archive-keyring.gpg")
LEFT_OUT = ("var/cache/apt/archives/", "var/lib/apt/lists/", "dev/", "proc/", "sys/", "tmp/")
Say = Callable[[str], None]


def ensure(client: Any, say: Say) -> None:
    """Have the engine hold the base; raises :class:`~harness.errors.UsageError` where there is no way to one."""
    try:
        client.images.get(BASE)
    except ImageNotFound:
        if not _pulled(client, say):
            _bootstrapped(client, say)
    else:
        say(f"base: {BASE} is there")


def _pulled(client: Any, say: Say) -> bool:
    try:
        image = client.images.pull("ubuntu", tag=RELEASE)
    except (APIError, DockerException) as error:
        say(f"base: no registry has ubuntu:{RELEASE} for us ({str(error)[:120]})")
        return False
    image.tag(BASE)
    say(f"base: ubuntu:{RELEASE} from its registry")
    return True


def _bootstrapped(client: Any, say: Say) -> None:
    program = shutil.which("debootstrap", path=os.defpath + ":/usr/sbin:/sbin")
    if program is None:
        raise UsageError("no registry answers and there is no debootstrap; install the package debootstrap.")
    if os.geteuid() != 0:
        raise UsageError(
            "no registry answers, and debootstrap needs root: run `python -m harness images` as root once."
        )
    if not KEYRING.exists():
        say(f"base: {KEYRING.name} is not installed, so the signature of Ubuntu's archive is not checked")
    say(f"base: debootstrap of Ubuntu {RELEASE} from {ARCHIVE}; takes two minutes or three")
    with Leash() as leash, leash.marking():
        directory = leash.directory("debootstrap-")
        root = directory / "root"
        leash.at_the_end(["umount", "--quiet", str(root / "proc"), str(root / "sys")], os.environ)
        _debootstrap(program, root)
        with tempfile.TemporaryFile(dir=directory) as archive:
            _pack(root, archive)
            repository, _, tag = BASE.partition(":")
            changes = ['CMD ["/bin/bash"]', "ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"]
            client.api.import_image_from_data(archive, repository=repository, tag=tag, changes=changes)


def _debootstrap(program: str, root: Path) -> None:
    argv = [program, "--variant=minbase", "--components=main,universe", CODENAME, str(root), ARCHIVE]
    if not (SCRIPTS / CODENAME).exists():
        argv.append(str(SCRIPTS / SCRIPT))
    # Its temporary directory is given, so that a program killed half-way leaves nothing elsewhere.
    done = subprocess.run(
        argv, capture_output=True, text=True, check=False, env={**os.environ, "TMPDIR": str(root.parent)}
    )
    if done.returncode:
        last = (done.stdout.strip() or done.stderr.strip()).splitlines()[-1:]
        raise UsageError(f"debootstrap failed ({done.returncode}): {' '.join(last)}")


def _pack(root: Path, archive: Any) -> None:
    def chosen(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
        return None if f"{entry.name}".startswith(LEFT_OUT) else entry

    with tarfile.open(fileobj=archive, mode="w") as packed:
        for child in sorted(root.iterdir()):
            packed.add(child, child.name, filter=chosen)
    archive.seek(0)
