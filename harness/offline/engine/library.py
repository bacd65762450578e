"""The images that the embedded engine knows by name, as Docker Hub's official library has them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from harness.offline.engine.errors import ApiError
from harness.offline.engine.model import Image, Json
from harness.offline.engine.naming import Reference

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
CREATED = "2026-01-15T09:00:00.000000000Z"
HTTPD_VERSION = "2.4.66"


@dataclass(frozen=True)
class Release:
    """One image of the library: its tags, and what its os-release says."""

    family: str
    tags: tuple[str, ...]
    version: str
    codename: str
    megabytes: int


RELEASES = (
    Release("ubuntu", ("latest", "24.04", "noble"), "24.04", "noble", 78),
    Release("ubuntu", ("22.04", "jammy"), "22.04", "jammy", 77),
    Release("ubuntu", ("20.04", "focal"), "20.04", "focal", 72),
    Release("ubuntu", ("18.04", "bionic"), "18.04", "bionic", 63),
    Release("debian", ("latest", "13", "trixie", "trixie-slim", "stable", "stable-slim"), "13", "trixie", 120),
    Release("debian", ("12", "bookworm", "bookworm-slim"), "12", "bookworm", 116),
    Release("busybox", ("latest", "1", "1.37", "stable", "glibc", "musl"), "1.37.0", "", 4),
    Release("httpd", ("latest", "2", "2.4", HTTPD_VERSION, "trixie"), "13", "trixie", 117),
    Release("httpd", ("alpine", "2.4-alpine", "2-alpine", f"{HTTPD_VERSION}-alpine"), "13", "trixie", 64),
    Release("hello-world", ("latest", "linux", "nanoserver"), "", "", 0),
)


def config_of(family: str) -> Json:
    """Return the container configuration that an image of the family carries."""
    config: Json = {"Env": [f"PATH={PATH}"], "Cmd": ["/bin/bash"], "WorkingDir": "", "Labels": None}
    if family == "ubuntu":
        config["Labels"] = {"org.opencontainers.image.ref.name": "ubuntu"}
    elif family == "busybox":
        config["Cmd"] = ["sh"]
    elif family == "hello-world":
        config["Cmd"] = ["/hello"]
    elif family == "httpd":
        prefix = "/usr/local/apache2"
        config |= {
            "Env": [f"PATH={prefix}/bin:{PATH}", f"HTTPD_PREFIX={prefix}", f"HTTPD_VERSION={HTTPD_VERSION}"],
            "Cmd": ["httpd-foreground"], "WorkingDir": prefix, "ExposedPorts": {"80/tcp": {}}, "StopSignal": "SIGWINCH",
        }  # fmt: skip
    return config


def find(reference: Reference) -> Image:
    """Return a new image as the registry would deliver it.

    Raises 404 as Docker Hub does for a repository or tag that it does not have, and 500 for any other registry:
    no registry is reached from here.
    """
    if reference.domain != "docker.io":
        raise ApiError(500, f'Get "https://{reference.domain}/v2/": dial tcp: lookup {reference.domain}: no such host')
    named = [release for release in RELEASES if f"library/{release.family}" == reference.path]
    if not named:
        raise ApiError(
            404,
            f"pull access denied for {reference.repository}, repository does not exist or may require 'docker login': "
            "denied: requested access to the resource is denied",
        )
    for release in named:
        image = _image(release)
        if reference.tag in release.tags or reference.digest == image.digests[0].partition("@")[2]:
            return image
    raise ApiError(404, f"manifest for {reference.familiar} not found: manifest unknown: manifest unknown")


def digest(*parts: str) -> str:
    """Return a digest that is the same for the same parts."""
    return "sha256:" + hashlib.sha256("\0".join(parts).encode()).hexdigest()


def _image(release: Release) -> Image:
    key = (release.family, *release.tags)
    config = config_of(release.family)
    created_by = f"/bin/sh -c #(nop)  CMD {config['Cmd']}".replace("'", '"')
    return Image(
        id=digest("image", *key),
        family=release.family,
        release=release.codename or release.version,
        config=config,
        created=CREATED,
        size=release.megabytes * 10**6 or 10_072,
        digests=[f"{release.family}@{digest('manifest', *key)}"],
        history=[
            {"created": CREATED, "created_by": "/bin/sh -c #(nop) ADD file in / ", "size": release.megabytes * 10**6},
            {"created": CREATED, "created_by": created_by, "size": 0, "empty_layer": True},
        ],
        diff_ids=[digest("layer", *key)],
    )


def os_release(family: str, codename: str) -> str:
    """Return the container's ``/etc/os-release``."""
    version = next((entry.version for entry in RELEASES if entry.codename == codename), codename)
    if family == "ubuntu":
        name, identity, title = "Ubuntu", "ubuntu", f"{version} LTS ({codename.title()})"
    else:
        name, identity, title = "Debian GNU/Linux", "debian", f"{version} ({codename})"
    return (
        f'PRETTY_NAME="{name} {title}"\nNAME="{name}"\nVERSION_ID="{version}"\nVERSION="{title}"\n'
        f"VERSION_CODENAME={codename}\nID={identity}\n" + ("ID_LIKE=debian\n" if identity == "ubuntu" else "")
    )
