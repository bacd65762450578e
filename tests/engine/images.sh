#!/bin/sh
# Makes the images that the parity table needs on a real engine that reaches no registry: "ubuntu" (a minimal Debian from
# debootstrap: what is compared is the engine, not the distribution) and "hello-world". Needs root, debootstrap and a
# running engine (DOCKER_HOST); takes about a minute, nothing where the images are there already.
set -eu

docker image inspect ubuntu:latest > /dev/null 2>&1 || {
    folder=$(mktemp -d)
    trap 'rm -rf "$folder"' EXIT
    debootstrap --variant=minbase bookworm "$folder/root" > "$folder/log" 2>&1 || { tail -20 "$folder/log" >&2; exit 1; }
    tar -C "$folder/root" -c . | docker import -c 'CMD ["/bin/bash"]' \
        -c 'LABEL org.opencontainers.image.ref.name=ubuntu' \
        -c 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' - ubuntu:latest
}
docker image inspect hello-world:latest > /dev/null 2>&1 ||
    printf 'FROM ubuntu\nCMD ["echo", "Hello from Docker!"]\n' | DOCKER_BUILDKIT=0 docker build -q -t hello-world -
