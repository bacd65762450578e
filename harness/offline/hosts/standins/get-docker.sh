#!/bin/sh
# In place of Docker's convenience script (https://get.docker.com): it installs the same packages from the same source.
set -e
as_root() {
  echo "+ $*"
  if [ "$(id -un)" = root ]; then "$@"; else sudo -E "$@"; fi
}
if command -v docker > /dev/null; then
  echo 'Warning: the "docker" command appears to already exist on this system.' >&2
fi
codename=$(. /etc/os-release && echo "$VERSION_CODENAME")
as_root apt-get -qq update
as_root apt-get -y -qq install ca-certificates curl
as_root install -m 0755 -d /etc/apt/keyrings
as_root curl -fsSL https://download.docker.com/linux/ubuntu/gpg -o /etc/apt/keyrings/docker.asc
as_root chmod a+r /etc/apt/keyrings/docker.asc
echo "deb [arch=$(dpkg --print-architecture) signed-by=/etc/apt/keyrings/docker.asc]" \
  "https://download.docker.com/linux/ubuntu $codename stable" | as_root tee /etc/apt/sources.list.d/docker.list > /dev/null
as_root apt-get -qq update
as_root apt-get -y -qq install docker-ce docker-ce-cli containerd.io docker-compose-plugin docker-buildx-plugin
as_root docker version || true
