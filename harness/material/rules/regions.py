"""What AWS commands take for granted: a region, an order, a bucket that is empty, a default that is not there yet."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Block, Prose
from harness.material.finding import Found, rule
from harness.material.lines import AwsLine
from harness.material.material import Material
from harness.material.rules.requirements import role

_GLOBAL = frozenset(
    {"iam", "sts", "budgets", "ce", "pricing", "route53", "cloudfront", "organizations", "configure", "s3"}
)


@rule("AS016", "error")
def one_region(material: Material) -> Iterator[Found]:
    """All steps work in one region: what is made in one is not there in another."""
    lines = [line for line in material.aws if line.service not in _GLOBAL]
    named = [line for line in lines if "--region" in line.options]
    plain = [line for line in lines if "--region" not in line.options]
    for line in named:
        word = line.value("--region")
        if (
            word is None
            or not word.is_literal
            or "YOUR" in word.text
            or line.operation == "describe-spot-price-history"
        ):
            continue
        others = {w.text for other in named for w in other.options["--region"]} - {word.text}
        if plain or others:
            where = f"in {sorted(others)[0]}" if not plain else "in the region that was configured"
            yield Found(word.place, f"this works in {word.text}, the other steps {where}: what they make is not there",
                        "leave --region out")  # fmt: skip


@rule("AS017", "error")
def newest_first(material: Material) -> Iterator[Found]:
    """Who sorts by date and takes one takes the newest."""
    for line in material.aws:
        query = line.value("--query")
        match = re.search(r"(?<!reverse\()\bsort_by\([^)]*(?:Date|Time)[^)]*\)\[0\]", query.text) if query else None
        if query and match and "reverse(" not in query.text:
            yield Found(query.place, "sort_by puts the oldest first: this takes the oldest", "write [-1]")


@rule("AS018", "error")
def buckets_are_emptied(material: Material) -> Iterator[Found]:
    """A bucket is emptied before it is removed, or removed with what is in it."""
    emptied: set[str] = set()
    for line in material.aws:
        buckets = {re.sub(r"(s3://[^/]+).*", r"\1", word.text) for word in line.operands}
        if line.service == "s3" and line.operation == "rm" and "--recursive" in line.options:
            emptied |= buckets
        elif line.key == ("s3", "rb") and "--force" not in line.options and not buckets <= emptied:
            yield Found(
                line.command.place, "BucketNotEmpty: the bucket you tried to delete is not empty", "add --force"
            )


@rule("AS019", "error")
def default_vpc_may_exist(material: Material) -> Iterator[Found]:
    """A default VPC is created only where there is none: nearly every region has one."""
    for line in material.aws:
        if line.operation == "create-default-vpc":
            block = material.document.block_of(line.command)
            if not block.is_optional and not _is_conditional(material, block, line):
                yield Found(line.command.place, "DefaultVpcAlreadyExists: every new account has one in each region",
                            "ask describe-vpcs first, and say that this is for regions without one")  # fmt: skip


def _is_conditional(material: Material, block: Block, line: AwsLine) -> bool:
    """Say whether the text right before it, or the comment, says when it is needed."""
    before = [p.text for p in material.document.within(block.section) if isinstance(p, Prose) and p.order < block.order]
    said = f"{' '.join(before[-1:])} {line.command.comment}"
    return re.search(r"\b(?:if|only|unless|when|skip|missing|no default)\b", said, re.IGNORECASE) is not None


@rule("RQ016", "warning")
def private_without_address(material: Material) -> Iterator[Found]:
    """The private instance gets no public address."""
    for line in material.aws:
        if line.operation != "run-instances" or role(material, line) != "private":
            continue
        word = line.names.get("--associate-public-ip-address")
        if word is not None or "--no-associate-public-ip-address" not in line.options:
            place = word.place if word else line.command.place
            why = "gives" if word else "in a default subnet gives"
            yield Found(
                place, f"this {why} the private instance a public address", "write --no-associate-public-ip-address"
            )
