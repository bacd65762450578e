"""Placeholders: told before they are used, called by one name, and standing for what is wanted there."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Command, Prose, Word
from harness.material.finding import Found, rule
from harness.material.lines import read_aws
from harness.material.material import Material
from harness.material.placeholders import Mention, find, providers
from harness.material.words import nearest


@rule("PH001", "error")
def told_before_use(material: Material) -> Iterator[Found]:
    """What a placeholder stands for is told before it is used."""
    told = providers(material.mentions)
    seen: set[str] = set()
    for mention in material.mentions:
        if mention.role != "used" or mention.name in seen:
            continue
        seen.add(mention.name)
        giver = told.get(mention.name)
        others = set(told) - {mention.name}
        if giver is not None and giver.at > mention.at:
            yield Found(
                mention.place,
                f"{mention.name} is used here, but obtained in line {giver.place.line} only",
                "move the step that obtains it up",
            )
        elif giver is None and (near := nearest(mention.name, others)):
            yield Found(mention.place, f"no step says what {mention.name} is", f"write {near}, if that is meant")


@rule("PH002", "warning")
def told_at_all(material: Material) -> Iterator[Found]:
    """Somewhere it is said where a placeholder's value comes from."""
    told = providers(material.mentions)
    seen: set[str] = set()
    for mention in material.mentions:
        if (
            mention.role == "used"
            and mention.name not in told
            and mention.name not in seen
            and not nearest(mention.name, set(told))
        ):
            seen.add(mention.name)
            yield Found(
                mention.place, f"no step says what {mention.name} is, or which command prints it",
                f'put a comment above the command that prints it: "# Prints {mention.name}."',
            )  # fmt: skip


@rule("PH003", "warning")
def used_after_told(material: Material) -> Iterator[Found]:
    """What the reader is told to note is wanted later."""
    used = {mention.name for mention in material.mentions if mention.role == "used"}
    for name, mention in providers(material.mentions).items():
        if name not in used and not _is_for_the_reader(mention, material):
            near = nearest(name, used)
            yield Found(
                mention.place,
                f"{name} is obtained, and no step uses it",
                f"write {near}, if that is meant" if near else "leave it out",
            )


def _is_for_the_reader(mention: Mention, material: Material) -> bool:
    """Say whether a value is looked at and needs no use: a region, an account."""
    return bool(re.search(r"REGION|ACCOUNT|USER", mention.name, re.IGNORECASE))


@rule("PH004", "warning")
def one_name_each(material: Material) -> Iterator[Found]:
    """One thing has one placeholder."""
    first: dict[frozenset[str], Mention] = {}
    for mention in material.mentions:
        known = first.setdefault(_meaning(mention.name), mention)
        if known.name != mention.name:
            yield Found(
                mention.place,
                f"{mention.name} seems to be what line {known.place.line} calls {known.name}",
                "call it by one name",
            )
            first[_meaning(mention.name)] = mention


@rule("PH005", "warning")
def one_name_for_an_option(material: Material) -> Iterator[Found]:
    """What there is one of, such as the key pair and the VPC, has one placeholder throughout."""
    first: dict[str, Mention] = {}
    for mention in material.mentions:
        if mention.option in ("--key-name", "--vpc-id") and mention.command is not None:
            known = first.setdefault(mention.option, mention)
            if known.name.lower() != mention.name.lower() and known.name != mention.name:
                yield Found(
                    mention.place,
                    f"{mention.name} stands where line {known.place.line} has {known.name}: two names for one thing",
                    f"write {known.name}",
                )


def _meaning(name: str) -> frozenset[str]:
    words = re.split(r"[^a-z0-9]+", name.lower().strip("<>"))
    return frozenset(_SAME.get(word, word) for word in words) - {"your", "my", "of", "the", ""}


_SAME = {"keypair": "key", "sg": "group", "security": "group", "ami": "image", "hostname": "host"}

KINDS = {
    "VpcId": "VPC", "GroupId": "security group", "ImageId": "image", "InstanceId": "instance", "PublicDnsName": "public name",
    "PrivateDnsName": "private name", "PublicIpAddress": "public address", "PrivateIpAddress": "private address", "PublicIp": "public address",
    "SubnetId": "subnet", "VolumeId": "volume", "TrainingJobName": "training job", "ModelName": "model", "KeyName": "key pair",
    "EndpointConfigName": "endpoint configuration", "EndpointName": "endpoint", "Arn": "ARN", "UserId": "user id", "Account": "account",
    "SpotInstanceRequestId": "spot request", "RoleName": "role", "NotebookInstanceName": "notebook instance",
}  # fmt: skip
WANTED = {
    "--vpc-id": "VPC", "--group-id": "security group", "--group-ids": "security group", "--security-group-ids": "security group",
    "--source-group": "security group", "--image-id": "image", "--instance-ids": "instance", "--instance-id": "instance", "--key-name": "key pair",
    "--subnet-id": "subnet", "--volume-id": "volume", "--role-arn": "ARN", "--training-job-name": "training job", "--model-name": "model",
    "--security-groups": "group's name", "--endpoint-name": "endpoint", "--endpoint-config-name": "endpoint configuration", "--spot-instance-request-ids": "spot request",
}  # fmt: skip


def kinds(material: Material) -> dict[str, str]:
    """Return what each placeholder stands for, by the query of the command that prints it."""
    found: dict[str, str] = {}
    for name, mention in providers(material.mentions).items():
        kind = _printed(mention.command) if mention.command else None
        if kind:
            found[name] = kind
    return found


def _printed(command: Command) -> str | None:
    line = read_aws(command)
    query = line.value("--query") if line else None
    fields = re.findall(r"[A-Z]\w+", query.text) if query else []
    return KINDS.get(fields[-1]) if fields else None


@rule("PH006", "error")
def right_kind(material: Material) -> Iterator[Found]:
    """A placeholder is used for the kind of thing that it stands for."""
    known = kinds(material)
    for mention in material.mentions:
        wanted = WANTED.get(mention.option) if mention.role == "used" and mention.command else None
        kind = known.get(mention.name) or _by_name(mention.name)
        if wanted and kind and kind != wanted:
            yield Found(
                mention.place,
                f"{mention.option} wants a {wanted}; {mention.name} is a {kind}",
                f"write the placeholder of the {wanted}",
            )


def _by_name(name: str) -> str | None:
    return next((kind for pattern, kind in _NAMES.items() if re.search(pattern, name, re.IGNORECASE)), None)


_NAMES = {
    r"^vpc-|VPC_ID": "VPC", r"^sg-|GROUP_ID|SG_ID": "security group", r"^ami-|IMAGE_ID|AMI_ID": "image", r"^i-|INSTANCE_ID": "instance",
    r"KEY_NAME|KEYPAIR": "key pair", r"ROLE_ARN": "ARN", r"CONTAINER_ID": "container", r"TOKEN": "token", r"BUCKET": "bucket", r"_IP$": "address", r"REGION": "region",
}  # fmt: skip


@rule("PH007", "error")
def answer_fits_its_name(material: Material) -> Iterator[Found]:
    """The command under "Prints YOUR_X" prints an X: an id, a name, an address."""
    for name, mention in providers(material.mentions).items():
        line = read_aws(mention.command) if mention.command else None
        query = line.value("--query") if line else None
        fields = re.findall(r"[A-Z]\w+", query.text) if query else []
        if query is None or not fields:
            continue
        words, field = set(name.upper().split("_")), fields[-1]
        if any(word in words and not re.search(pattern, field) for word, pattern in _ENDS.items()):
            yield Found(
                query.place,
                f"this prints {field}, which is not what {name} says",
                f"ask for the {' '.join(sorted(words - {'YOUR'})).lower()}",
            )


_ENDS = {
    "ID": r"Ids?$",
    "IP": r"Ip",
    "NAME": r"Name$|Dns",
    "ARN": r"Arn$",
    "DNS": r"Dns",
    "ENDPOINT": r"Endpoint",
    "MODEL": r"Model",
}


@rule("PH008", "error")
def public_and_private(material: Material) -> Iterator[Found]:
    """A step about the private instance uses the private group's values, and the other way round."""
    for block in material.blocks("shell"):
        for command in block.commands:
            named = [(word, side) for word in command.words for side in _named_sides(material, command, word)]
            sides = {side for _, side in named}
            if len(sides) != 1:
                continue
            (side,) = sides
            about = _sides(command.comment) or (set() if command.name == "ssh" else _sides(block.section.title))
            if len(about) == 1 and side not in about:
                other = next(iter(about))
                word = named[0][0]
                yield Found(
                    word.place,
                    f"this step is about the {other} side, {word.raw} is of the {side} one",
                    f"write the {other} one's",
                )


def _named_sides(material: Material, command: Command, word: Word) -> set[str]:
    """Return the sides that a word names: by its placeholders, or as the name of a group that is made or looked for."""
    groups = {material.homework.network.public_group: "public", material.homework.network.private_group: "private"}
    if command.name == "grep" or "create-security-group" in command.argv:
        return {groups[word.text]} if word.text in groups else set()
    return {side for name, _ in find(word.raw) for side in _sides(name)}


@rule("PH009", "error")
def answer_of_the_right_side(material: Material) -> Iterator[Found]:
    """What is asked for the private instance is its private name, and public for the bastion."""
    for name, mention in providers(material.mentions).items():
        line = read_aws(mention.command) if mention.command else None
        query = line.value("--query") if line else None
        match = re.search(r"(Public|Private)(?:Dns|Ip)\w*$", query.text) if query else None
        if query is not None and match and len(_sides(name)) == 1 and match[1].lower() not in _sides(name):
            yield Found(
                query.place,
                f"{match[0]} of what {name} stands for: ssh to it finds no way",
                f"ask for {'Public' if 'public' in _sides(name) else 'Private'}…",
            )
        if query is not None and line is not None and match:
            yield from _asked_of(name, line.values("--instance-ids"))


def _asked_of(name: str, words: tuple[object, ...]) -> Iterator[Found]:
    for word in words:
        sides = _sides(word.text)  # type: ignore[attr-defined]
        if len(sides) == 1 and len(_sides(name)) == 1 and sides != _sides(name):
            yield Found(word.place, f"{name} is asked of {word.text}", "ask the other instance")  # type: ignore[attr-defined]


def _sides(text: str) -> set[str]:
    words = set(re.findall(r"[a-z]+", re.sub(r"[_-]", " ", text).lower()))
    found = {"public"} if words & {"public", "bastion", "jumpbox"} else set()
    return found | ({"private"} if "private" in words else set())


@rule("PH010", "note")
def one_style(material: Material) -> Iterator[Found]:
    """Placeholders look alike: a reader sees at a glance what to replace."""
    styles: dict[str, Mention] = {}
    for mention in material.mentions:
        style = next(name for name, pattern in _STYLES.items() if re.match(pattern, mention.name))
        if style not in styles and styles:
            first = next(iter(styles.values()))
            yield Found(
                mention.place,
                f"{mention.name} is another way to write a placeholder than {first.name}",
                "write all as YOUR_…",
            )
        styles.setdefault(style, mention)


_STYLES = {"capitals": r"[A-Z][A-Z0-9_]+$", "xxx": r"[a-z]*-?[xX]{4,}$", "angles": r"<", "words": r""}


@rule("PH011", "error")
def text_uses_known_names(material: Material) -> Iterator[Found]:
    """Links and addresses in the text use the placeholders of the commands."""
    told = set(providers(material.mentions))
    for mention in material.mentions:
        if mention.command is None and mention.role == "used" and mention.name not in told and told:
            prose = next(
                (p for p in material.document.prose if isinstance(p, Prose) and p.order == mention.at[0]), None
            )
            if prose is not None and not nearest(mention.name, told) and mention.name.startswith("YOUR_"):
                yield Found(
                    mention.place, f"no step says what {mention.name} is", "use a placeholder that a step prints"
                )
