"""Steps that concern what is in an image: RUN, COPY, ADD."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from harness.offline.engine import packages
from harness.offline.engine.build import context
from harness.offline.engine.build.dockerfile import Instruction, split
from harness.offline.engine.build.steps import StepFailed, Steps
from harness.offline.engine.errors import ApiError
from harness.offline.engine.model import Image


class Contents(Steps):
    """Handlers of these instructions. RUN lines are checked for form and recorded, not executed."""

    # RUN

    def _run(self, one: Instruction) -> Iterator[str]:
        is_shell = one.json_form() is None
        argv = one.json_form() or self._shell_form(one)
        shown = " ".join(argv)
        script = one.value if is_shell else shown
        found = self._recorded(script, shown)

        def said() -> Iterator[str]:
            if is_shell:
                yield from self._check_form(argv, shown, script)
            yield from self._check_commands(script, shown, found)
            installs = " ".join([*found.apt, *found.pip])
            yield "Checked and recorded by the embedded engine, not executed" + (
                f"; installs: {installs}\n" if installs else "\n"
            )

        image = self.stage.image
        yield from self._commit(shown, said=said, apt=[*image.apt, *found.apt], pip=[*image.pip, *found.pip])

    def _check_form(self, argv: list[str], shown: str, script: str) -> Iterator[str]:
        complaint = packages.syntax_error(argv, script)
        if complaint is not None:
            yield f"{complaint}\n"
            raise StepFailed(f"The command '{shown}' returned a non-zero code: 2", 2)

    def _recorded(self, script: str, shown: str) -> packages.Recorded:
        try:
            found = packages.recorded(script)
        except ValueError:  # quoting that the shell accepts and shlex does not read: nothing can be recorded of it
            return packages.Recorded()
        for name in found.requirement_files:
            text = self._read_from_image(name)
            if text is None:
                reason = f"ERROR: Could not open requirements file: [Errno 2] No such file or directory: '{name}'"
                raise StepFailed(f"{reason}\nThe command '{shown}' returned a non-zero code: 1", 1)
            found.pip += [named for line in text.splitlines() if (named := packages.requirement_name(line))]
        return found

    def _read_from_image(self, name: str) -> str | None:
        path = posixpath.join(self.stage.image.config.get("WorkingDir") or "/", name).lstrip("/")
        for layer in reversed(self.stage.image.layers):
            if (Path(layer) / path).is_file():
                return (Path(layer) / path).read_text(errors="replace")
        return None

    def _check_commands(self, script: str, shown: str, found: packages.Recorded) -> Iterator[str]:
        """Fail as the shell does where Python's commands are used before anything installed them."""
        installed = self.stage.image.apt + found.apt
        try:
            used = [name for words in packages.commands(script) if (name := packages.needs_python(words))]
        except ValueError:
            return
        for name in used:
            has = packages.has_pip(installed) if name.startswith("pip") else packages.has_python(installed)
            if not has and self.stage.image.family in {"ubuntu", "debian", "httpd", "busybox"}:
                yield f"/bin/sh: 1: {name}: not found\n"
                raise StepFailed(f"The command '{shown}' returned a non-zero code: 127", 127)

    # COPY and ADD

    def _copy(self, one: Instruction) -> Iterator[str]:
        words = one.json_form() or split(one.value, self.stage.variables)
        source_root = self._source_root(one)
        *patterns, target = words
        try:
            if one.name == "ADD" and any("://" in pattern for pattern in patterns):
                raise context.CopyFailed(f"failed to GET {patterns[0]}: no server is reached from the embedded engine")
            sources = [path for pattern in patterns for path in context.find(source_root, pattern)]
            if len(sources) > 1 and not target.endswith("/"):
                raise context.CopyFailed(
                    f"When using {one.name} with more than one source file, the destination must be a directory and "
                    "end with a /"
                )
        except context.CopyFailed as failed:
            raise StepFailed(f"{one.name} failed: {failed}") from None
        place = posixpath.normpath(posixpath.join(self.stage.image.config.get("WorkingDir") or "/", target)).lstrip("/")
        into = target.endswith("/") or target in {".", ".."} or self._is_folder(place)

        def fill(layer: Path) -> None:
            context.copy(sources, layer / place, into=into, extract=one.name == "ADD")

        content = context.checksum(sources)
        yield from self._commit(f"/bin/sh -c #(nop) {one.name} multi:{content} in {target} ", content, fill)

    def _source_root(self, one: Instruction) -> Path:
        name = one.flags.get("from")
        if name is None:
            return self.folder
        for number, stage in enumerate(self.stages[:-1]):
            if name.lower() in {stage.name, str(number)}:
                return self._merged(stage.image)
        try:
            return self._merged(self.store.image(name))
        except ApiError:
            raise StepFailed(f"invalid from flag value {name}: {'pull access denied for ' + name}") from None

    def _merged(self, image: Image) -> Path:
        """Lay the files that a stage copied or made over one another, to be copied from."""
        merged = self.folder.parent / f"stage-{image.id[-12:]}"
        for layer in image.layers:
            context.copy([Path(layer)], merged, into=True, extract=False)
        merged.mkdir(exist_ok=True)
        return merged

    def _is_folder(self, place: str) -> bool:
        known = {
            "",
            "tmp",
            "root",
            "home",
            "opt",
            "srv",
            "var",
            "etc",
            "usr",
            "usr/local",
            "usr/local/bin",
            "usr/local/apache2/htdocs",
        }
        volumes = {name.strip("/") for name in self.stage.image.config.get("Volumes") or {}}
        working = (self.stage.image.config.get("WorkingDir") or "/").strip("/")
        return place in known | volumes | {working} or any(
            (Path(layer) / place).is_dir() for layer in self.stage.image.layers
        )
