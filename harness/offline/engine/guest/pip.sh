#!/bin/sh
# pip of an embedded container: lists what the image installed; nothing can be downloaded here.
here=${0%/*}
case ${1:-} in
list | freeze)
    exec "$here/python3" -c 'import importlib.metadata as m
for name, version in sorted({(d.metadata["Name"], d.version) for d in m.distributions()}): print(f"{name}=={version}")'
    ;;
--version) echo "pip (embedded container)" ;;
install)
    for word in "$@"; do last=$word; done
    echo "ERROR: Could not find a version that satisfies the requirement $last (from versions: none)" >&2
    echo "ERROR: No matching distribution found for $last" >&2
    exit 1
    ;;
*) echo "ERROR: unknown command \"${1:-}\"" >&2; exit 1 ;;
esac
