"""The processes of a container as ``top`` and ``stats`` tell of them."""

from __future__ import annotations

import contextlib
import datetime

import psutil

from harness.offline.engine.model import Container, Json
from harness.offline.engine.naming import ZERO_TIME, now

TITLES = ["UID", "PID", "PPID", "C", "STIME", "TTY", "TIME", "CMD"]
AUX_TITLES = ["USER", "PID", "%CPU", "%MEM", "VSZ", "RSS", "TTY", "STAT", "START", "TIME", "COMMAND"]


def table(processes: list[psutil.Process], arguments: str) -> Json:
    """Return the process table in the columns of ``ps -ef`` or, for ``aux``, of ``ps aux``."""
    is_aux = "aux" in arguments
    rows = []
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            rows.append(_aux_row(process) if is_aux else _row(process))
    return {"Titles": AUX_TITLES if is_aux else TITLES, "Processes": rows}


def _row(process: psutil.Process) -> list[str]:
    return [
        "root",
        str(process.pid),
        str(process.ppid()),
        "0",
        _begun(process),
        _terminal(process),
        _spent(process),
        _command(process),
    ]


def _aux_row(process: psutil.Process) -> list[str]:
    memory = process.memory_info()
    share = f"{process.memory_percent():.1f}"
    sizes = [str(memory.vms // 1024), str(memory.rss // 1024)]
    return ["root", str(process.pid), "0.0", share, *sizes, _terminal(process), "S", _begun(process), _spent(process),
            _command(process)]  # fmt: skip


def _begun(process: psutil.Process) -> str:
    return datetime.datetime.fromtimestamp(process.create_time(), datetime.UTC).strftime("%H:%M")


def _terminal(process: psutil.Process) -> str:
    return (process.terminal() or "?").removeprefix("/dev/")


def _spent(process: psutil.Process) -> str:
    times = process.cpu_times()
    return str(datetime.timedelta(seconds=int(times.user + times.system))).rjust(8, "0")


def _command(process: psutil.Process) -> str:
    return " ".join(process.cmdline()) or process.name()


def stats(container: Container, processes: list[psutil.Process], before: Json) -> Json:
    """Return one reading of what a container uses: processor time, memory, processes; the rest is not measured."""
    spent, memory = 0.0, 0
    for process in processes:
        with contextlib.suppress(psutil.Error):
            times = process.cpu_times()
            spent += times.user + times.system
            memory += process.memory_info().rss
    total = psutil.cpu_times()
    usage = {
        "cpu_usage": {"total_usage": int(spent * 1e9), "usage_in_kernelmode": 0, "usage_in_usermode": int(spent * 1e9)},
        "system_cpu_usage": int((total.user + total.system + total.idle) * 1e9), "online_cpus": psutil.cpu_count(),
        "throttling_data": {"periods": 0, "throttled_periods": 0, "throttled_time": 0},
    }  # fmt: skip
    return {
        "read": now(), "preread": before.get("read", ZERO_TIME), "id": container.id, "name": f"/{container.name}",
        "cpu_stats": usage, "precpu_stats": before.get("cpu_stats", {"cpu_usage": {"total_usage": 0}}),
        "memory_stats": {"usage": memory, "limit": psutil.virtual_memory().total, "stats": {}} if processes else {},
        "pids_stats": {"current": len(processes)} if processes else {}, "num_procs": 0, "storage_stats": {},
        "blkio_stats": {"io_service_bytes_recursive": None}, "networks": {},
    }  # fmt: skip
