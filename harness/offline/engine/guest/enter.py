"""Start one process of a container: ``python -I -S enter.py SPEC SOCKET``, where SPEC is JSON.

Runs on its own, with nothing but the standard library, so that it starts in a few milliseconds. Three ways:

* ``new``: in namespaces of its own (user, mount, pid, host name, ipc, network), its root the container's directory.
  This process then stays outside the pid namespace as the container's keeper: it waits for the container, and opens
  connections inside its network for the engine, which is how published ports are reached.
* ``join``: in the namespaces of a running container, as ``docker exec`` does.
* ``plain``: where the kernel grants no namespaces; a session of its own in the container's directory.

SOCKET is the number of an inherited socket to the engine. ``started PID`` or ``failed ERRNO WHERE`` is written there
first; afterwards the engine asks ``connect PORT``, and is answered by one byte with the connected socket beside it.
"""

# Pathlib would double the time that a container takes to start.
# ruff: noqa: PTH103, PTH110, PTH112, PTH120, PTH123, S108, S606

from __future__ import annotations

import array
import ctypes
import errno
import fcntl
import json
import os
import select
import signal
import socket
import struct
import sys
import termios

TYPE_CHECKING = False  # importing it from typing would lengthen the start
if TYPE_CHECKING:
    from typing import Any

    Spec = dict[str, Any]

CONTROL = 3
_NAMESPACES = {
    "user": 0x10000000, "mnt": 0x00020000, "uts": 0x04000000, "ipc": 0x08000000, "net": 0x40000000, "pid": 0x20000000,
}  # fmt: skip
_MS_RDONLY, _MS_NOSUID, _MS_NODEV, _MS_NOEXEC, _MS_REMOUNT, _MS_BIND, _MS_REC, _MS_PRIVATE = (
    1,
    2,
    4,
    8,
    32,
    4096,
    16384,
    1 << 18,
)
_MNT_DETACH = 2
_PR_SET_PDEATHSIG = 1
_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _SIOCSIFADDR, _SIOCSIFNETMASK = 0x8913, 0x8914, 0x8916, 0x891C
_DEVICES = ("null", "zero", "full", "random", "urandom", "tty")

libc = ctypes.CDLL(None, use_errno=True)


class Refused(Exception):
    """Says which step the kernel refused."""

    def __init__(self, where: str, number: int) -> None:
        super().__init__(where)
        self.where = where
        self.number = number


def call(where: str, result: int) -> None:
    """Raise when a C call returned an error."""
    if result < 0:
        raise Refused(where, ctypes.get_errno())


def unshare() -> None:
    """Leave the machine's namespaces and become root of the new ones."""
    uid, gid = os.getuid(), os.getgid()
    call("unshare", libc.unshare(sum(_NAMESPACES.values())))
    for name, text in (("setgroups", "deny"), ("uid_map", f"0 {uid} 1"), ("gid_map", f"0 {gid} 1")):
        with open(f"/proc/self/{name}", "w") as file:
            file.write(text)


def join(pid: int) -> None:
    """Enter the namespaces of a running container."""
    handles = [(os.open(f"/proc/{pid}/ns/{name}", os.O_RDONLY), flag) for name, flag in _NAMESPACES.items()]
    for handle, flag in handles:
        call("setns", libc.setns(handle, flag))
        os.close(handle)


def mount(source: str, target: str, kind: str | None, flags: int, data: str | None = None) -> None:
    """Mount a file system, or show a directory in another place."""
    encoded = [text.encode() if text is not None else None for text in (source, target, kind)]
    call(f"mount {target}", libc.mount(*encoded, ctypes.c_ulong(flags), data.encode() if data else None))


def bind(source: str, target: str, read_only: bool) -> None:
    """Show ``source`` at ``target``, which is made when it is not there."""
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif not os.path.exists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        os.close(os.open(target, os.O_CREAT | os.O_WRONLY))
    mount(source, target, None, _MS_BIND | _MS_REC)
    if read_only:
        make_read_only(target)


def make_read_only(target: str) -> None:
    """Remount a bind mount read-only; flags that the machine locked must be given again."""
    kept = os.statvfs(target).f_flag & (_MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    mount("none", target, None, _MS_REMOUNT | _MS_BIND | _MS_RDONLY | kept)


def build_root(spec: Spec) -> None:
    """Lay the container's file system out below its directory."""
    root = spec["root"]
    mount("none", "/", None, _MS_REC | _MS_PRIVATE)
    mount(root, root, None, _MS_BIND | _MS_REC)
    for device in _DEVICES:
        bind(f"/dev/{device}", f"{root}/dev/{device}", False)
    bind("/dev/pts", f"{root}/dev/pts", False)
    os.makedirs(f"{root}/dev/shm", exist_ok=True)
    mount("shm", f"{root}/dev/shm", "tmpfs", _MS_NOSUID | _MS_NODEV, "mode=1777")
    for source, target, read_only in spec["binds"]:
        bind(source, root + target, read_only)


def mount_proc(root: str) -> None:
    """Show the container's own processes; where the kernel refuses, the machine's."""
    os.makedirs(f"{root}/proc", exist_ok=True)
    try:
        mount("proc", f"{root}/proc", "proc", _MS_NOSUID | _MS_NODEV | _MS_NOEXEC)
    except Refused:
        bind("/proc", f"{root}/proc", False)


def change_root(root: str) -> None:
    """Make the container's directory the root, and let go of the machine's."""
    os.chdir(root)
    number = _PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        os.chroot(root)
    else:
        call("pivot_root", libc.syscall(number, b".", b"."))
        call("umount", libc.umount2(b".", _MNT_DETACH))
    os.chdir("/")


def raise_network(addresses: list[str]) -> None:
    """Bring the loopback interface up and give it the container's addresses."""
    with socket.socket() as handle:
        for number, address in enumerate(addresses):
            name = f"lo:{number + 1}".encode()
            request = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, socket.inet_aton(address))
            fcntl.ioctl(handle, _SIOCSIFADDR, request)
            mask = struct.pack("16sHH4s8x", name, socket.AF_INET, 0, b"\xff\xff\xff\xff")
            fcntl.ioctl(handle, _SIOCSIFNETMASK, mask)
        flags = struct.unpack("16sH14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, struct.pack("16sH14x", b"lo", 0)))[1]
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | 1))


def die_with_parent() -> None:
    """End when the process that started this one ends, however it ends (Linux)."""
    if hasattr(libc, "prctl"):
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def become(spec: Spec) -> None:
    """Turn into the program of the container; raises on failure."""
    if spec["tty"]:
        fcntl.ioctl(0, termios.TIOCSCTTY, 0)
    try:
        os.chdir(spec["cwd"])
    except OSError as refused:
        raise Refused("chdir", refused.errno or errno.ENOENT) from None
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    os.umask(0o022)
    execute(spec["argv"], spec["env"])


def execute(argv: list[str], environment: dict[str, str]) -> None:
    """Find the program on the container's PATH and become it; ``os.execvpe`` would import modules of the old root."""
    folders = (
        [""] if "/" in argv[0] else [f"{folder}/" for folder in environment.get("PATH", "/usr/bin:/bin").split(":")]
    )
    number = errno.ENOENT
    for folder in folders:
        try:
            os.execve(folder + argv[0], argv, environment)
        except OSError as refused:
            if refused.errno not in {errno.ENOENT, errno.ENOTDIR}:
                number = refused.errno or number
    raise Refused("exec", number)


def confine(script: str, writable: list[str], readable: list[str]) -> None:
    """Give up access to all files but these and the system's, where the kernel can, as the embedded hosts do."""
    sys.path.insert(0, os.path.dirname(script))
    import confine  # type: ignore[import-not-found]  # the embedded hosts' own launcher, which needs no more than this script does

    system = ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/opt", "/etc", "/proc", "/sys", "/dev")
    confine.restrict(writable, [*system, *readable])


def report(text: str) -> None:
    """Tell the engine one line."""
    os.write(CONTROL, text.encode() + b"\n")


def failure(refused: Refused) -> str:
    """Return the line that tells the engine what was refused."""
    return f"failed {refused.number} {refused.where}"


def child(spec: Spec, errors: int) -> None:
    """Be the first process of the container, or one more in it."""
    try:
        die_with_parent()
        os.setsid()
        os.close(CONTROL)
        if spec["how"] == "new":
            mount_proc(spec["root"])
            change_root(spec["root"])
        become(spec)
    except Refused as refused:
        os.write(errors, failure(refused).encode())
    os._exit(127)


def keep(pid: int, addresses: list[str]) -> int:
    """Wait for the container and answer the engine; returns the container's exit code."""
    handle = os.pidfd_open(pid)
    control = socket.socket(fileno=CONTROL)
    while True:
        ready = select.select([handle, CONTROL], [], [])[0]
        if handle in ready:
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        asked = control.recv(64)
        if not asked:
            os.kill(pid, signal.SIGKILL)
            continue
        for line in asked.decode().splitlines():
            answer(control, int(line.split()[1]), addresses)


def answer(control: socket.socket, port: int, addresses: list[str]) -> None:
    """Open a connection to a port of the container and hand it to the engine."""
    with socket.socket() as connection:
        try:
            connection.bind((addresses[1], 0))
            connection.connect((addresses[0], port))
        except OSError:
            control.send(b"-")
            return
        control.sendmsg([b"+"], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [connection.fileno()]))])


def contain(spec: Spec) -> int:
    """Start the program in namespaces and wait for it."""
    if spec["how"] == "new":
        unshare()
        call("hostname", libc.sethostname(spec["hostname"].encode(), len(spec["hostname"])))
        raise_network(spec["addresses"])
        build_root(spec)
    else:
        join(spec["pid"])
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        child(spec, writing)
    os.close(writing)
    for number in (0, 1, 2):
        os.close(number)
    refused = os.read(reading, 4096).decode()
    if refused:
        os.waitpid(pid, 0)
        report(refused)
        return 127
    report(f"started {pid}")
    code = keep(pid, spec["addresses"])
    return code if code >= 0 else 128 - code


def main() -> int:
    """Do what the specification says."""
    spec = json.loads(sys.argv[1])
    die_with_parent()
    os.dup2(int(sys.argv[2]), CONTROL, inheritable=False)
    if int(sys.argv[2]) != CONTROL:
        os.close(int(sys.argv[2]))
    try:
        if spec["how"] != "plain":
            return contain(spec)
        confine(*spec["confine"])
        become(spec)
    except Refused as refused:
        report(failure(refused))
    except OSError as refused:
        report(f"failed {refused.errno} {refused.filename or 'set-up'}")
    return 127


if __name__ == "__main__":
    os._exit(main())
