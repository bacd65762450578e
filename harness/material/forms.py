"""Commands in the form by which they are compared: two ways of writing one deed have one form.

Quotes, blanks, the order of options, short and long ones, the order of ids and packages, and what only changes how much
is shown do not count; everything that changes what happens does.
"""

from __future__ import annotations

import dataclasses
import functools
import itertools
import re
from collections.abc import Iterable, Iterator

from harness.material.document import Command, Word
from harness.material.lines import AwsLine, DockerLine, read_aws, read_docker, split
from harness.material.openings import openings
from harness.material.tables import programs, table

Everywhere = frozenset[tuple[str, str]]
"""Options of ``aws`` that stand in every command of a document, with their values."""


def everywhere(commands: Iterable[Command]) -> Everywhere:
    """Return the global options that every ``aws`` command has: what all say alike is no property of one.

    A region says nothing to services without one, so it need not stand there.
    """
    lines = [line for command in commands if (line := read_aws(command)) is not None]
    found: set[tuple[str, str]] = set()
    for option in ("--profile", "--region"):
        asked = [line for line in lines if option != "--region" or line.service not in _WITHOUT_REGION]
        values = {" ".join(word.text for word in line.options.get(option, ())) for line in asked}
        if len(values) == 1 and values != {""}:
            found.add((option, values.pop()))
    return frozenset(found)


_WITHOUT_REGION = ("configure", "iam", "sts", "s3", "budgets")


def forms(command: Command, common: Everywhere = frozenset()) -> Iterator[str]:
    """Yield the forms of a command: one for each thing that it ends, or package that it installs."""
    sudo = ["sudo"] if command.words[0].text == "sudo" else []
    redirects = [part for r in command.redirects for part in (r.operator, r.target.text if r.target else "")]
    if redirects == [">&", "1"]:  # what is shown in one stream, grep reads
        redirects = []
    for words in _deeds(command, common):
        yield _values(" ".join([*sudo, *words, *redirects]))


def _deeds(command: Command, common: Everywhere) -> Iterator[list[str]]:
    aws, docker = read_aws(command), read_docker(command)
    if aws:
        yield from _aws(aws, common)
    elif docker and docker.name and not docker.unknown:
        yield from _docker(docker)
    elif _installs(command):
        yield from _packages(command)
    else:
        yield _plain(command)


def _values(text: str) -> str:
    """Return a text with each variable, file and address written in one way."""
    text = (
        re.sub(r"\$\{(\w+)\}", r"$\1", text)
        .replace("$(pwd)", "$PWD")
        .replace("`pwd`", "$PWD")
        .replace("file://./", "file://")
    )
    text = re.sub(r"(?<=[^&|;] )\./(?=\w)", "", text)
    text = re.sub(r"\$\(date (?:-u |--utc )?\+[\"']?%(?:Y-%m-%d|F)T%(?:H:%M:%S|T)Z?[\"']?\)", "$(date +%s)", text)
    return re.sub(r"(https?://[^\s/]+)/(?=\s|$)", r"\1", text)


def _aws(line: AwsLine, common: Everywhere) -> Iterator[list[str]]:
    options = {
        name: " ".join(sorted(texts) if name == "--filters" else texts)
        for name, texts in ((name, [word.text for word in words]) for name, words in line.options.items())
    }
    rules = list(openings(line)) if "--ip-permissions" in options else []
    if len(rules) == 1 and rules[0].is_plain:
        del options["--ip-permissions"]
        given = (("--port", rules[0].port), ("--protocol", rules[0].protocol), ("--cidr", rules[0].cidr))
        options |= {name: word.text for name, word in given if word}
    kept = [
        f"{name} {value}".rstrip()
        for name, value in sorted(options.items())
        if (name, value) not in {*common, ("--count", "1")}
        and name not in ("--no-cli-pager", "--no-cli-auto-prompt", "--color")
    ]
    named = [line.service, line.operation, *(word.text for word in line.operands)] if line.service else []
    head = ["aws", *named]
    many = next((name for name in options if name.endswith("-ids") and len(line.options[name]) > 1), None)
    if many is None:
        yield [*head, *kept]
        return
    others = [option for option in kept if not option.startswith(f"{many} ")]
    for id in sorted(word.text for word in line.options[many]):
        yield [*head, *sorted([*others, f"{many} {id}"])]


def _docker(line: DockerLine) -> Iterator[list[str]]:
    longer = _long_forms(line.name)
    named = {longer.get(name, name): words for name, words in line.options.items()}
    if "--mount" in named:
        named = _as_volumes(named)
    options = sorted(
        " ".join([name, *(_PARTS.get(name, str)(word.text) for word in words)])
        for name, words in named.items()
        if name not in _DISPLAY.get(line.name, ()) and (name, [word.text for word in words]) != ("--restart", ["no"])
    )
    operands = [_image(word.text) for word in line.operands]
    if line.name == "build":
        operands = [operand.rstrip("/") or operand for operand in operands]
    elif line.name == "run" and len(operands) > 1:
        operands[1] = operands[1].removeprefix("/usr").removeprefix("/bin/")
    if line.name in ("rm", "stop", "start", "kill", "rmi", "pull") and len(operands) > 1:
        yield from (["docker", line.name, *options, operand] for operand in sorted(operands))
    else:
        yield ["docker", line.name, *options, *operands]


def _mount(text: str) -> str:
    """Return a mount without the slash at the end of a directory; Docker takes a dot for the current one."""
    return re.sub(r"(?<=[^:/])/(?=:|$)", "", re.sub(r"^\.(?=/|:)", "$PWD", text))


def _as_volumes(options: dict[str, tuple[Word, ...]]) -> dict[str, tuple[Word, ...]]:
    """Return options with each mount of a directory as a volume, which is the shorter way to write it."""
    volumes, others = list(options.get("--volume", ())), []
    for word in options["--mount"]:
        parts = dict(part.partition("=")[::2] for part in word.text.split(","))
        source = parts.pop("source", parts.pop("src", None))
        target = parts.pop("target", parts.pop("dst", parts.pop("destination", None)))
        if parts == {"type": "bind"} and source and target:
            volumes.append(dataclasses.replace(word, text=f"{source}:{target}"))
        else:
            others.append(word)
    kept = {name: words for name, words in options.items() if name not in ("--mount", "--volume")}
    found = (("--mount", others), ("--volume", volumes))
    return kept | {name: tuple(words) for name, words in found if words}


def _image(text: str) -> str:
    """Return an image's name without the registry and the tag that it has anyway."""
    text = re.sub(r"^(?:(?:index\.)?docker\.io/)(?:library/)?|^library/", "", text)
    return text.removesuffix(":latest")


def published(text: str) -> str:
    """Return a published port without the addresses and the protocol that it has anyway."""
    return text.removeprefix("0.0.0.0:").removesuffix("/tcp")


_PARTS = {"--volume": _mount, "--publish": published, "--tag": _image}
_DISPLAY = {
    "build": ("--progress", "--quiet"),
    "logs": ("--tail", "--since", "--timestamps"),
    "ps": ("--no-trunc",),
    "images": ("--digests",),
    "stop": ("--time", "--timeout"),
    "rm": ("--volumes",),
}
"""Options of docker that change only what is shown, how long an end takes, and whether unnamed volumes go as well."""


@functools.cache
def _long_forms(verb: str) -> dict[str, str]:
    """Return the long form of each short option of a verb: the table has it right after the short one."""
    entry = table("programs")["docker"].get(verb, {})
    pairs = (pair for names in ("flags", "values") for pair in itertools.pairwise(entry.get(names, ())))
    return {short: long for short, long in pairs if long.startswith("--") and long[2:3] == short[1:].lower()}


def _program(command: Command) -> tuple[str, ...]:
    """Return a command's words with the program under its plain name: apt is apt-get, python -m pip is pip."""
    words = command.argv
    if len(words) > 2 and re.fullmatch(r"python3?", words[0]) and words[1:3] == ("-m", "pip"):
        words = words[2:]
    return ({"apt": "apt-get", "pip3": "pip"}.get(words[0], words[0]), *words[1:])


def _installs(command: Command) -> bool:
    return bool(command.argv) and _program(command)[0] in ("apt-get", "pip") and "install" in command.argv


_YES = {"--yes": "-y", "--assume-yes": "-y", "--quiet": "-q"}


def _packages(command: Command) -> Iterator[list[str]]:
    words = _program(command)
    rest = [part for word in words[1:] for part in _letters(_YES.get(word, word)) if part not in ("install", "-q")]
    flags = sorted(word for word in rest if word.startswith("-"))
    for package in sorted(word for word in rest if not word.startswith("-")) or [""]:
        yield [words[0], "install", *flags, package]


def _letters(word: str) -> list[str]:
    """Return ``-yq`` as ``-y`` and ``-q``."""
    return [f"-{letter}" for letter in word[1:]] if re.fullmatch(r"-[yqdfmuV]{2,}", word) else [word]


def _plain(command: Command) -> list[str]:
    """Return the words of any other program: its options in order, then its operands."""
    words = list(_program(command)) if command.argv else []
    if command.name == "adduser" and len(words) == 3:
        return ["usermod", "-G " + words[2], "-a", _user(words[1])]
    known = programs().options.get(words[0]) if words else None
    if known is None:
        return words
    options, operands, unknown = split(command.bare[1:], known, stop=words[0] == "ssh")
    if unknown:
        return words
    named = {_SHORT.get((words[0], name), name): values for name, values in options.items()}
    texts = [word.text for word in operands]
    if words[0] == "ssh":
        named, texts = _ssh(named, texts)
    if words[0] == "chmod" and texts:
        texts[0] = _mode(texts[0])
    if words[0] == "mkdir" and not any("/" in text.strip("/") for text in texts):
        named.setdefault("-p", ())  # without a parent to make it only says that there is none of that name yet
    if words[0] == "usermod" and texts:
        texts[-1] = _user(texts[-1])
    shown = _SHOWN.get(words[0], "")
    kept = sorted(
        " ".join([name, *(word.text for word in values)])
        for name, values in named.items()
        if not (len(name) == 2 and name[1] in shown)
    )
    return [words[0], *kept, *texts]


_SHORT = {
    ("usermod", "--append"): "-a", ("usermod", "--groups"): "-G", ("mkdir", "--parents"): "-p", ("rm", "--force"): "-f", ("rm", "--recursive"): "-r",
    ("rm", "-R"): "-r", ("curl", "--fail"): "-f", ("curl", "--silent"): "-s", ("curl", "--show-error"): "-S", ("curl", "--location"): "-L",
    ("curl", "--output"): "-o", ("curl", "--verbose"): "-v", ("curl", "--include"): "-i", ("install", "--mode"): "-m", ("install", "--directory"): "-d",
    ("ssh-add", "-l"): "-L", ("grep", "--ignore-case"): "-i",
}  # fmt: skip
_SHOWN = {"curl": "fsSviI#", "mkdir": "v", "rm": "v", "ssh": "v", "apt-get": "q", "chmod": "v"}
"""Options that change only what is shown; a failure that curl's ``-f`` notices is seen by the reader as well."""


def _ssh(options: dict[str, tuple[Word, ...]], operands: list[str]) -> tuple[dict[str, tuple[Word, ...]], list[str]]:
    """Return a login's options and operands: the user before the host, forwarding as ``-A``; what keeps a line open does not count."""
    kept = {name: words for name, words in options.items() if name not in ("-l", "-i", "-o")}
    user = options.get("-l", ())
    if user and operands and "@" not in operands[0]:
        operands = [f"{user[0].text}@{operands[0]}", *operands[1:]]
    keys = tuple(word for word in options.get("-i", ()) if not re.fullmatch(r"(?:\./)?YOUR_\w+\.pem", word.text))
    settings = [
        word
        for word in options.get("-o", ())
        if not re.match(
            r"(?:ServerAlive\w+=|ConnectTimeout=|TCPKeepAlive=|StrictHostKeyChecking=accept-new$)", word.text
        )
    ]
    if any(word.text.lower() == "forwardagent=yes" for word in settings):
        kept["-A"] = ()
        settings = [word for word in settings if word.text.lower() != "forwardagent=yes"]
    kept |= {name: words for name, words in (("-i", keys), ("-o", tuple(settings))) if words}
    return kept, operands


def _user(text: str) -> str:
    """Return a user's name; the shell has the name of whoever is logged in, and a homework's hosts have one user."""
    return "ubuntu" if text in ("$USER", "${USER}", "$(whoami)", "$(id -un)") else text


def _mode(text: str) -> str:
    """Return a mode in one way of writing it.

    A key that only its owner reads may be written by the owner as well; a new file is readable and writable by its
    owner, so that a mode that gives all others to read, and nothing else, gives everybody to read.
    """
    text = text[1:] if re.fullmatch(r"0[0-7]{3}", text) else text
    text = re.sub(r"^\+(?=[rx]+$)", "a+", text)
    return "400" if is_private(text) else "a+r" if _PUBLIC.fullmatch(text) else text


def is_private(mode: str) -> bool:
    """Say whether a mode leaves a file to its owner alone, who can read it."""
    return re.fullmatch(_PRIVATE, mode) is not None


_OWN = r"u[=+]rw?"
_NOT_THEIRS = r"(?:go|og)(?:=|-rwx)|g(?:=|-rwx),o(?:=|-rwx)|o(?:=|-rwx),g(?:=|-rwx)"
_PRIVATE = rf"0?[46]00|{_NOT_THEIRS}|{_OWN},(?:{_NOT_THEIRS})|(?:{_NOT_THEIRS}),{_OWN}|(?:a?-rwx|a=),{_OWN}"
_PUBLIC = re.compile(r"644|(?:a|ugo|uog|guo|gou|oug|ogu|go|og)\+r|u=rw,(?:go|og)=r|u=rw,g=r,o=r")


_LOOK = re.compile(
    r"(?:\w+(?: \(optional\))?: )?(?:\| )?(?:sudo )?(?:"
    r"aws \S+ (?:describe|list|get)-\S+|aws s3 ls|aws configure (?:get|list)"
    r"|docker (?:ps|images|version|info|inspect|logs|stats|top|port|history|diff)\b"
    r"|(?:hostname|whoami|id|uname|date|uptime|df|du|free|pwd|ls|who|env|groups|nproc|lscpu|lsb_release|which|head|tail|wc|sort|jq|grep|echo|ps)\b"
    r"|cat (?:/etc/os-release|/proc/\w+|[\w.-]+)$|\S+ --version$|ssh-add -[lL]$|print\()"
)
"""What only looks at something, however often: an edition with one look more asks for nothing new."""


def is_look(text: str) -> bool:
    """Say whether an item of a section's code only looks: it creates, changes and obtains nothing."""
    text = text.replace("2>&1", "").replace(">& 1", "")
    is_plain = not re.search(r"  # |[<>]|\$\(", text)
    return (_LOOK.match(text) is not None and is_plain) or _AGENT.search(text) is not None


_AGENT = re.compile(r": eval \$\(ssh-agent(?: -s)?\)$")
"""Starting an agent for this terminal: needed where none runs, and no harm where one does."""


def is_same_look(old: str, new: str) -> bool:
    """Say whether one look at a machine took the place of another: both ask a host or a container about itself."""
    return all(
        is_look(text) and not re.search(r": (?:\| )?(?:aws|docker|ssh-add|print)\b", text) for text in (old, new)
    )
