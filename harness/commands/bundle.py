"""Put what a run saw into one file that can be handed in and judged again without a cloud.

The file holds the sealed facts, timeline and pictures of one run that ended; a run whose files were changed since is
refused. Live and final phase are two runs, and so two bundles: `regrade` takes both.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from harness.grading import bundle


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the run's directory."""
    parser.add_argument("directory", metavar="RUN_DIR", type=Path, help="the directory of a run that ended")
    parser.add_argument("--output", metavar="FILE", type=Path, help="the bundle (default: RUN_DIR/evidence-RUN_ID.tar)")


def run(options: argparse.Namespace) -> int:
    """Write the bundle, and say by which key it is sealed."""
    packed = bundle.pack(options.directory, options.output)
    sys.stdout.write(f"bundle: {packed.path}\nsealed by {packed.key}\n")
    return 0
