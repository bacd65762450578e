"""Dockerfiles as builds: what an instruction refers to is there, and stays there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.dockerfile import Instruction, instructions
from harness.material.document import Block
from harness.material.finding import Found, rule
from harness.material.material import Material

_NO_APT = (
    "alpine",
    "fedora",
    "centos",
    "rockylinux",
    "almalinux",
    "amazonlinux",
    "archlinux",
    "busybox",
    "scratch",
    "opensuse",
)
"""Images that have no apt."""


@rule("DF019", "error")
def copies_are_there(material: Material) -> Iterator[Found]:
    """COPY and ADD take what the reader was told to put beside the Dockerfile."""
    written = {block.path.rsplit("/", 1)[-1] for block in material.document.blocks if block.path}
    for _, one in _all(material, "COPY", "ADD"):
        words = [word for word in one.value.split() if not word.startswith("--")]
        if "--from" in one.value or "<<" in one.value or one.value.startswith("["):
            continue
        for word in words[:-1]:
            name = word.rstrip("/").rsplit("/", 1)[-1]
            if "://" not in word and not re.search(r"[*?$]|^\.?/?$|^\.$", word) and name not in written:
                yield Found(
                    one.place,
                    f"failed to compute cache key: {word!r}: not found; no step writes it into the directory",
                    "have the reader write it, or leave the line out",
                )


@rule("DF020", "error")
def users_are_made(material: Material) -> Iterator[Found]:
    """USER names a user that the base has or that a RUN makes."""
    for block, one in _all(material, "USER"):
        name = one.value.split(":")[0].strip()
        made = any(name in command.argv for other in instructions(block) if other.name == "RUN" for command in other.commands
                   if command.name in ("useradd", "adduser"))  # fmt: skip
        if (
            not made
            and not name.isdigit()
            and name not in ("root", "ubuntu", "nobody", "www-data", "daemon")
            and "$" not in name
        ):
            yield Found(
                one.place,
                f"unable to find user {name}: no matching entries in passwd file",
                f"RUN useradd --create-home {name} before it",
            )


@rule("DF024", "warning")
def users_are_not_root(material: Material) -> Iterator[Found]:
    """Nobody is made root by a USER that says so: it is what everybody is without one, or takes back an earlier one."""
    for _, one in _all(material, "USER"):
        if re.fullmatch(r"(?:root|0)(?::(?:root|0))?", one.value.strip()):
            yield Found(
                one.place,
                "the last USER is root: the container's processes run as root",
                "leave the line out, or name a user",
            )


@rule("DF021", "error")
def path_keeps_the_system(material: Material) -> Iterator[Found]:
    """PATH keeps the directories in which the base has its programs."""
    for _, one in _all(material, "ENV"):
        match = re.match(r"PATH[= ]\s*[\"']?([^\s\"']+)", one.value)
        if match and "$PATH" not in match[1] and "${PATH" not in match[1]:
            missing = [folder for folder in ("/usr/bin", "/bin") if folder not in match[1].split(":")]
            if "/usr/bin" in missing:
                yield Found(
                    one.place,
                    "PATH without /usr/bin: env, python3 and apt-get are not found any more",
                    "add /usr/bin, or end it in :$PATH",
                )


@rule("DF022", "error")
def package_managers_fit(material: Material) -> Iterator[Found]:
    """Apt is called in images that have it."""
    for block in material.blocks("dockerfile"):
        found = instructions(block)
        base = next((one for one in found if one.name == "FROM"), None)
        name = base.value.split()[0].partition(":")[0].rsplit("/", 1)[-1] if base and base.value.split() else ""
        uses = any(c.name in ("apt", "apt-get") for one in found if one.name == "RUN" for c in one.commands)
        if base is not None and name in _NO_APT and uses:
            yield Found(
                base.place,
                f"/bin/sh: apt-get: not found: {name} has none",
                "take ubuntu:24.04, or the base's own package manager",
            )


def _all(material: Material, *names: str) -> Iterator[tuple[Block, Instruction]]:
    """Yield the instructions of these names with their blocks."""
    for block in material.blocks("dockerfile"):
        yield from ((block, one) for one in instructions(block) if one.name in names)
