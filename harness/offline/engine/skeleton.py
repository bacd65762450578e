"""Laying out the directory that is a container's ``/``."""

from __future__ import annotations

import functools
import json
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from harness.offline.engine import distributions, library, packages
from harness.offline.engine.files import lay_over
from harness.offline.engine.model import Container, Image

GUEST = Path(__file__).with_name("guest")
FOLDERS = (
    "boot", "dev", "etc/apt", "etc/alternatives", "home", "media", "mnt", "opt", "proc", "root", "run/lock", "srv",
    "sys", "tmp", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "usr/local/lib", "usr/share", "usr/games",
    "var/cache", "var/lib/apt/lists", "var/log", "var/tmp", "var/mail",
)  # fmt: skip
LINKS = {"bin": "usr/bin", "sbin": "usr/sbin", "lib": "usr/lib", "lib64": "usr/lib64", "var/run": "../run"}
ACCOUNTS = """root:x:0:0:root:/root:/bin/bash
daemon:x:1:1:daemon:/usr/sbin:/usr/sbin/nologin
www-data:x:33:33:www-data:/var/www:/usr/sbin/nologin
nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin
"""
GROUP = "root:x:0:\ndaemon:x:1:\ntty:x:5:\nwww-data:x:33:\nnogroup:x:65534:\n"
BASHRC = """[ -z "$PS1" ] && return
PS1='\\u@\\h:\\w\\$ '
"""
HELLO = """#!{tail} -n+2

Hello from Docker!
This greeting shows that a container can be run here. What happened on the way:

 1. The docker command asked the engine's API for a container of the image
    "hello-world".
 2. The engine did not have that image and took it from its library.
 3. The engine laid out a container and started its one program, which prints
    what you are reading.
 4. The engine passed the output on to the docker command, which showed it.

This engine is the acceptance suite's embedded one. Something bigger to try:
 $ docker run -it ubuntu bash

"""
_SCRIPT = """#!/bin/sh
'''exec' "{python}" "$0" "$@"
' '''
import sys
from {module} import {function}
{before}sys.exit({call}())
"""
# Without a network of its own a container listens where the engine says, whenever its server is to listen everywhere.
_LISTEN = """import os
ports = dict(pair.split(":") for pair in os.environ.get("EMBEDDED_PORTS", "").split())
def listen(word):
    name, _, value = word.partition("=")
    if name in ("--ip", "--ServerApp.ip", "--NotebookApp.ip") and value.strip("'\\"") in ("", "*", "0.0.0.0", "::"):
        return name + "=" + os.environ["EMBEDDED_ADDRESS"]
    if name in ("--port", "--ServerApp.port", "--NotebookApp.port"):
        return name + "=" + ports.get(value, value)
    return word
sys.argv[1:] = map(listen, sys.argv[1:])
if ports.get("8888", "8888") != "8888" and not any(word.partition("=")[0].endswith("port") for word in sys.argv):
    sys.argv.append("--port=" + ports["8888"])
"""
SERVERS = {"jupyter-notebook", "jupyter-lab", "jupyter-server"}
_JUPYTER = """#!/bin/sh
here=${0%/*}
if [ $# -gt 0 ] && [ -x "$here/jupyter-$1" ]; then verb=$1; shift; exec "$here/jupyter-$verb" "$@"; fi
exec "$here/jupyter-command" "$@"
"""


@dataclass(frozen=True)
class Paths:
    """How what is on this machine looks from inside containers: ``prefix`` stands before the machine's ``/usr``."""

    prefix: str

    def seen(self, path: Path) -> str:
        """Return the path under which a container sees a file of this machine."""
        return f"{self.prefix}{path}" if path.is_relative_to("/usr") else str(path)


@functools.cache
def machine_command(name: str) -> Path | None:
    """Find a command of this machine below ``/usr``, links resolved."""
    found = shutil.which(name, path="/usr/bin:/usr/sbin:/bin:/sbin")
    return Path(found).resolve() if found else None


def lay_out(container: Container, paths: Paths) -> None:
    """Make the container's root directory: skeleton, commands, Python, the image's layers, its own ``/etc``."""
    image, root = container.image, container.root
    root.mkdir(parents=True)
    if image.family == "hello-world":
        _hello(root, paths)
    elif image.family != "scratch":
        _skeleton(image, root)
        _commands(root, paths, [*packages.ESSENTIAL, *_installed_commands(image.apt)])
        _stand_ins(image, root)
        if has_python(image):
            lay_python(root, paths, image)
        if image.family == "httpd":
            _httpd(root, paths)
    for layer in image.layers:
        lay_over(Path(layer), root)
    _own_files(container)


def _hello(root: Path, paths: Paths) -> None:
    _write(root / "hello", HELLO.format(tail=paths.seen(machine_command("tail") or Path("/usr/bin/tail"))), 0o755)
    _system_links(root, paths)


def _system_links(root: Path, paths: Paths) -> None:
    """Make the loader and libraries found where programs look for them."""
    (root / "usr").mkdir(exist_ok=True)
    for name in ("lib", "lib32", "lib64", "libexec"):
        if not paths.prefix:  # programs find the machine's own, and a link to it would be written through
            (root / "usr" / name).mkdir(exist_ok=True)
        elif (Path("/usr") / name).is_dir():
            _link(root / "usr" / name, f"{paths.prefix}/usr/{name}")
    for name, target in LINKS.items():
        if name.startswith("lib"):
            _link(root / name, target)


def _skeleton(image: Image, root: Path) -> None:
    for folder in FOLDERS:
        (root / folder).mkdir(parents=True, exist_ok=True)
    for name, target in LINKS.items():
        _link(root / name, target)
    for folder in ("tmp", "var/tmp"):
        (root / folder).chmod(0o1777)
    _write(
        root / "etc/os-release", library.os_release("ubuntu" if image.family == "ubuntu" else "debian", image.release)
    )
    for name, text in (("passwd", ACCOUNTS), ("group", GROUP), ("debian_version", f"{image.release}/sid\n")):
        _write(root / "etc" / name, text)
    _write(root / "root/.bashrc", BASHRC)
    for name in ("ld.so.cache", "localtime", "nsswitch.conf"):
        if (source := Path("/etc") / name).is_file():
            shutil.copyfile(source, root / "etc" / name)


def _commands(root: Path, paths: Paths, names: Iterable[str]) -> None:
    _system_links(root, paths)
    for name in names:
        found = machine_command(name)
        if found is not None:
            _link(root / "usr/bin" / name, paths.seen(found))


def _installed_commands(apt: list[str]) -> list[str]:
    return [command for name in apt for command in packages.COMMANDS.get(name, ())]


def _stand_ins(image: Image, root: Path) -> None:
    """Put the commands there that must not be this machine's own."""
    for name in ("apt-get", "apt", "dpkg", "dpkg-query"):
        _write(root / "usr/bin" / name, (GUEST / "packages.sh").read_text(), 0o755)
    _write(root / "etc/apt/release", f"{image.family} {image.release}\n")
    _write(root / "var/lib/apt/installed", "".join(f"{name}\n" for name in image.apt))


def has_python(image: Image) -> bool:
    """Tell whether a container of the image has ``python3``."""
    return packages.has_python(image.apt)


def lay_python(root: Path, paths: Paths, image: Image) -> None:
    """Make ``/usr/local`` a virtual environment of the distributions that the image installed."""
    found, recorded = distributions.closure([*image.pip, *packages.distributions_of(image.apt)])
    prefix, base = root / "usr/local", distributions.interpreter()
    version = ".".join(base.name.removeprefix("python").split(".")[:2])
    site = prefix / "lib" / f"python{version}" / "site-packages"
    site.mkdir(parents=True)
    _write(prefix / "pyvenv.cfg", f"home = {paths.seen(base.parent)}\ninclude-system-site-packages = false\n")
    for name in {"python3", base.name, *(["python"] if "python-is-python3" in image.apt else [])}:
        _link(prefix / "bin" / name, paths.seen(base))
    for one in found:
        for entry in one.entries:
            _link(site / entry, paths.seen(one.folder / entry))
        _scripts(prefix, one, paths)
        _shared(prefix, one, paths)
    for name in recorded:
        _write(site / distributions.module_name(name) / "__init__.py", distributions.RECORDED.format(name=name))
    if packages.has_pip(image.apt):
        for name in ("pip", "pip3"):
            _write(prefix / "bin" / name, (GUEST / "pip.sh").read_text(), 0o755)


def _scripts(prefix: Path, one: distributions.Installed, paths: Paths) -> None:
    python = _inside(prefix, paths, "bin/python3")
    for name, point in one.scripts:
        module, _, function = point.partition(":")
        before = _LISTEN if not paths.prefix and name in SERVERS else ""
        text = _SCRIPT.format(
            python=python, module=module, function=function.partition(".")[0], call=function, before=before
        )
        if name == "jupyter":
            _write(prefix / "bin/jupyter", _JUPYTER, 0o755)
            name = "jupyter-command"  # noqa: PLW2901 - the dispatcher above takes the name
        _write(prefix / "bin" / name, text, 0o755)


def _inside(prefix: Path, paths: Paths, name: str) -> str:
    """Return a path below ``/usr/local`` as the container's processes see it."""
    return f"/usr/local/{name}" if paths.prefix else str(prefix / name)


def _shared(prefix: Path, one: distributions.Installed, paths: Paths) -> None:
    """Make the data files of Jupyter found; the kernel is always the container's own interpreter."""
    import sys

    for name in one.shared:
        target = prefix / "share/jupyter" / name
        if not name.startswith("kernels/") and not target.is_symlink():
            _link(target, paths.seen(Path(sys.prefix) / "share/jupyter" / name))
    if one.name == "ipykernel":
        command = [_inside(prefix, paths, "bin/python3"), "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        kernel = {
            "argv": command,
            "display_name": "Python 3 (ipykernel)",
            "language": "python",
            "metadata": {"debugger": True},
        }
        _write(prefix / "share/jupyter/kernels/python3/kernel.json", json.dumps(kernel))


HTTPD_CONF = """\
# Of the embedded engine's httpd, which serves as this says but reads none of it: it only wants it to be here.
ServerRoot "/usr/local/apache2"
Listen 80
DocumentRoot "/usr/local/apache2/htdocs"
"""


def _httpd(root: Path, paths: Paths) -> None:
    home = root / "usr/local/apache2"
    for folder in ("bin", "htdocs", "logs", "conf", "cgi-bin"):
        (home / folder).mkdir(parents=True, exist_ok=True)
    _write(home / "htdocs/index.html", "<html><body><h1>It works!</h1></body></html>\n")
    _write(home / "conf/httpd.conf", HTTPD_CONF)
    script = _guest_path(root, paths, "httpd.py")
    start = f'exec "{paths.seen(distributions.interpreter())}" -I -S "{script}" "$@"'
    _write(home / "bin/httpd", f"#!/bin/sh\n{start}\n", 0o755)
    _write(root / "usr/local/bin/httpd-foreground", '#!/bin/sh\nset -e\nexec httpd -DFOREGROUND "$@"\n', 0o755)


def _guest_path(root: Path, paths: Paths, name: str) -> str:
    """Copy a program of the engine into the container and return where the container sees it."""
    target = root / "usr/local/libexec/embedded" / name
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(GUEST / name, target)
    return f"/usr/local/libexec/embedded/{name}" if paths.prefix else str(target)


def _own_files(container: Container) -> None:
    """Write what the engine itself puts into ``/etc`` of every container."""
    for name in ("etc", "dev", "proc"):
        if (container.root / name).is_symlink():
            (container.root / name).unlink()
        (container.root / name).mkdir(exist_ok=True)
    etc = container.root / "etc"
    _write(etc / "hostname", f"{container.hostname}\n")
    extra = "".join(
        f"{ip}\t{name}\n" for name, _, ip in (e.partition(":") for e in container.host_config["ExtraHosts"] or [])
    )
    _write(etc / "hosts", f"127.0.0.1\tlocalhost\n{extra}{container.address}\t{container.hostname}\n")
    _write(etc / "resolv.conf", "# The embedded engine's containers reach no name server.\n")
    for device in ("null", "zero", "full", "random", "urandom", "tty", "pts", "shm"):
        target = container.root / "dev" / device
        target.parent.mkdir(exist_ok=True)
        target.mkdir(exist_ok=True) if device in {"pts", "shm"} else target.touch()
    # Unlike every other file of the container this one exists in real ones only: programs look for it.
    _write(container.root / ".dockerenv", "")


def _link(path: Path, target: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink() or path.is_file():
        path.unlink()
    path.symlink_to(target)


def _write(path: Path, text: str, mode: int = 0o644) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.is_symlink():
        path.unlink()
    path.write_text(text)
    path.chmod(mode)
