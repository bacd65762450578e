"""What sentences say of commands: options, paths, ports, regions, prices and numbers that are others in the command."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterator

from harness.material import services
from harness.material.document import Place, Prose
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.rules.agreement import published, with_following
from harness.material.tables import table
from harness.material.words import meant


def place(prose: Prose, text: str) -> Place:
    """Return where a stretch of a paragraph stands: the stretch itself, its first word, or the paragraph."""
    for probe in (text, text.split(maxsplit=1)[0] if text.split() else text):
        for run in prose.runs:
            col = run.text.find(probe)
            if col >= 0:
                return Place(run.place.line, run.place.col + col)
    return prose.place


_OPTION = re.compile(
    r"(?<![\w-])(-{1,2}[a-zA-Z][\w-]*)`?(?:\s+(?:and|or)\s+`?-\w+`?)?\s+(?:flags?|options?|switch)\b|\b(?:flags?|options?|switch) `?(-{1,2}[a-zA-Z][\w-]*)"
)


@rule("NM010", "error")
def explained_options_are_used(material: Material) -> Iterator[Found]:
    """An option that a sentence explains is one of the section's commands."""
    for prose in material.document.prose:
        commands = [
            c for part in material.document.within(prose.section) if not isinstance(part, Prose) for c in part.commands
        ]
        words = {word.text.partition("=")[0] for command in commands for word in command.words}
        for match in _OPTION.finditer(prose.text) if commands else ():
            option = match[1] or match[2]
            letters = {letter for word in words if re.fullmatch(r"-[A-Za-z]+", word) for letter in word[1:]}
            is_there = option in words or (not option.startswith("--") and set(option[1:]) <= letters)
            if not is_there:
                repair = meant(option, words, "explain what stands in the command")
                yield Found(place(prose, option), f"no command of this section has the option {option}", repair)


_MEANING = {
    "-t": r"\b(?:terminal|tty)\b", "-i": r"\b(?:interactive|stdin|input|connects? (?:that|it|the terminal))\b", "-d": r"\b(?:background|detach\w*)\b",
    "-A": r"\b(?:forwards?|agent)\b", "-f": r"\bforces?\b",
}  # fmt: skip
"""What an option does, in the words by which one would explain it."""


@rule("NM012", "error")
def options_are_explained_right(material: Material) -> Iterator[Found]:
    """What a sentence says of an option is what that option does, not what another one does."""
    for prose in material.document.prose:
        marks = {run.text.strip() for run in prose.runs if run.is_code}
        for match in re.finditer(r"(-[a-zA-Z])\b ([^,.;:]+)", prose.text):
            own = _MEANING.get(match[1]) if match[1] in marks else None
            other = next(
                (
                    o
                    for o, words in _MEANING.items()
                    if o != match[1] and o in marks and re.search(words, match[2], re.I)
                ),
                None,
            )
            if own and other and not re.search(own, match[2], re.IGNORECASE):
                yield Found(place(prose, match[1]), f"this is what {other} does, not {match[1]}", f"write {other}")


@rule("NM011", "error")
def paths_in_text(material: Material) -> Iterator[Found]:
    """A path that a sentence names is the one that the commands of the document use."""
    used = {
        path.rstrip("/")
        for block in material.blocks("shell", "dockerfile", "file")
        for path in re.findall(r"(?<![\w:/.*-])(?:(?<=:)|)(/[\w.-]+(?:/[\w.-]+)+)", re.sub(r":(?=/)", " ", block.text))
    }
    for prose in material.document.prose:
        for run in prose.runs if "://" not in prose.text else ():
            for match in re.finditer(r"(?<![\w/:.~])(/[\w.-]+(?:/[\w.-]+)+)", run.text):
                path = match[1].rstrip("./")
                right = next((one for one in sorted(used) if _is_slip(path, one)), None)
                if right and path not in used and not any(one.startswith(f"{path}/") for one in used):
                    yield Found(
                        Place(run.place.line, run.place.col + match.start()),
                        f"no command uses {path}: they say {right}", f"write {right}",
                    )  # fmt: skip


def _is_slip(path: str, other: str) -> bool:
    """Say whether one path becomes, or leads into, another by a slip in one of its parts; a file beside another is none."""
    parts, others = path.split("/"), other.split("/")
    pairs = [pair for pair in zip(parts, others, strict=False) if pair[0] != pair[1]]
    is_whole = len(parts) == len(others) or parts[-1:] == others[len(parts) - 1 : len(parts)]
    if len(parts) > len(others) or len(pairs) != 1 or not is_whole:
        return False
    return difflib.SequenceMatcher(None, *pairs[0]).ratio() > _SLIP and {*pairs[0]} not in _PLACES


_SLIP = 0.75
_PLACES: tuple[set[str], ...] = ({"bin", "sbin"}, {"lib", "lib64"})
"""Names of directories a letter apart that are both right."""


@rule("PT006", "error")
def published_ports_in_text(material: Material) -> Iterator[Found]:
    """A sentence that says which port of the container is which of the host says it as the command does."""
    for prose, lines in with_following(material):
        for one in published(material):
            if one.word.place.line not in lines:
                continue
            for pattern, right, where in ((_INNER, one.inner, "container"), (_OUTER, one.host, "host")):
                match = re.search(pattern, prose.text, re.IGNORECASE)
                if match and int(match[1]) != right and int(match[1]) in (one.host, one.inner):
                    message = f"the {where}'s port is {right} in the command, {match[1]} in the text"
                    yield Found(place(prose, match[1]), message, "make them agree")


_INNER = r"\bport (\d{2,5}) (?:of|in|inside|inside of) (?:the|your) container\b"
_OUTER = r"\bport (\d{2,5}) (?:of|in|on) (?:the|your|our) (?:bastion|vm|host|virtual machine|instance)\b"


@rule("PT007", "error")
def addresses_name_a_port(material: Material) -> Iterator[Found]:
    """An address of the reader's own server names its port: without one the browser asks at 80, where nobody listens."""
    ports = {one.host for one in published(material)}
    for prose in material.document.prose:
        for run in prose.runs if ports and 80 not in ports else ():
            for match in re.finditer(
                r"http://((?:YOUR|MY|THE)_[A-Z_]+|(?:my|your)[_-][\w-]+|ip-of-[\w-]+|<[\w -]+>)(?![\w:.-])", run.text
            ):
                yield Found(
                    Place(run.place.line, run.place.col + match.start()),
                    f"nothing answers at port 80 of {match[1]}", f"write http://{match[1]}:{min(ports)}",
                )  # fmt: skip


@rule("AW011", "error")
def regions_and_places(material: Material) -> Iterator[Found]:
    """A region's name and the place in parentheses beside it belong together."""
    places = services.regions()
    for prose in material.document.prose:
        names = {name for name in places if re.search(rf"\b{name}\b", prose.text)}
        for match in re.finditer(r"\b([A-Z][a-z]+(?: [A-Z][a-z]+)?) ?\(([A-Z][\w. ]+)\)", prose.text):
            said = f"{match[1]} ({match[2]})"
            if said in places.values() and names and said not in {places[name] for name in names}:
                right = places[min(names)]
                yield Found(place(prose, match[0]), f"{min(names)} is {right}, not {said}", f"write {right}")


@rule("PR011", "error")
def prices_are_by_the_hour(material: Material) -> Iterator[Found]:
    """Prices of instances are by the hour, and a ceiling is above the price that it is to let through."""
    for prose in material.document.prose:
        unit = re.search(
            r"\$\s?\d+(?:\.\d+)?\s*(?:per|an?|/)\s*(second|minute|day|week|month|year)\b", prose.text, re.IGNORECASE
        )
        kind = re.search(r"\b[a-z]\d[a-z]*\.(?:nano|micro|small|medium|\d*x?large)\b", prose.text)
        if unit and kind:
            yield Found(
                place(prose, unit[1]), f"{kind[0]} is priced by the hour, not by the {unit[1].lower()}", "write hour"
            )
        low = re.search(
            r"\b(?:ceiling|max(?:imum)?\W?price)\b[^.;]{0,40}\bbelow (?:the )?(?:current )?spot\b",
            prose.text,
            re.IGNORECASE,
        )
        if low:
            yield Found(
                place(prose, low[0]),
                "whoever bids less than the spot price gets no instance",
                "write above the spot price",
            )


@rule("RQ018", "error")
def quota_in_text(material: Material) -> Iterator[Found]:
    """The text asks for as many vCPUs as are judged, of the family that the quota is of."""
    asked = material.homework.quota
    known = table("instances")["quotas"].get(asked.code, {}).get("families", ())
    letters = {match[0] for name in known if (match := re.match(r"[a-z]+", name))}
    for prose in material.document.prose:
        number = re.search(r"\b(\d+) v?CPUs?\b", prose.text, re.IGNORECASE)
        if (
            number
            and int(number[1]) < asked.vcpus
            and re.search(r"\b(?:ask|request|limit|quota|rais)", prose.text, re.IGNORECASE)
        ):
            yield Found(
                place(prose, number[0]),
                f"quota.gpu-vcpus wants {asked.vcpus} vCPUs, not {number[1]}",
                f"write {asked.vcpus}",
            )
        pattern = r"\b([a-z]{1,3})\d[a-z]*\.\d*x?large\b|\b([A-Z])\b (?:family|instances)\b"
        for match in re.finditer(pattern, prose.text) if number and letters else ():
            if (match[1] or match[2]).lower() not in letters:
                message = f"{match[0]} does not count against the quota {asked.code}, which is that of {min(letters).upper()} instances"
                yield Found(place(prose, match[0]), message, f"name an instance of the family {min(letters).upper()}")


@rule("RQ019", "error")
def system_in_text(material: Material) -> Iterator[Found]:
    """The system that the text has the reader launch is the one that is judged."""
    for prose in material.document.prose:
        match = re.search(
            r"\b(?:use|choose|pick|select|launch|take)\b[^.;]{0,30}?\b(Windows|Amazon Linux|Debian|CentOS|Fedora|Red Hat|RHEL|SUSE|macOS)\b[^.;]{0,20}\b(?:AMI|image|instance)\b",
            prose.text,
            re.IGNORECASE,
        )
        if match:
            yield Found(
                place(prose, match[1]), f"the instances are judged to run Ubuntu, not {match[1]}", "write Ubuntu"
            )
