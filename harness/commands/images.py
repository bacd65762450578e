"""Build the images of --hosts=docker, and say what is done.

An instance is a container of the one; from the other come Ubuntu's, Docker's and Python's packages and the homework's
images, so that a run asks nothing of the network. What is up to date is left alone: a second call takes a moment.
Begins with ubuntu:24.04 from its registry, or, where none answers, with a root file system by debootstrap (as root).
"""

from __future__ import annotations

import argparse
import sys


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare what else can be done with them."""
    parser.add_argument("--check", action="store_true", help="build nothing; exit code 1: something is missing")
    parser.add_argument("--remove", action="store_true", help="remove them all")


def run(options: argparse.Namespace) -> int:
    """Build, look or remove."""
    from harness.offline.images import builder  # the docker SDK takes its time: only this command imports it
    from harness.offline.images.engine import connect

    client = connect(timeout=3600)
    try:
        if options.remove:
            builder.remove(client, _say)
        elif options.check:
            absent = builder.missing(client)
            _say(f"missing or out of date: {', '.join(absent)}" if absent else "up to date")
            return 1 if absent else 0
        else:
            builder.build(client, _say)
    finally:
        client.close()
    return 0


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
