"""Pseudo-terminals: size, and the modes a client sends (RFC 4254, section 8)."""

from __future__ import annotations

import fcntl
import struct
import termios

_CHARACTERS = {
    1: "VINTR", 2: "VQUIT", 3: "VERASE", 4: "VKILL", 5: "VEOF", 6: "VEOL", 7: "VEOL2", 8: "VSTART", 9: "VSTOP",
    10: "VSUSP", 12: "VREPRINT", 13: "VWERASE", 14: "VLNEXT", 18: "VDISCARD",
}  # fmt: skip
_INPUT = {
    30: "IGNPAR", 31: "PARMRK", 32: "INPCK", 33: "ISTRIP", 34: "INLCR", 35: "IGNCR", 36: "ICRNL", 37: "IUCLC",
    38: "IXON", 39: "IXANY", 40: "IXOFF", 41: "IMAXBEL", 42: "IUTF8",
}  # fmt: skip
_LOCAL = {
    50: "ISIG", 51: "ICANON", 52: "XCASE", 53: "ECHO", 54: "ECHOE", 55: "ECHOK", 56: "ECHONL", 57: "NOFLSH",
    58: "TOSTOP", 59: "IEXTEN", 60: "ECHOCTL", 61: "ECHOKE", 62: "PENDIN",
}  # fmt: skip
_OUTPUT = {70: "OPOST", 71: "OLCUC", 72: "ONLCR", 73: "OCRNL", 74: "ONOCR", 75: "ONLRET"}
_UNSET = 255


def set_size(descriptor: int, size: tuple[int, int, int, int]) -> None:
    """Set a terminal's width and height in characters and in pixels; zero means unknown."""
    width, height, pixel_width, pixel_height = size
    fcntl.ioctl(descriptor, termios.TIOCSWINSZ, struct.pack("HHHH", height, width, pixel_width, pixel_height))


def set_modes(descriptor: int, modes: dict[int, int]) -> None:
    """Set the modes that this system has; those the client did not send keep the system's defaults."""
    attributes = termios.tcgetattr(descriptor)
    for flags, names in ((0, _INPUT), (1, _OUTPUT), (3, _LOCAL)):
        for code, name in names.items():
            bit = getattr(termios, name, 0)
            if code in modes:
                attributes[flags] = attributes[flags] | bit if modes[code] else attributes[flags] & ~bit
    for code, name in _CHARACTERS.items():
        position = getattr(termios, name, None)
        if code in modes and position is not None:
            attributes[6][position] = b"\0" if modes[code] == _UNSET else bytes([modes[code] & 0xFF])
    termios.tcsetattr(descriptor, termios.TCSANOW, attributes)
