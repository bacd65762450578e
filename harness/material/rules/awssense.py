"""AWS commands that are accepted and still wrong: ids of somebody's own, addresses, ports, owners, types, prices."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator

from harness.material.document import Place, Word
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.openings import openings
from harness.material.placeholders import PATTERN
from harness.material.tables import table

REAL = re.compile(r"\b(?:i|vpc|sg|subnet|vol|eni|rtb|igw|snap|eipalloc|sir)-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")
IMAGE = re.compile(r"\bami-(?:[0-9a-f]{17}|[0-9a-f]{8})\b")


@rule("AS001", "error")
def nobody_elses_ids(material: Material) -> Iterator[Found]:
    """Ids are placeholders: a real one belongs to somebody's account."""
    for line in material.aws:
        for word in line.command.words:
            match = REAL.search(word.text)
            if match:
                yield Found(
                    word.place, f"{match[0]} is in the author's account; in yours there is no such thing (InvalidInstanceID.NotFound and the like)",
                    "write a placeholder, and say which command prints its value",
                )  # fmt: skip


@rule("AS002", "error")
def images_of_one_region(material: Material) -> Iterator[Found]:
    """Image ids are looked up: each region has its own, and old ones are withdrawn."""
    known = table("releases")["images"]
    for line in material.aws:
        for word in line.command.words:
            match = IMAGE.search(word.text)
            if match:
                about = known.get(match[0])
                reason = f"{match[0]} is {about['name']} in {about['region']} only, out of support since {about['end']}" if about else (
                    f"{match[0]} exists in one region only, for as long as its owner keeps it")  # fmt: skip
                yield Found(word.place, reason, "look the newest image up by owner and name, and write a placeholder")


@rule("AS003", "warning")
def images_in_text(material: Material) -> Iterator[Found]:
    """The text names no image id either."""
    for prose in material.document.prose:
        for run in prose.runs:
            match = IMAGE.search(run.text)
            if match:
                yield Found(
                    Place(run.place.line, run.place.col + match.start()),
                    f"{match[0]} will be another image's id next year, or none's",
                    "describe the message without the id",
                )


@rule("AS004", "error")
def key_names(material: Material) -> Iterator[Found]:
    """The option --key-name takes the key pair's name, not its file's."""
    for line in material.aws:
        for word in line.options.get("--key-name", ()):
            if re.search(r"\.(?:pem|ppk|pub)$|/", word.text):
                yield Found(
                    word.place,
                    f"InvalidKeyPair.NotFound: the key pair {word.text!r} does not exist; .pem belongs to the file",
                    "write the key pair's name",
                )


@rule("AS005", "error")
def networks(material: Material) -> Iterator[Found]:
    """CIDR blocks are blocks, and mean what they seem to."""
    for line in material.aws:
        for word in (*line.options.get("--cidr", ()), *line.options.get("--cidr-block", ())):
            if word.is_literal and re.match(r"[\d./]+$", word.text):
                yield from _network(word)


def _network(word: Word) -> Iterator[Found]:
    try:
        network = ipaddress.ip_network(word.text)
    except ValueError as error:
        yield Found(
            word.place,
            f"InvalidParameterValue: CIDR block {word.text} is malformed ({error})",
            "write 0.0.0.0/0, or an address with /32",
        )
        return
    if 0 < network.prefixlen < 8:
        yield Found(
            word.place,
            f"{word.text} is one part in {2**network.prefixlen} of all addresses: who is outside of it gets no answer",
            "write 0.0.0.0/0 for everybody",
        )
    elif "/" not in word.text:
        yield Found(word.place, f"InvalidParameterValue: {word.text} is no CIDR block", f"write {word.text}/32")


@rule("AS006", "error")
def ports(material: Material) -> Iterator[Found]:
    """Rules of security groups name a protocol, and ports that there are."""
    for line in material.aws:
        if "security-group-" not in line.operation or "gress" not in line.operation:
            continue
        protocol = line.value("--protocol", "--ip-protocol")
        if (
            protocol
            and protocol.text not in ("tcp", "udp", "icmp", "icmpv6", "-1", "all")
            and not protocol.text.isdigit()
        ):
            yield Found(protocol.place, f"InvalidParameterValue: there is no protocol {protocol.text!r}", "write tcp")
        for word in line.options.get("--port", ()):
            yield from _ports(word)
        if (
            "--protocol" in line.options
            and "--port" not in line.options
            and protocol
            and protocol.text in ("tcp", "udp")
        ):
            yield Found(line.command.place, "InvalidParameterValue: a rule for tcp or udp names its port", "add --port")
        if not {
            "--cidr",
            "--source-group",
            "--ip-permissions",
            "--cidr-ip",
            "--source-security-group-name",
            "--security-group-rule-ids",
        } & set(line.options):
            yield Found(
                line.command.place,
                "MissingParameter: the rule says nobody who may come in",
                "add --cidr or --source-group",
            )


def _ports(word: Word) -> Iterator[Found]:
    match = re.fullmatch(r"(-?\d+)(?:-(\d+))?|all", word.text)
    if match is None:
        if word.is_literal and "_" not in word.text:
            yield Found(word.place, f"InvalidParameterValue: {word.text!r} is no port", "write a number")
        return
    first, last = (int(match[1] or 0), int(match[2] or match[1] or 65535)) if match[1] else (0, 65535)
    if last > 65535 or first > last:
        yield Found(
            word.place, f"InvalidParameterValue: Invalid value {word.text!r} for port", "write a port up to 65535"
        )
    elif last - first > 1000:
        yield Found(word.place, "thousands of ports are opened where one is needed", "name the port")


@rule("AS007", "warning")
def open_to_the_world(material: Material) -> Iterator[Found]:
    """Only what must be reached from everywhere is open to everywhere."""
    for line in material.aws:
        group = line.value("--group-id", "--group-name")
        for one in openings(line) if line.operation == "authorize-security-group-ingress" else ():
            if (
                one.cidr is not None
                and one.cidr.text in ("0.0.0.0/0", "::/0")
                and group
                and material.is_private(group.text)
            ):
                yield Found(
                    one.cidr.place,
                    f"the private group lets the whole world in on port {one.port.text}, where only the bastion has to come in",
                    "use --source-group with the public group's id",
                )
        protocol, cidr = line.value("--protocol"), line.value("--cidr")
        if protocol and cidr and protocol.text in ("-1", "all") and cidr.text in ("0.0.0.0/0", "::/0"):
            yield Found(protocol.place, "every port is open to the world", "name protocol and port")


@rule("AS008", "error")
def trusted_owners(material: Material) -> Iterator[Found]:
    """Images are looked up by their owner too: anybody may publish one under any name."""
    owner = material.homework.image.owner
    for line in material.aws:
        if line.operation != "describe-images" or "--image-ids" in line.options:
            continue
        filters = " ".join(word.text for word in line.options.get("--filters", ()))
        owners = line.options.get("--owners", ())
        if not owners and "Name=owner-" not in filters:
            yield Found(
                line.command.place,
                "any account may publish an image under this name, and this trusts them all",
                f"add --owners {owner} (Canonical)",
            )
        for word in owners:
            if re.fullmatch(r"\d+", word.text) and word.text != owner and "ubuntu" in filters:
                yield Found(
                    word.place,
                    f"{word.text} is not Canonical: the images found are somebody else's, or none",
                    f"write {owner}",
                )


@rule("AS009", "error")
def types_are_offered(material: Material) -> Iterator[Found]:
    """Instance types are ones that AWS still offers (dated table)."""
    gone: dict[str, str] = table("instances")["gone"]
    for line in material.aws:
        for word in (*line.options.get("--instance-type", ()), *line.options.get("--instance-types", ())):
            family = word.text.rpartition(".")[0]
            if family in gone:
                yield Found(
                    word.place,
                    f"{word.text} is not offered any more (read {table('instances')['read']})",
                    f"use {gone[family]}",
                )


@rule("AS010", "warning")
def types_in_text(material: Material) -> Iterator[Found]:
    """The text names no instance type that AWS has given up (dated table)."""
    gone: dict[str, str] = table("instances")["gone"]
    for prose in material.document.prose:
        for run in prose.runs:
            match = re.search(
                r"\b((?:ml\.)?[a-z]{1,2}\d[a-z]*)\.\d*(?:nano|micro|small|medium|large|x?large)\b", run.text
            )
            if match and match[1] in gone:
                yield Found(
                    Place(run.place.line, run.place.col + match.start()),
                    f"{match[0]} is not offered any more (read {table('instances')['read']})",
                    f"use {gone[match[1]]}",
                )


@rule("AS011", "error")
def quotas(material: Material) -> Iterator[Found]:
    """The quota that is raised is the one that counts what is needed, and is raised far enough."""
    known = table("instances")["quotas"]
    wanted = material.homework.quota
    for line in material.aws:
        if line.operation != "request-service-quota-increase":
            continue
        code, value, service = (line.value(o) for o in ("--quota-code", "--desired-value", "--service-code"))
        if service and service.is_literal and service.text != wanted.service:
            message = f"NoSuchResourceException: {wanted.code} is a quota of {wanted.service}, not of {service.text}"
            yield Found(service.place, message, f"write {wanted.service}")
        if code and code.text != wanted.code and code.is_literal:
            about = known.get(code.text, {}).get("name", "a quota that this suite does not know")
            yield Found(
                code.place,
                f"{code.text} is {about}, the homework wants {known.get(wanted.code, {}).get('name', wanted.code)}",
                f"write {wanted.code}",
            )
        if value and re.fullmatch(r"[\d.]+", value.text) and float(value.text) < wanted.vcpus:
            yield Found(
                value.place,
                f"{value.text} vCPUs are fewer than the {wanted.vcpus} that are needed",
                f"write {wanted.vcpus}",
            )


@rule("AS012", "warning")
def launches_say_how_many(material: Material) -> Iterator[Found]:
    """A launch makes one instance."""
    for line in material.aws:
        for word in line.options.get("--count", ()) if line.operation == "run-instances" else ():
            if word.text not in ("1", "1:1"):
                yield Found(word.place, f"this launches {word.text} instances, each billed", "write 1, or leave it out")


@rule("AS013", "error")
def launches_are_complete(material: Material) -> Iterator[Found]:
    """A launch names image, type, key and group: without them one gets in nowhere, or another machine."""
    for line in material.aws:
        if line.operation != "run-instances" or "--launch-template" in line.options:
            continue
        needed = {"--image-id": "MissingParameter: the image", "--instance-type": "an m1.small, the default, or a refusal",
                  "--key-name": "an instance that nobody can log in to", "--security-group-ids": "an instance in the default group, which lets nobody in"}  # fmt: skip
        for option, without in needed.items():
            if option not in line.options and not (
                option == "--security-group-ids" and "--security-groups" in line.options
            ):
                yield Found(line.command.place, f"a launch without {option}: {without}", f"add {option}")


@rule("AS014", "error")
def answers_fit_their_use(material: Material) -> Iterator[Found]:
    """Who is to copy one value gets it as text, and the query picks one."""
    for line in material.aws:
        query = line.value("--query")
        gives = re.search(r"\bprints? YOUR_", line.command.comment, re.IGNORECASE)
        if query is None or not gives:
            continue
        if re.search(r"\[(?:\*|\?[^\]]*)?\]", query.text) and not re.search(
            r"\]\s*\|\s*\[0\]|\)\[-?\d\]|\[-?\d+\][^\[]*$", query.text
        ):
            yield Found(query.place, "the query prints a list, where one value is wanted", "pick one, with [0]")
        output = line.value("--output")
        if output is None or output.text != "text":
            yield Found(
                output.place if output else line.command.place,
                "the value is printed in quotes, and copied with them",
                "add --output text",
            )


_PREFIXES = {
    "--image-id": r"ami-|resolve:", "--instance-ids": r"i-", "--instance-id": r"i-", "--group-id": r"sg-", "--group-ids": r"sg-",
    "--security-group-ids": r"sg-", "--source-group": r"sg-|[A-Z]", "--vpc-id": r"vpc-", "--subnet-id": r"subnet-", "--volume-id": r"vol-",
}  # fmt: skip


@rule("AS015", "error")
def ids_look_like_ids(material: Material) -> Iterator[Found]:
    """An id begins with the letters of its kind, or is a placeholder."""
    for line in material.aws:
        for option, prefix in _PREFIXES.items():
            for word in line.options.get(option, ()):
                if word.is_literal and not PATTERN.fullmatch(word.text) and not re.match(prefix, word.text):
                    message = f"InvalidID.Malformed: {option} wants an id that begins with {prefix.split('|')[0]}, not {word.text!r}"
                    yield Found(word.place, message, "write the placeholder of the id")
