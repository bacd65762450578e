"""``docker container prune`` and its kin: remove what nothing uses, and say what that was."""

from __future__ import annotations

import sys

from .client import call
from .containers import filters
from .options import Options
from .output import say, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any


def do_container_prune(arguments: list[str]) -> int:
    """Remove the containers that do not run."""
    options = _asked("container", "", arguments)
    return _pruned("all stopped containers", options["force"], ("/containers/prune", filters(options["filter"]) or {}))


def do_image_prune(arguments: list[str]) -> int:
    """Remove the images without a tag, with ``--all`` also those that no container uses."""
    options = _asked("image", "a all", arguments)
    what = "all images without at least one container associated to them" if options["all"] else "all dangling images"
    return _pruned(what, options["force"], ("/images/prune", _images(options)))


def do_volume_prune(arguments: list[str]) -> int:
    """Remove volumes that no container mounts; those with a name only with ``--all``."""
    options = _asked("volume", "a all", arguments)
    chosen = {**(filters(options["filter"]) or {}), **({"all": ["1"]} if options["all"] else {})}
    return _pruned("volumes not used by at least one container", options["force"], ("/volumes/prune", chosen))


def do_network_prune(arguments: list[str]) -> int:
    """Remove the networks that no container is in."""
    options = _asked("network", "", arguments)
    return _pruned("all custom networks not used by at least one container", options["force"], ("/networks/prune", {}))


def do_builder_prune(arguments: list[str]) -> int:
    """Remove the build cache, of which there is none."""
    options = _asked("builder", "a all", arguments)
    return _pruned("all dangling build cache", options["force"])


def do_system_prune(arguments: list[str]) -> int:
    """Remove containers, networks and images, and volumes where asked, that nothing uses."""
    options = _asked("system", "a all, volumes", arguments)
    places = ["/containers/prune", "/networks/prune", *(["/volumes/prune"] if options["volumes"] else [])]
    asked = [(place, dict[str, list[str]]()) for place in places]
    return _pruned("all that is not used", options["force"], *asked, ("/images/prune", _images(options)))


def _asked(group: str, table: str, arguments: list[str]) -> dict[str, Any]:
    options, _ = Options(f"{group} prune", f"f force, filter*, {table}").parse(arguments)
    return options


def _images(options: dict[str, Any]) -> dict[str, list[str]]:
    return {**(filters(options["filter"]) or {}), "dangling": ["0" if options["all"] else "1"]}


def _pruned(what: str, forced: bool, *asked: tuple[str, dict[str, list[str]]]) -> int:
    """Ask unless told not to, remove, and list what was removed."""
    if not forced and not _agreed(what):
        return 0
    freed = 0
    for path, chosen in asked:
        answer = call("POST", path, {"filters": chosen or None}).document()
        freed += answer.get("SpaceReclaimed") or 0
        for kind, removed in answer.items():
            if isinstance(removed, list) and removed:
                say(f"Deleted {kind.removesuffix('Deleted')}:")
                for one in removed:
                    say(
                        one
                        if isinstance(one, str)
                        else "\n".join(f"{how.lower()}: {name}" for how, name in one.items())
                    )
                say("")
    say(f"Total reclaimed space: {size(freed)}")
    return 0


def _agreed(what: str) -> bool:
    sys.stdout.write(f"WARNING! This will remove {what}.\nAre you sure you want to continue? [y/N] ")
    sys.stdout.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}
