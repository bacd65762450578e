"""The command line: which verb is meant, and how its failure is told."""

from __future__ import annotations

import importlib
import os
import sys

from .client import Failed
from .options import Help
from .output import complain

VERSION = "27.5.1"
VERBS = {
    "containers": "ps rm stop restart kill pause unpause wait rename port top stats update",
    "streams": "start attach exec logs",
    "copying": "cp",
    "running": "run create",
    "images": "images pull push rmi tag history build search commit",
    "system": "version info events inspect login logout",
}
GROUPS = {
    "container": {"ls": "ps", "list": "ps", "ps": "ps", "remove": "rm"},
    "image": {"ls": "images", "list": "images", "rm": "rmi", "remove": "rmi"},
    "builder": {"build": "build"},
    "system": {"info": "info", "events": "events"},
}
OWN_GROUPS = {"system", "volume", "network"}
PRUNED = {*GROUPS, *OWN_GROUPS}
USAGE = """Usage:  docker [OPTIONS] COMMAND

A self-sufficient runtime for containers (the embedded engine's own command)

Commands:
  {verbs}

Run 'docker COMMAND --help' for more information on a command."""


def main(arguments: list[str]) -> int:
    """Run one command and return its exit code."""
    try:
        words = _global_options(arguments)
        if not words or words[0] in {"help", "--help", "-h"}:
            sys.stdout.write(USAGE.format(verbs=" ".join(sorted(" ".join(VERBS.values()).split()))) + "\n")
            return 0
        return _dispatch(words)
    except Help as asked:
        sys.stdout.write(f"Usage:  docker {asked} [OPTIONS]\n")
        return 0
    except Failed as failed:
        complain(failed.message)
        return failed.code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return 1
    except KeyboardInterrupt:
        return 130
    finally:
        try:
            sys.stdout.flush()
        except BrokenPipeError:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)


def _global_options(arguments: list[str]) -> list[str]:
    """Read what stands before the verb."""
    words = list(arguments)
    while words and words[0].startswith("-"):
        name, equals, value = words.pop(0).partition("=")
        if name in {"-v", "--version"}:
            sys.stdout.write(f"Docker version {VERSION}, build embedded\n")
            return ["--quiet-success"]
        if name in {"-H", "--host", "--context", "-c", "--config", "-l", "--log-level"}:
            if not equals and not words:
                raise Failed(f"flag needs an argument: {name}", 125)
            value = value if equals else words.pop(0)
            if name in {"-H", "--host"}:
                os.environ["DOCKER_HOST"] = value
        elif name in {"-h", "--help"}:
            return ["help"]
        elif name not in {"-D", "--debug", "--tls", "--tlsverify"}:
            raise Failed(f"unknown flag: {name}\nSee 'docker --help'.", 125)
    return words


def _dispatch(words: list[str]) -> int:
    verb, *rest = words
    if verb == "--quiet-success":
        return 0
    if verb in PRUNED and rest[:1] == ["prune"]:
        handler = _handler("pruning", f"{verb}_prune")
        assert handler is not None
        return int(handler(rest[1:]))
    if verb in GROUPS or verb in OWN_GROUPS:
        if rest and verb in OWN_GROUPS and (handler := _handler("system", f"{verb}_{rest[0].replace('-', '_')}")):
            return int(handler(rest[1:]))
        if rest and verb in GROUPS:
            return _dispatch([GROUPS[verb].get(rest[0], rest[0]), *rest[1:]])
        raise Failed(f"Usage:  docker {verb} COMMAND")
    for module, names in VERBS.items():
        if verb in names.split():
            handler = _handler(module, verb)
            assert handler is not None
            return int(handler(rest))
    raise Failed(f"docker: unknown command: docker {verb}\n\nRun 'docker --help' for more information")


def _handler(module: str, name: str):  # type: ignore[no-untyped-def]  # noqa: ANN202 - a function of a module chosen by name
    return getattr(importlib.import_module(f".{module}", __package__), f"do_{name}", None)
