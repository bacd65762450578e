"""What the document has the reader create: in an order that works, and deleted in the end."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material.document import Command, Word
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine
from harness.material.material import Material
from harness.material.placeholders import find
from harness.material.words import nearest


@dataclass(frozen=True)
class Kind:
    """How a kind of thing is made and deleted: operations, and the option that names it when it is deleted."""

    name: str
    create: tuple[str, str]
    delete: tuple[str, ...]
    option: str
    named: str = ""
    why: str = "is billed until it is deleted"


KINDS = (
    Kind("instance", ("ec2", "run-instances"), ("terminate-instances",), "--instance-ids"),
    Kind("security group", ("ec2", "create-security-group"), ("delete-security-group",), "--group-id", "--group-name", "stays in the account, and the next semester's command fails: it already exists"),
    Kind("notebook instance", ("sagemaker", "create-notebook-instance"), ("delete-notebook-instance",), "--notebook-instance-name", "--notebook-instance-name"),
    Kind("role", ("iam", "create-role"), ("delete-role",), "--role-name", "--role-name", "stays in the account with all its rights"),
    Kind("volume", ("ec2", "create-volume"), ("delete-volume",), "--volume-id"),
    Kind("address", ("ec2", "allocate-address"), ("release-address",), "--allocation-id"),
    Kind("image", ("ec2", "create-image"), ("deregister-image",), "--image-id"),
    Kind("snapshot", ("ec2", "create-snapshot"), ("delete-snapshot",), "--snapshot-id"),
    Kind("endpoint", ("sagemaker", "create-endpoint"), ("delete-endpoint",), "--endpoint-name", "--endpoint-name"),
    Kind("endpoint configuration", ("sagemaker", "create-endpoint-config"), ("delete-endpoint-config",), "--endpoint-config-name", "--endpoint-config-name"),
    Kind("model", ("sagemaker", "create-model"), ("delete-model",), "--model-name", "--model-name"),
    Kind("access key", ("iam", "create-access-key"), ("delete-access-key",), "--access-key-id", "", "stays valid"),
    Kind("bucket", ("s3api", "create-bucket"), ("delete-bucket",), "--bucket", "--bucket"),
)  # fmt: skip


@dataclass
class Thing:
    """Something that a command creates: what later commands call it, and where it ends."""

    kind: Kind
    name: str
    command: Command
    section: str
    ended: Command | None = None


def things(material: Material) -> list[Thing]:
    """Return what the commands create, each with the command that deletes it."""
    found: list[Thing] = []
    for line in material.aws:
        for kind in KINDS:
            if line.key == kind.create and "--dry-run" not in line.options:
                section = material.document.block_of(line.command).section.title
                found.append(Thing(kind, _name(line, kind), line.command, section))
            elif line.service == kind.create[0] and line.operation in kind.delete:
                _end(found, kind, line, material.document.block_of(line.command).section.title)
    return found


def _name(line: AwsLine, kind: Kind) -> str:
    """Return what later commands will call a thing: the name it is given, or the placeholder of its id."""
    printed = [name for name, _ in find(line.command.comment)]
    word = line.value(kind.named) if kind.named and kind.option == kind.named else None
    return word.text if word else printed[0] if printed else ""


def _sides(text: str) -> set[str]:
    return set(re.findall(r"[a-z]+", text.lower())) & {"bastion", "private", "spot", "public"}


def _end(found: list[Thing], kind: Kind, line: AwsLine, section: str) -> None:
    for word in line.values(kind.option, kind.named):
        named = next(
            (thing for thing in found if thing.kind is kind and thing.name == word.text and thing.ended is None), None
        )
        unnamed = [thing for thing in found if thing.kind is kind and not thing.name and thing.ended is None]
        meant = _sides(re.split(r"\b(?:but|keep)\b", section)[0])
        likely = [thing for thing in unnamed if _sides(thing.section) & meant]
        target = named or next(iter(likely or unnamed), None)
        if target is not None:
            target.ended = line.command


@rule("RS001", "error")
def everything_is_deleted(material: Material) -> Iterator[Found]:
    """Everything that costs money and that the document creates, it deletes."""
    for thing in things(material):
        if thing.ended is None and not _said_in_prose(material, thing):
            called = f" {thing.name}" if thing.name else ""
            yield Found(
                thing.command.place, f"no later command deletes the {thing.kind.name}{called} of step {thing.section!r}: it {thing.kind.why}",
                f"add aws {thing.kind.create[0]} {thing.kind.delete[0]} to the clean-up",
            )  # fmt: skip


def _said_in_prose(material: Material, thing: Thing) -> bool:
    """Say whether the text, in so many words, has the reader delete this very thing."""
    words = set(re.findall(r"[a-z]+", f"{thing.section} {thing.name}".lower())) & {"spot", "bastion", "private"}
    for prose in material.document.prose:
        says = re.search(r"\b(?:terminate|delete|remove)\b", prose.text, re.IGNORECASE)
        if says and prose.kind != "heading" and prose.place.line > thing.command.place.line:
            if words and any(word in prose.text.lower() for word in words) and thing.kind.name in prose.text.lower():
                return True
    return False


@rule("RS002", "error")
def order_of_life(material: Material) -> Iterator[Found]:
    """Nothing is used after it was deleted, nor deleted twice."""
    ended: dict[str, Command] = {}
    created: dict[str, Command] = {thing.name: thing.command for thing in things(material) if thing.name}
    for line in material.aws:
        kind = next((k for k in KINDS if line.service == k.create[0] and line.operation in k.delete), None)
        for option, words in line.options.items():
            for word in words:
                yield from _used(line, option, word, ended, created)
        if kind:
            ended |= {word.text: line.command for word in line.values(kind.option, kind.named)}


def _used(
    line: AwsLine, option: str, word: Word, ended: dict[str, Command], created: dict[str, Command]
) -> Iterator[Found]:
    end, made = ended.get(word.text), created.get(word.text)
    if option in ("--profile", "--region", "--output", "--query"):
        return
    is_looking = line.operation == "wait" or line.operation.startswith(("describe-", "list-"))
    if made and made.place.line > line.command.place.line and option != "--group-name":
        yield Found(word.place, f"{word.text} is made in line {made.place.line} only", "move this step below it")
    elif (
        end is not None
        and not is_looking
        and (option in ("--role-name", "--notebook-instance-name") or word.text.startswith("YOUR_"))
    ):
        yield Found(word.place, f"{word.text} was deleted in line {end.place.line}", "move the deletion to the end")


@rule("RS003", "error")
def machines_live(material: Material) -> Iterator[Found]:
    """No step runs on an instance that an earlier step terminated."""
    for thing in things(material):
        if thing.kind.name != "instance" or thing.ended is None:
            continue
        machine = "bastion" if _is(thing, "bastion", "public") else "private" if _is(thing, "private") else ""
        later = next(
            (c for c in material.commands if c.machine == machine and c.place.line > thing.ended.place.line), None
        )
        if later is not None:
            yield Found(
                later.place,
                f"the {machine} was terminated in line {thing.ended.place.line}",
                "move this step up, or the termination down",
            )


def _is(thing: Thing, *words: str) -> bool:
    return any(word in f"{thing.name} {thing.section}".lower() for word in words)


@rule("RS004", "error")
def machines_run(material: Material) -> Iterator[Found]:
    """No step runs on an instance that is launched later."""
    launches = [thing for thing in things(material) if thing.kind.name == "instance"]
    for machine in ("bastion", "private"):
        own = [
            t for t in launches if _is(t, machine) or (machine == "bastion" and _is(t, "public") and not _is(t, "spot"))
        ]
        first = next((c for c in material.commands if c.machine == machine and c.name != "ssh"), None)
        if own and first and all(thing.command.place.line > first.place.line for thing in own):
            yield Found(
                first.place,
                f"the {machine} is launched in line {own[0].command.place.line} only",
                "move this step below the launch",
            )


@rule("RS005", "error")
def references_go_first(material: Material) -> Iterator[Found]:
    """A group that another group's rule refers to is deleted after it; a role is emptied before it is deleted."""
    refers = {}
    attached: dict[tuple[str, str], Command] = {}
    gone: set[str] = set()
    for line in material.aws:
        group, source, role, policy = (
            line.value(o) for o in ("--group-id", "--source-group", "--role-name", "--policy-arn")
        )
        if group and source and line.operation.startswith("authorize"):
            refers[source.text] = group.text
        elif line.operation == "delete-security-group" and group:
            if group.text in refers and refers[group.text] not in gone:
                yield Found(
                    group.place,
                    f"DependencyViolation: a rule of {refers[group.text]} refers to {group.text}",
                    f"delete {refers[group.text]} first",
                )
            gone.add(group.text)
        elif role and policy and line.operation == "attach-role-policy":
            attached[role.text, policy.text] = line.command
        elif role and policy and line.operation == "detach-role-policy":
            if (role.text, policy.text) not in attached:
                near = nearest(policy.text, [p for r, p in attached if r == role.text])
                yield Found(
                    policy.place,
                    f"NoSuchEntity: {policy.text} was not attached to {role.text}",
                    f"write {near}" if near else "attach it first",
                )
            attached.pop((role.text, policy.text), None)
        elif role and line.operation == "delete-role" and any(name == role.text for name, _ in attached):
            yield Found(
                role.place,
                "DeleteConflict: Cannot delete entity, must detach all policies first",
                "detach-role-policy first",
            )


@rule("RS006", "error")
def instances_end_before_groups(material: Material) -> Iterator[Found]:
    """Groups are deleted after the instances in them, and once those are really gone."""
    inside: dict[str, list[str]] = {}
    alive: set[str] = set()
    for line in material.aws:
        printed = [name for name, _ in find(line.command.comment)]
        if line.operation == "run-instances" and printed:
            for word in line.options.get("--security-group-ids", ()):
                inside.setdefault(word.text, []).append(printed[0])
            alive.add(printed[0])
        elif line.operation == "wait" and line.operands and line.operands[0].text == "instance-terminated":
            alive -= {word.text for word in line.options.get("--instance-ids", ())}
        elif line.operation == "delete-security-group":
            for word in line.options.get("--group-id", ()):
                there = [name for name in inside.get(word.text, []) if name in alive]
                if there:
                    yield Found(
                        word.place,
                        f"DependencyViolation: {', '.join(there)} is still in the group",
                        "terminate it and wait: aws ec2 wait instance-terminated",
                    )


@rule("RS007", "error")
def notebooks_stop_first(material: Material) -> Iterator[Found]:
    """A notebook instance is stopped, and stopped for good, before it is deleted."""
    stopped: set[str] = set()
    stopping: set[str] = set()
    for line in material.aws:
        names = {word.text for word in line.options.get("--notebook-instance-name", ())}
        if line.operation == "stop-notebook-instance":
            stopping |= names
        elif line.operation == "wait" and line.operands and line.operands[0].text in ("notebook-instance-stopped",):
            stopped |= names & stopping
        elif line.operation == "delete-notebook-instance" and not names <= stopped:
            yield Found(
                line.command.place,
                "ValidationException: a notebook instance must be stopped before it is deleted",
                "stop-notebook-instance and wait notebook-instance-stopped first",
            )


@rule("RS008", "error")
def rules_once(material: Material) -> Iterator[Found]:
    """No rule of a security group is added twice, and each port goes to the group that needs it."""
    seen: dict[tuple[str, ...], Command] = {}
    for line in material.aws:
        if line.operation != "authorize-security-group-ingress":
            continue
        key = tuple(
            " ".join(word.text for word in line.options.get(option, ()))
            for option in ("--group-id", "--group-name", "--protocol", "--port", "--cidr", "--source-group")
        )
        if key in seen:
            yield Found(
                line.command.place,
                f"InvalidPermission.Duplicate: line {seen[key].place.line} adds the same rule",
                "was another group or port meant?",
            )
        seen.setdefault(key, line.command)


@rule("RS011", "error")
def waits_come_after(material: Material) -> Iterator[Found]:
    """What is waited for was set going before: running after a launch, terminated after a termination."""
    done: dict[str, set[str]] = {"instance-running": set(), "instance-terminated": set(), "instance-stopped": set()}
    for line in material.aws:
        printed = {name for name, _ in find(line.command.comment)}
        ids = {word.text for word in line.options.get("--instance-ids", ())}
        if line.operation == "run-instances":
            done["instance-running"] |= printed
        elif line.operation in ("terminate-instances", "stop-instances"):
            done["instance-terminated" if line.operation.startswith("term") else "instance-stopped"] |= ids
            done["instance-running"] -= ids
        elif line.operation == "wait" and line.operands and line.operands[0].text in done:
            state = line.operands[0].text
            missing = ids - done[state]
            if missing and any(done.values()):
                yield Found(
                    line.command.place,
                    f"Max attempts exceeded: nothing makes {', '.join(sorted(missing))} {state.removeprefix('instance-')} before this",
                    "wait for what the step before it does",
                )


@rule("RS012", "warning")
def waits_are_there(material: Material) -> Iterator[Found]:
    """An instance's addresses are asked for once it runs: before that they are None."""
    waited: set[str] = set()
    is_young = False
    for line in material.aws:
        ids = {word.text for word in line.options.get("--instance-ids", ())}
        if line.operation == "wait":
            waited |= ids
        is_young = line.operation == "run-instances" or (is_young and line.operation != "wait")
        is_early = not ids & waited if ids else is_young
        if (
            line.operation == "describe-instances"
            and is_early
            and re.search(r"Public(?:Dns|Ip)", _asked(material, line))
        ):
            yield Found(
                line.command.place,
                "a moment after the launch there is no public address yet: the command prints None, or nothing",
                "aws ec2 wait instance-running first",
            )


def _asked(material: Material, line: AwsLine) -> str:
    """Return what is looked for in an answer: by a query, or by a grep behind a pipe."""
    query = line.value("--query")
    greps = [" ".join(other.argv[1:]) for other in material.reading(line.command) if other.name == "grep"]
    return " ".join([query.text if query else "", *greps])
