"""The file system of an embedded host: a directory, what Ubuntu has in it, and the mapping of the host's paths."""

from __future__ import annotations

import functools
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

STANDINS = Path(__file__).with_name("standins")

_MOST_LINKS = 40  # as the kernel's own limit (path_resolution(7))

_CODENAMES = {
    "18.04": "bionic", "20.04": "focal", "22.04": "jammy", "24.04": "noble", "24.10": "oracular", "25.04": "plucky",
    "25.10": "questing", "26.04": "resolute",
}  # fmt: skip
_LTS_SUFFIX = {"04": " LTS"}

_ACCOUNTS = """\
root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
systemd-network:x:998:998:systemd Network Management:/:/usr/sbin/nologin
sshd:x:102:65534::/run/sshd:/usr/sbin/nologin
ubuntu:x:1000:1000:Ubuntu:/home/ubuntu:/bin/bash
"""
_GROUP = """\
root:x:0:
daemon:x:1:
adm:x:4:syslog,ubuntu
cdrom:x:24:ubuntu
sudo:x:27:ubuntu
dip:x:30:ubuntu
www-data:x:33:
lxd:x:105:ubuntu
nogroup:x:65534:
ubuntu:x:1000:
"""
_SHADOW = """\
root:*:20000:0:99999:7:::
ubuntu:!:20000:0:99999:7:::
"""
_DIRECTORIES = (
    "boot", "dev", "etc/apt/keyrings", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d", "etc/default", "etc/docker",
    "etc/ssh", "etc/systemd/system/multi-user.target.wants", "home/ubuntu/.ssh", "media", "mnt", "opt", "proc", "root",
    "run/lock", "run/sshd", "run/systemd/system", "run/user/1000", "srv", "sys", "tmp", "usr/bin", "usr/lib/standins",
    "usr/local/bin", "usr/local/sbin", "usr/sbin", "usr/share/keyrings", "var/lib/apt/lists", "var/lib/cloud/instance",
    "var/lib/dpkg/info", "var/lib/systemd", "var/log", "var/tmp", "var/www",
)  # fmt: skip
_LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "var/run": "../run", "var/lock": "../run/lock"}


@dataclass(frozen=True)
class Release:
    """An Ubuntu release such as ``24.04``."""

    version: str

    @property
    def codename(self) -> str:
        """Return its name in package sources, such as ``noble``."""
        return _CODENAMES.get(self.version, "noble")

    @property
    def title(self) -> str:
        """Return its name as ``lsb_release -d`` gives it."""
        year, _, month = self.version.partition(".")
        return f"Ubuntu {self.version}{_LTS_SUFFIX.get(month, '') if int(year) % 2 == 0 else ''}"

    def os_release(self) -> str:
        """Return the text of ``/etc/os-release`` (os-release(5))."""
        return (
            f'PRETTY_NAME="{self.title}"\nNAME="Ubuntu"\nVERSION_ID="{self.version}"\n'
            f'VERSION="{self.title.removeprefix("Ubuntu ")} ({self.codename.title()})"\n'
            f"VERSION_CODENAME={self.codename}\nID=ubuntu\nID_LIKE=debian\n"
            f'HOME_URL="https://www.ubuntu.com/"\nUBUNTU_CODENAME={self.codename}\nLOGO=ubuntu-logo\n'
        )

    def lsb_release(self) -> str:
        """Return the text of ``/etc/lsb-release``."""
        return (
            f"DISTRIB_ID=Ubuntu\nDISTRIB_RELEASE={self.version}\n"
            f'DISTRIB_CODENAME={self.codename}\nDISTRIB_DESCRIPTION="{self.title}"\n'
        )


@dataclass(frozen=True)
class Sandbox:
    """The root directory of one host."""

    root: Path

    def create(self, release: Release, hostname: str, authorized_key: str | None) -> None:
        """Write what a new Ubuntu instance has, as far as its stand-ins and checks look at it."""
        self.root.mkdir(mode=0o755)
        for directory in _DIRECTORIES:
            (self.root / directory).mkdir(parents=True, exist_ok=True)
        for name, target in _LINKS.items():
            (self.root / name).symlink_to(target)
        for name, text in _files(release).items():
            (self.root / name).write_text(text)
        self.set_hostname(hostname)
        _write_private(self.root / "etc/shadow", _SHADOW, 0o640)
        self._add_key(authorized_key)
        self._add_commands()

    def set_hostname(self, hostname: str) -> None:
        """Name the host, as cloud-init does at each boot."""
        (self.root / "etc/hostname").write_text(f"{hostname}\n")
        (self.root / "etc/hosts").write_text(f"127.0.0.1 localhost\n127.0.1.1 {hostname}\n")

    def forget_what_ran(self) -> None:
        """Empty ``/run`` and ``/tmp``, which do not outlive a boot."""
        for name in ("run", "tmp"):
            shutil.rmtree(self.root / name, ignore_errors=True)
        for directory in _DIRECTORIES:
            if directory.startswith(("run", "tmp")):
                (self.root / directory).mkdir(parents=True, exist_ok=True)

    def path(self, absolute: str, cwd: str = "/", *, follow: bool = True) -> Path:
        """Map a path of the host to this machine; neither ``..`` nor a symbolic link leads out of the root.

        A path that lies in the root already stays as it is: it is what ``$PWD`` holds on an embedded host. With
        ``follow=False`` a symbolic link at the very end is meant itself.
        """
        pending = [*reversed(self._parts(absolute))]
        if not absolute.startswith("/"):
            pending += reversed(self._parts(cwd))
        here, links = self.root, 0
        while pending:
            part = pending.pop()
            if part == "..":
                here = here if here == self.root else here.parent
                continue
            step = here / part
            if step.is_symlink() and (pending or follow) and links < _MOST_LINKS:
                links += 1
                target = os.readlink(step)  # noqa: PTH115 - a Path would lose a leading //
                here = self.root if target.startswith("/") else here
                pending += reversed(self._parts(target))
            else:
                here = step
        return here

    def _parts(self, path: str) -> list[str]:
        inner = path[len(str(self.root)) :] if self._is_inside(path) else path
        return [part for part in inner.split("/") if part not in {"", "."}]

    def _is_inside(self, path: str) -> bool:
        return path == str(self.root) or path.startswith(f"{self.root}/")

    def groups_of(self, user: str) -> list[str]:
        """Return the names of a user's groups, as a login gets them: the primary one first."""
        numbers = {row[0]: row[3] for row in self._table("etc/passwd")}
        groups = self._table("etc/group")
        primary = [group[0] for group in groups if group[2] == numbers.get(user)]
        return primary + [row[0] for row in groups if user in row[3].split(",") and row[0] not in primary]

    def home_of(self, user: str) -> str | None:
        """Return a user's home directory as the host knows it, or ``None`` where there is no such user."""
        return next((row[5] for row in self._table("etc/passwd") if row[0] == user), None)

    def _table(self, name: str) -> list[list[str]]:
        return [line.split(":") for line in (self.root / name).read_text().splitlines() if line.count(":") >= 3]

    def search_path(self) -> str:
        """Return the ``PATH`` of the host's processes: its own directories and no others."""
        return ":".join(f"{self.root}/{name}" for name in ("usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"))

    def _add_key(self, authorized_key: str | None) -> None:
        ssh = self.root / "home/ubuntu/.ssh"
        ssh.chmod(0o700)
        _write_private(ssh / "authorized_keys", f"{authorized_key.strip()}\n" if authorized_key else "", 0o600)

    def _add_commands(self) -> None:
        """Put the stand-ins into ``/usr/bin``, links to two small scripts that know by which name they are called."""
        for script in ("mapped", "python"):
            shutil.copy(STANDINS / script, self.root / "usr/lib/standins" / script)
        for name, target in command_targets().items():
            (self.root / "usr/bin" / name).symlink_to(target)


@functools.cache
def command_targets() -> dict[str, str]:
    """Return the commands of a new host and where the link of that name in its ``/usr/bin`` leads."""
    targets: dict[str, str] = {}
    for line in (STANDINS / "commands.txt").read_text().splitlines():
        kind, _, names = line.partition(":")
        for name in names.split() if kind in {"plain", "mapped", "python"} else ():
            program = _program(name)
            if kind == "plain" and program is not None:
                targets[name] = program
            elif kind == "python" or (kind == "mapped" and program is not None):
                targets[name] = f"../lib/standins/{kind}"
    return targets


def _program(name: str) -> str | None:
    places = (f"{directory}/{name}" for directory in ("/usr/bin", "/bin", "/usr/sbin", "/sbin"))
    return next((place for place in places if os.access(place, os.X_OK)), None)


def _files(release: Release) -> dict[str, str]:
    archive = "http://archive.ubuntu.com/ubuntu/"
    return {
        "etc/os-release": release.os_release(),
        "etc/lsb-release": release.lsb_release(),
        "etc/passwd": _ACCOUNTS,
        "etc/group": _GROUP,
        "etc/timezone": "Etc/UTC\n",
        "etc/debian_version": "trixie/sid\n",
        "etc/resolv.conf": "nameserver 127.0.0.53\noptions edns0 trust-ad\n",
        "etc/shells": "/bin/sh\n/bin/bash\n",
        "etc/default/locale": "LANG=C.UTF-8\n",
        "etc/apt/sources.list.d/ubuntu.sources": (
            f"Types: deb\nURIs: {archive}\nSuites: {release.codename} {release.codename}-updates\n"
            "Components: main universe restricted multiverse\n"
            "Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg\n"
        ),
        "usr/share/keyrings/ubuntu-archive-keyring.gpg": "offline stand-in for Ubuntu's archive keyring\n",
        "var/lib/dpkg/status": _installed(release),
        "home/ubuntu/.bashrc": "",
        "home/ubuntu/.profile": "",
        "root/.bashrc": "",
    }


def _installed(release: Release) -> str:
    """Return dpkg's status of a new instance: the packages of origin ``base`` that the stand-in of apt knows."""
    paragraphs = []
    for line in (STANDINS / "packages.txt").read_text().splitlines():
        fields = [field.strip() for field in line.split("|")]
        if len(fields) == 6 and fields[2] == "base":
            version = fields[1].format(release=release.version, codename=release.codename)
            paragraphs.append(
                f"Package: {fields[0]}\nStatus: install ok installed\nPriority: optional\nSection: admin\n"
                f"Architecture: amd64\nVersion: {version}\nDescription: {fields[5]}\n"
            )
    return "\n".join(paragraphs)


def _write_private(path: Path, text: str, mode: int) -> None:
    path.write_text(text)
    path.chmod(mode)
