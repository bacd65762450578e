"""Images: pull, tag, list, remove."""

from __future__ import annotations

import fnmatch
import shutil
from collections.abc import Iterator
from dataclasses import dataclass

from harness.offline.engine import filters, library
from harness.offline.engine.documents import image_summary
from harness.offline.engine.errors import bad_parameter, conflict
from harness.offline.engine.model import Image, Json
from harness.offline.engine.naming import Reference, parse_reference, seconds
from harness.offline.engine.store import Store

FILTERS = {"before", "dangling", "label", "reference", "since", "until"}


@dataclass
class Images:
    """The images of an engine."""

    store: Store

    def emit(self, image: Image, action: str, name: str = "") -> None:
        """Record an event of an image."""
        named = name or (image.tags[0] if image.tags else image.id)
        actor = image.id if action in {"delete", "untag", "tag"} else named
        self.store.events.emit("image", action, actor, {"name": named})

    # Pull

    def pull(self, reference: Reference) -> list[Json]:
        """Take an image of the library into the store and return the pull's messages; raises as a registry does."""
        fresh = library.find(reference)
        here = self.store.images.get(fresh.id)
        is_new = here is None or reference.familiar not in here.tags
        messages: list[Json] = [{"status": f"Pulling from {reference.path}", "id": reference.tag or reference.digest}]
        if here is None:
            messages += _layer_messages(fresh)
            self.store.images[fresh.id] = here = fresh
        if reference.digest is None and is_new:
            self.move_tag(reference.familiar, here)
        self.emit(here, "pull", reference.familiar)
        state = (
            f"Downloaded newer image for {reference.familiar}"
            if is_new
            else f"Image is up to date for {reference.familiar}"
        )
        return [*messages, {"status": f"Digest: {here.digests[0].partition('@')[2]}"}, {"status": f"Status: {state}"}]

    # Tags

    def move_tag(self, familiar: str, image: Image) -> None:
        """Give a tag to an image, and take it from the one that had it."""
        for other in self.store.images.values():
            if familiar in other.tags:
                other.tags.remove(familiar)
        image.tags.append(familiar)

    def tag(self, image: Image, repository: str, tag: str) -> None:
        """Add a tag to an image."""
        reference = parse_reference(f"{repository}:{tag}" if tag else repository)
        if reference.digest:
            raise bad_parameter("refusing to create a tag with a digest reference")
        self.move_tag(reference.familiar, image)
        self.emit(image, "tag", reference.familiar)

    # Lists

    def select(self, everything: bool, asked: dict[str, list[str]]) -> list[Json]:
        """Return the list of images that a request asks for, newest first."""
        found = [image for image in self.store.images.values() if self._passes(image, everything, asked)]
        ordered = sorted(found, key=lambda one: one.created, reverse=True)
        wanted = asked.get("reference")
        return [image_summary(image) | ({"RepoTags": _tags(image, wanted)} if wanted else {}) for image in ordered]

    def _passes(self, image: Image, everything: bool, asked: dict[str, list[str]]) -> bool:
        is_dangling = not image.tags
        if is_dangling and self.store.children(image) and not everything:
            return False
        for value in asked.get("dangling", []):
            if filters.flag({"dangling": value}, "dangling") != is_dangling:
                return False
        if not filters.labels_match(image.config.get("Labels"), asked.get("label", [])):
            return False
        wanted = asked.get("reference", [])
        if wanted and not _tags(image, wanted):
            return False
        moment = seconds(image.created)
        if any(moment >= seconds(self.store.image(name).created) for name in asked.get("before", [])):
            return False
        return all(moment > seconds(self.store.image(name).created) for name in asked.get("since", []))

    # Removal

    def remove(self, name: str, *, force: bool, prune: bool) -> list[Json]:
        """Remove a tag, and the image with its last one; raises 409 where it is used, with moby's sentences."""
        image = self.store.image(name)
        by_id = image.id.removeprefix("sha256:").startswith(name.removeprefix("sha256:"))
        if not by_id and (len(image.tags) > 1 or self._is_only_a_tag(image, name)):
            return [self._untag(image, parse_reference(name).familiar)]
        self._check_removable(image, name, force, by_id)
        removed = [self._untag(image, tag) for tag in list(image.tags)]
        removed += [{"Untagged": one} for one in image.digests]
        return removed + (self._delete(image, prune) if not self.store.using(image) else [])

    def _is_only_a_tag(self, image: Image, name: str) -> bool:
        """Tell whether removing the tag leaves the image because others build on it."""
        return bool(image.tags == [parse_reference(name).familiar] and self.store.children(image))

    def _check_removable(self, image: Image, name: str, force: bool, by_id: bool) -> None:
        short = image.id.removeprefix("sha256:")[:12]
        if by_id and len(image.tags) > 1 and not force:
            raise conflict(
                f"conflict: unable to delete {short} (must be forced) - image is referenced in multiple repositories"
            )
        if by_id and self.store.children(image):
            raise conflict(f"conflict: unable to delete {short} (cannot be forced) - image has dependent child images")
        for container in self.store.using(image):
            running, user = container.state.running, container.id[:12]
            if by_id and running:
                raise conflict(
                    f"conflict: unable to delete {short} (cannot be forced) - image is being used by running container "
                    f"{user}"
                )
            if not force and by_id:
                raise conflict(
                    f"conflict: unable to delete {short} (must be forced) - image is being used by stopped container "
                    f"{user}"
                )
            if not force:
                raise conflict(
                    f'conflict: unable to remove repository reference "{name}" (must force) - container {user} is '
                    f"using its referenced image {short}"
                )

    def _untag(self, image: Image, tag: str) -> Json:
        image.tags.remove(tag)
        self.emit(image, "untag")
        return {"Untagged": tag}

    def _delete(self, image: Image, prune: bool) -> list[Json]:
        if self.store.children(image):
            return []
        del self.store.images[image.id]
        shutil.rmtree(self.store.directory / "images" / image.id.removeprefix("sha256:"), ignore_errors=True)
        self.emit(image, "delete")
        deleted: list[Json] = [{"Deleted": image.id}]
        parent = self.store.images.get(image.parent)
        if prune and parent is not None and not parent.tags and not self.store.using(parent):
            deleted += self._delete(parent, prune)
        return deleted

    def prune(self, asked: dict[str, list[str]]) -> Json:
        """Remove images that no container uses: the untagged ones, with ``dangling=false`` the others too."""
        everything = any(not filters.flag({"v": value}, "v") for value in asked.get("dangling", []))
        deleted: list[Json] = []
        freed = 0
        for image in list(self.store.images.values()):
            unused = image.id in self.store.images and not self.store.using(image) and not self.store.children(image)
            if (
                unused
                and (everything or not image.tags)
                and filters.labels_match(image.config.get("Labels"), asked.get("label", []))
            ):
                deleted += [self._untag(image, tag) for tag in list(image.tags)] + self._delete(image, True)
                freed += image.size
        return {"ImagesDeleted": deleted or None, "SpaceReclaimed": freed}

    def history(self, image: Image) -> list[Json]:
        """Return the history of an image, newest layer first."""
        entries = [
            {
                "Id": "<missing>", "Created": int(seconds(entry["created"])), "CreatedBy": entry["created_by"],
                "Tags": None, "Size": entry.get("size", 0), "Comment": "",
            }
            for entry in reversed(image.history)
        ]  # fmt: skip
        if entries:
            entries[0] |= {"Id": image.id, "Tags": list(image.tags) or None}
        return entries


def _tags(image: Image, patterns: list[str]) -> list[str]:
    return [tag for tag in image.tags if any(_refers(pattern, tag) for pattern in patterns)]


def _refers(pattern: str, tag: str) -> bool:
    repository = tag.rpartition(":")[0]
    return fnmatch.fnmatch(tag if ":" in pattern else repository, pattern)


def _layer_messages(image: Image) -> Iterator[Json]:
    size = image.size
    for layer in (one.removeprefix("sha256:")[:12] for one in image.diff_ids):
        yield {"status": "Pulling fs layer", "progressDetail": {}, "id": layer}
        bar = "[==================================================>]"
        detail = {"current": size, "total": size}
        yield {
            "status": "Downloading",
            "progressDetail": detail,
            "progress": f"{bar} {_size(size)}/{_size(size)}",
            "id": layer,
        }
        yield {"status": "Verifying Checksum", "progressDetail": {}, "id": layer}
        yield {"status": "Download complete", "progressDetail": {}, "id": layer}
        yield {
            "status": "Extracting",
            "progressDetail": detail,
            "progress": f"{bar} {_size(size)}/{_size(size)}",
            "id": layer,
        }
        yield {"status": "Pull complete", "progressDetail": {}, "id": layer}


def _size(number: float) -> str:
    for unit in ("B", "kB", "MB"):
        if number < 1000:
            return f"{number:.4g}{unit}"
        number /= 1000
    return f"{number:.4g}GB"
