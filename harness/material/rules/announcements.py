"""A paragraph and the block below it: what the text announces is what the commands do, on the machine that it names."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator

from harness.material.classing import machine_of
from harness.material.document import Block, Command, Place, Prose
from harness.material.finding import Found, rule
from harness.material.lines import read_docker
from harness.material.material import Material
from harness.material.tables import table

DEEDS: dict[str, tuple[str, str]] = {
    "start": (
        r"start|restart|bring up",
        r"docker (?:run|start|restart|compose|container)|start-|run-instances|systemctl (?:re)?start|service \S+ start|jupyter|ssh-agent|docker\b.*\bup\b|begin-|create-",
    ),
    "stop": (r"stop", r"docker (?:stop|kill|pause|restart|compose)|docker rm\b.* (?:-\w*f|--force)|stop-|terminate-|systemctl stop|service \S+ stop|^(?:exit|logout|kill)"),
    "remove": (
        r"remove|delete|destroy",
        r"docker (?:rm|rmi|container|image|volume|system|compose)|delete-|deregister-|detach-|remove-|revoke-|terminate-|release-|cancel-|^rm |^rmdir|s3 r[bm]|usermod|^chmod|apt(?:-get)? (?:remove|purge|autoremove)|^pip",
    ),
    "terminate": (r"terminate", r"terminate-|delete-|cancel-|docker (?:rm|stop|kill)|^(?:exit|logout|kill)"),
    "attach": (r"attach|re-?attach|reconnect|connect", r"docker (?:attach|exec|start|run)|attach-|associate-|^ssh|^curl|^nc |^telnet|start-session|usermod"),
    "build": (r"build", r"docker (?:build|buildx|compose)|^make|build"),
    "launch": (r"launch", r"run-instances|request-spot|docker run|create-|start-"),
    "download": (r"download|pull", r"docker (?:pull|run|compose)|^(?:curl|wget|git|scp|sftp|pip|apt)|s3 |get-|pip3? "),
    "install": (r"install", r"install|\bapt|^(?:pip|snap|brew|curl|sh|dpkg|make|unzip|msiexec|tar)"),
}  # fmt: skip
"""Deeds: the verbs that announce one at the head of a clause, and the commands that do it."""

_HEAD = r"(?:^|[.;:!?]\s+|,\s+(?:and |then )*|\band (?:then )?)(?:(?:now|then|next|first|please|again|finally|you can|you may|let's|let us)\b,?\s+)*"
_OBJECT = (
    r"(?:\s+(?:it|them|both|all)\b|:|\s+(?:(?:the|a|an|this|that|your|our|all|docker|up)\s+)?(?:[\w-]+\s+){0,2}?"
    r"(?:containers?|images?|instances?|servers?|services?|engines?|endpoints?|bastion|machines?|groups?|buckets?|roles?|models?|volumes?)\b)"
)
"""What is started, stopped or removed; whoever starts their work, or builds a network, speaks of something else."""
_LOOKS = re.compile(
    r"^(?:docker (?:ps|images|logs|inspect|version|info)|aws \S+ (?:describe|list|get|wait)\b|aws \S+ (?:describe|list|get)-|ls|cat|pwd|hostname|uname|echo|head|grep)"
)


def _introduced(material: Material) -> Iterator[tuple[Prose, Block]]:
    """Yield each paragraph that ends in a colon or a comma with the block of commands below it."""
    for part, block in itertools.pairwise(material.document.parts):
        is_below = isinstance(part, Prose) and isinstance(block, Block) and part.section == block.section
        if is_below and isinstance(block, Block) and isinstance(part, Prose) and block.kind == "shell":
            if part.kind != "heading" and part.text.rstrip().endswith((":", ",")):
                yield part, block


@rule("PR010", "error")
def announced_is_done(material: Material) -> Iterator[Found]:
    """What a paragraph announces, the commands below it do: who is told to start something is not shown how to remove it."""
    for prose, block in _introduced(material):
        if not block.commands or any(not _is_known(command) for command in block.commands):
            continue
        for verb in _undone(material, prose, block):
            said, fence = _end(prose, verb), Place(block.place.line - 1)
            yield Found(
                fence if fence.line - said.line <= 2 else said,
                f"the text says to {verb.lower()}, and no command below it does",
                "add the command that does, or say what is done instead",
            )


def _undone(material: Material, prose: Prose, block: Block) -> list[str]:
    """Return the verbs of a paragraph's last sentences that no command does.

    Where the block below does some of it, the rest may be done by the blocks that follow in the section.
    """
    sentences = _announcing(prose.text)
    verbs = {name: _told(words, sentences) for name, (words, _) in DEEDS.items()}
    announced = {name: match["verb"] for name, match in verbs.items() if match}
    done = _done(block)
    if done & set(announced):
        later = [b for b in material.blocks("shell") if b.section == block.section and b.order > block.order]
        done = done.union(*map(_done, later))
    return [verb for name, verb in announced.items() if name not in done]


def _announcing(text: str) -> list[str]:
    """Return the sentences that announce what follows: the last, and the one before it where the last asks for nothing."""
    sentences = re.split(r"(?<=[.!?])\s+", text.strip())[-2:]
    first = re.sub(rf"^(?:{_HEAD})", "", sentences[-1], flags=re.IGNORECASE).partition(" ")[0].lower()
    return sentences[-1:] if first.strip(",:") in table("terms")["imperatives"] else sentences


def _told(words: str, sentences: list[str]) -> re.Match[str] | None:
    """Return where the reader is told to do something; what can, will or should be done is not to be done now."""
    for sentence in sentences:
        for match in re.finditer(rf"{_HEAD}(?P<verb>{words}){_OBJECT}(?! (?:later|only)\b)", sentence, re.IGNORECASE):
            if not _MODAL.search(
                re.sub(r"\byou (?:can|may)\b", "", sentence[: match.start("verb")], flags=re.IGNORECASE)
            ):
                return match
    return None


_MODAL = re.compile(r"\b(?:can|could|will|would|shall|should|may|might|must|never|not|don't)\b", re.IGNORECASE)


def _done(block: Block) -> set[str]:
    """Return the deeds that the commands of a block do."""
    lines = [_line(command) for command in block.commands if not command.is_nested]
    return {name for name, (_, commands) in DEEDS.items() if any(re.search(commands, line) for line in lines)}


def _line(command: Command) -> str:
    """Return a command as one line; docker's commands without their groups."""
    docker = read_docker(command)
    return " ".join(["docker", docker.name, *command.argv[2:]] if docker else command.argv)


def _is_known(command: Command) -> bool:
    """Say whether it can be told what a command does: those of a program of the reader's own cannot."""
    return command.name in (
        "docker",
        "aws",
        "exit",
        "logout",
        "ssh",
        "curl",
        "sudo",
        "apt-get",
        "mkdir",
        "cd",
        "chmod",
        "ssh-add",
        "rm",
    ) or bool(_LOOKS.match(" ".join(command.argv)))


def _end(prose: Prose, word: str) -> Place:
    """Return where a word of a paragraph stands, its last mention where there are several."""
    for run in reversed(prose.runs):
        col = run.text.lower().rfind(word.lower())
        if col >= 0:
            return Place(run.place.line, run.place.col + col)
    return prose.place


@rule("PR012", "error")
def announced_images_are_used(material: Material) -> Iterator[Found]:
    """The image that a paragraph announces a container or a download of is the one of the commands below it."""
    known: dict[str, object] = table("images")["hub"]
    for prose, block in _introduced(material):
        lines = [line for line in material.docker if line.command in block.commands and line.name in ("run", "pull")]
        used = {line.operands[0].text.partition(":")[0] for line in lines if line.operands}
        for match in re.finditer(r"\ban? `?([a-z][\w-]+)`? (?:container|image)\b", prose.text):
            if used and match[1] in known and match[1] not in used:
                yield Found(
                    _end(prose, match[1]),
                    f"the text speaks of {match[1]}, the commands use {', '.join(sorted(used))}",
                    "make them agree",
                )


@rule("MD014", "error")
def text_and_fence_name_one_machine(material: Material) -> Iterator[Found]:
    """The machine that a paragraph sends its reader to is the one that the fence below it names."""
    for part, block in itertools.pairwise(material.document.parts):
        if not (isinstance(part, Prose) and isinstance(block, Block)) or part.section != block.section:
            continue
        told = _sent_to(part.text)
        label = next((label for label in block.labels if label in _MACHINES), None)
        if label and told in _MACHINES and told != label and block.kind != "output":
            yield Found(
                _end(part, told),
                f"the text sends the reader to the {told}, the block is for the {label}",
                "make them agree",
            )


_MACHINES = ("workstation", "bastion")


def _sent_to(text: str) -> str | None:
    """Return the machine that a text last sends its reader to, ``None`` where it only tells what is there.

    It sends at a sentence's beginning ("on the bastion, ..."), and with a verb of working ("run this on the bastion").
    """
    told: str | None = None
    for sentence in re.split(r"(?<=[.!?;])\s+", text.strip()):
        main = re.split(
            r"\b(?:so that|because|which|what|where|when|while|since|that)\b", _NOT_THERE.sub("", sentence)
        )[0]
        first = _SENT.match(main)
        found = [first["machine"]] if first else _WORKED.findall(main) if _WORK.match(main) else []
        if found:
            told = machine_of(f"on the {found[-1]}")
        elif _ELSEWHERE.search(sentence):
            told = None
    return told


_ON = r"on (?:the|your|our) (?:\w+ )?(?P<machine>[a-z]+)(?=[,:.]|$)"
_SENT = re.compile(rf"(?:(?:now|then|next|back|again|still|and|but|first|finally),? )*{_ON}", re.IGNORECASE)
_WORKED = re.compile(
    r"(?<!server )(?<!servers )(?<!service )(?<!services )(?<!port )(?<!ports )(?<!page )(?<!notebook )" + _ON,
    re.IGNORECASE,
)
_WORK = re.compile(
    r"(?:(?:now|then|next|again|first|finally|please),? )*(?:run|do|execute|type|enter|write|create|make|save|put|build|start|stop|install|list|launch)\b",
    re.IGNORECASE,
)
_NOT_THERE = re.compile(r",?\s*\b(?:not|unlike|instead of|rather than|never) on (?:the|your|our) \w+,?", re.IGNORECASE)
_ELSEWHERE = re.compile(r"\b(?:bastion|workstation|laptop|there|home|log (?:in|out)|from)\b", re.IGNORECASE)
"""Words of a sentence after which an earlier one no longer says where the reader is."""


@rule("MD015", "error")
def blocks_hold_commands(material: Material) -> Iterator[Found]:
    """A block for a shell holds commands, and a comment in it that begins a step is followed by one."""
    for prose, block in itertools.pairwise(material.document.parts):
        if not isinstance(block, Block) or block.kind not in ("shell", "file", "output"):
            continue
        rows = [row.strip() for row in block.text.rstrip("\n").split("\n")]
        is_empty = all(not row or row.startswith("#") for row in rows) and any(rows)
        texts = [prose.text, *rows] if isinstance(prose, Prose) else rows
        is_announced = any(text.rstrip().endswith(":") for text in texts)
        if is_empty and is_announced and block.language in ("", "sh", "bash", "shell"):
            yield Found(block.place, "only comments, and no command: a step is missing here", "write the command")
            continue
        for row in _idle_comments(rows) if block.kind == "shell" else ():
            yield Found(
                block.at(row),
                f"no command follows this comment: {rows[row][:50]!r}",
                "write the command, or remove the comment",
            )


def _idle_comments(rows: list[str]) -> Iterator[int]:
    """Yield the comments that stand alone between blank lines, with other comments or commands after them."""
    for row, text in enumerate(rows):
        above = rows[row - 1] if row else ""
        below = rows[row + 1] if row + 1 < len(rows) else "end"
        if text.startswith("#") and not above and not below and any(rows[row + 1 :]):
            yield row
