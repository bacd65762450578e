"""``python -m harness COMMAND``: what is not a test run."""

from __future__ import annotations

import argparse
import io
import os
import sys
from collections.abc import Sequence

from harness.errors import HarnessError

USAGE = 2
"""The exit code for what the caller must change; 0 is clean, 1 says that something was found or left."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code; bad input costs one sentence, never a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
    name = "harness"
    try:
        options = parser().parse_args(arguments)
        name = f"harness {options.command}"
        code: int = options.run(options)
        sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # or the interpreter complains at its end
        return 0
    except (HarnessError, OSError) as error:
        print(f"{name}: {_sentence(error)}", file=sys.stderr)  # noqa: T201 - a command's output
        return USAGE
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)  # noqa: T201 - a command's output
        return USAGE
    return code


def _sentence(error: HarnessError | OSError) -> str:
    """Return what an error says; of a file, which one, and that another may do."""
    if isinstance(error, OSError) and error.filename is not None:
        return f"{error.filename}: {error.strerror}; name another path, or mend this one."
    return str(error)


def parser() -> argparse.ArgumentParser:
    """Return the parser of all commands, each with its own ``--help``."""
    from harness.commands import COMMANDS  # who interrupts this is told so by `main`

    result = argparse.ArgumentParser(prog="python -m harness", description="Tools of the homework's acceptance suite.")
    commands = result.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, command in COMMANDS.items():
        about = (command.__doc__ or "").partition("\n")[0]
        subparser = commands.add_parser(name, help=about, description=command.__doc__, allow_abbrev=False)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return result


if __name__ == "__main__":
    sys.exit(main())
