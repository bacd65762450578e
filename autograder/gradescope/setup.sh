#!/usr/bin/env bash
# Gradescope runs this once, as root, when it builds the image. Only judging needs to be installed: recorded
# evidence is judged again, so there is no cloud, no Docker and no SageMaker SDK here.
set -euo pipefail
source="${AUTOGRADER_ROOT:-/autograder}/source"

fits='import ensurepip, sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))'
python=python3
if ! "$python" -c "$fits" 2>/dev/null; then
    apt-get update -qq
    for version in 3.12 3.13 3.11; do
        apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" || continue
        python="python$version"
        break
    done
fi

"$python" -m venv "$source/.venv"
# The suite's own pins, and of them what judging imports.
grep -E '^(pytest|boto3|botocore|cattrs|filelock|psutil|fastjsonschema|jinja2|cryptography|packaging)==' \
    "$source/suite/requirements.txt" > "$source/judging.txt"
"$source/.venv/bin/pip" install --quiet --no-cache-dir --disable-pip-version-check -r "$source/judging.txt"
