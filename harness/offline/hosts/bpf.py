"""A packet filter of one listening socket: SYNs of callers that are not admitted are dropped in the kernel.

Classic BPF as ``SO_ATTACH_FILTER`` takes it (linux/filter.h; socket(7)). An attached filter is replaced by attaching
the next one. Hardened kernels keep it for root (EPERM), other systems do not have it: the door then falls back.
"""

from __future__ import annotations

import ctypes
import ipaddress
import socket
import sys
from collections.abc import Iterable

_SO_ATTACH_FILTER = 26
_LOAD_WORD = 0x20  # BPF_LD | BPF_W | BPF_ABS
_JUMP_IF_EQUAL = 0x15  # BPF_JMP | BPF_JEQ | BPF_K
_RETURN = 0x06  # BPF_RET | BPF_K
_NETWORK_HEADER = 0xFFF00000  # SKF_NET_OFF, -0x100000
_SOURCE = _NETWORK_HEADER + 12
_WHOLE_PACKET = 0xFFFFFFFF


class _Instruction(ctypes.Structure):
    _fields_ = (("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32))


class _Program(ctypes.Structure):
    _fields_ = (("length", ctypes.c_ushort), ("filter", ctypes.POINTER(_Instruction)))


def attach_source_filter(listener: socket.socket, sources: Iterable[str]) -> bool:
    """Let only packets from ``sources`` (IPv4) reach ``listener``; return ``False`` where that is impossible."""
    if sys.platform != "linux":
        return False
    # Two instructions for each source instead of one far jump: a jump's offset is a single byte.
    instructions = [_Instruction(_LOAD_WORD, 0, 0, _SOURCE)]
    for source in sources:
        instructions.append(_Instruction(_JUMP_IF_EQUAL, 0, 1, int(ipaddress.IPv4Address(source))))
        instructions.append(_Instruction(_RETURN, 0, 0, _WHOLE_PACKET))
    instructions.append(_Instruction(_RETURN, 0, 0, 0))
    array = (_Instruction * len(instructions))(*instructions)
    program = _Program(len(instructions), ctypes.cast(array, ctypes.POINTER(_Instruction)))
    try:
        listener.setsockopt(socket.SOL_SOCKET, _SO_ATTACH_FILTER, bytes(program))
    except OSError:
        return False
    return True
