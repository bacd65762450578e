"""Files and samples: JSON that parses, Python that runs, outputs that fit their command."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from typing import Any

from botocore.model import StructureShape

from harness.material import services
from harness.material.document import Block, Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.pythonform import ARGUMENTS, called
from harness.material.rules.listings import price_samples
from harness.material.tables import table
from harness.material.words import meant


@rule("SA001", "error")
def json_parses(material: Material) -> Iterator[Found]:
    """JSON that the reader writes to a file parses."""
    for block in material.blocks("json"):
        try:
            json.loads(block.text)
        except json.JSONDecodeError as error:
            yield Found(block.at(error.lineno - 1, error.colno - 1), f"Invalid JSON: {error.msg}", "mend the JSON")
        except RecursionError:
            yield Found(block.place, "JSON nested too deeply", "flatten it")


@rule("SA002", "note")
def samples_are_whole(material: Material) -> Iterator[Found]:
    """A sample of JSON output is whole, and in the form in which the command prints it."""
    for block in material.blocks("output"):
        if block.text.strip()[:1] in ("{", "[") and '"' in block.text:
            try:
                json.loads(block.text)
            except (ValueError, RecursionError) as error:
                row = getattr(error, "lineno", 1) - 1
                yield Found(
                    block.at(row) if row < block.text.count("\n") - 1 else block.place,
                    "the sample is a torn-out piece of JSON: it ends in the middle",
                    "show the whole answer",
                )


@rule("SA004", "error")
def python_parses(material: Material) -> Iterator[Found]:
    """Cells of a notebook are Python."""
    for block in material.blocks("python"):
        code = _plain(block.text)
        try:
            ast.parse(code)
        except SyntaxError as error:
            yield Found(
                block.at((error.lineno or 1) - 1, max((error.offset or 1) - 1, 0)),
                f"SyntaxError: {error.msg}",
                "mend the cell",
            )
        except (ValueError, RecursionError, MemoryError):
            yield Found(block.place, "the cell is nested too deeply", "split it")


def _plain(code: str) -> str:
    """Return a cell without its magic lines, line by line."""
    return "\n".join("pass" if re.match(r"[%!]", line) else line for line in code.split("\n"))


@rule("SA005", "error")
def python_names(material: Material) -> Iterator[Found]:
    """Cells use names that an earlier cell, or themselves, defined."""
    known = set(dir(__builtins__)) | set(__builtins__ if isinstance(__builtins__, dict) else ())
    for block in material.blocks("python"):
        code = _plain(block.text)
        known |= defined_names(code)
        for node in _nodes(code):
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load) and node.id not in known:
                yield Found(
                    block.at(node.lineno - 1, node.col_offset),
                    f"NameError: name {node.id!r} is not defined",
                    meant(node.id, known, "define it in an earlier cell"),
                )


def _nodes(code: str) -> list[ast.AST]:
    try:
        return list(ast.walk(ast.parse(code)))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []


@rule("SA006", "error")
def estimator_is_asked_right(material: Material) -> Iterator[Found]:
    """The k-means estimator is called as the SageMaker SDK wants it, with the homework's settings."""
    asked = material.homework.kmeans
    for block in material.blocks("python"):
        for node in _nodes(_plain(block.text)):
            if not isinstance(node, ast.Call):
                continue
            name = called(node)
            given: dict[str, Any] = dict(zip(ARGUMENTS.get(name, ()), node.args, strict=False))
            given |= {keyword.arg or "": keyword.value for keyword in node.keywords}
            place = block.at(node.lineno - 1, node.col_offset)
            if name == "KMeans":
                yield from _settings(
                    block,
                    given,
                    place,
                    {"k": asked.k, "instance_type": asked.training_type, "instance_count": asked.training_count},
                    "TrainingInstanceType",
                )
            elif name == "deploy":
                wanted = {"instance_type": asked.endpoint_type, "initial_instance_count": 1}
                yield from _settings(block, given, place, wanted, "ProductionVariantInstanceType")
            for word in given:
                if name in ARGUMENTS and word not in ARGUMENTS[name]:
                    at = block.at(given[word].lineno - 1, 0)
                    yield Found(
                        at,
                        f"TypeError: {name}() got an unexpected keyword argument {word!r}",
                        meant(word, ARGUMENTS[name], "see the SDK"),
                    )


def _settings(block: Block, given: dict[str, Any], place: Place, wanted: dict[str, Any], kinds: str) -> Iterator[Found]:
    """Yield the settings that are missing or wrong; which of AWS's types it is, and how many there are, nobody judges."""
    types = services.enum("sagemaker", kinds)
    for name, value in wanted.items():
        node = given.get(name)
        if node is None:
            yield Found(place, f"TypeError: the call lacks {name}", f"add {name}={value!r}")
        elif isinstance(node, ast.Constant) and node.value != value:
            if node.value in types or (name.endswith("instance_count") and node.value in range(1, 5)):
                continue
            yield Found(
                block.at(node.lineno - 1, node.col_offset),
                f"{name}={node.value!r}, the homework wants {value!r}",
                f"write {value!r}",
            )


@rule("SA007", "error")
def magics_install_what_works(material: Material) -> Iterator[Found]:
    """The SDK is pinned below version 3, which has no k-means estimator, no record_set and no deploy."""
    uses = next((block for block in material.blocks("python") if re.search(r"\bKMeans\b", block.text)), None)
    for block in material.blocks("python"):
        for row, text in enumerate(block.text.split("\n")):
            if (
                re.match(r"[%!]\s*pip3? install", text)
                and "sagemaker" in text
                and not re.search(r"sagemaker[^\"']*(?:<\s*3|==\s*2|~=\s*2)", text)
            ):
                yield Found(
                    block.at(row), "this installs sagemaker 3, where importing KMeans fails", 'write "sagemaker<3"'
                )
            elif re.match(r"[%!]\s*pip3? install", text) and not re.search(r"sagemaker\b", text) and uses is not None:
                yield Found(block.at(row), "nothing pins the SageMaker SDK", 'install "sagemaker<3"')


@rule("SA008", "error")
def options_file_is_right(material: Material) -> Iterator[Found]:
    """A file that a command is given as an argument has the form of that argument."""
    for line in material.aws:
        for name, words in line.options.items():
            for word in words:
                block = _file(material, word.text)
                option = services.options(line.service, line.operation).get(name) if block else None
                if block is not None and option is not None and option.shape is not None:
                    yield from _shaped(block, option.shape)


def _file(material: Material, text: str) -> Block | None:
    match = re.match(r"file://(.*)", text)
    return next(
        (
            b
            for b in material.blocks("json")
            if match and b.path.rsplit("/", 1)[-1] == match[1].rsplit("/", 1)[-1] and b.path
        ),
        None,
    )


def _shaped(block: Block, shape: Any, data: Any = None, *, is_root: bool = True) -> Iterator[Found]:
    try:
        data = json.loads(block.text) if is_root else data
    except (ValueError, RecursionError):
        return
    if isinstance(shape, StructureShape) and isinstance(data, dict):
        for key, value in data.items():
            if key not in shape.members:
                yield Found(
                    _where(block, key),
                    f"aws: Unknown parameter {key!r}",
                    meant(key, shape.members, f"use one of {', '.join(shape.members)}"),
                )
            else:
                yield from _shaped(block, shape.members[key], value, is_root=False)
    elif (
        shape.type_name == "string"
        and shape.metadata.get("enum")
        and isinstance(data, str)
        and data not in shape.metadata["enum"]
    ):
        yield Found(
            _where(block, data),
            f"AWS knows no {data!r} here",
            meant(data, shape.metadata["enum"], f"use one of {', '.join(shape.metadata['enum'])}"),
        )
    elif shape.type_name == "string" and not isinstance(data, str) and not is_root:
        yield Found(_where(block, str(data)), f"aws: Invalid type: {data!r} is no text", f'write "{data}"')


def _where(block: Block, text: str) -> Place:
    for row, line in enumerate(block.text.split("\n")):
        if f'"{text}"' in line or text in line:
            return block.at(row, line.find(text))
    return block.place


@rule("SA009", "error")
def spot_ceiling(material: Material) -> Iterator[Found]:
    """The ceiling of the spot price lies above the spot price and not above the on-demand price."""
    for line in material.aws:
        for word in line.options.get("--instance-market-options", ()):
            block, kind = _file(material, word.text), line.value("--instance-type")
            odd = re.search(r'"MaxPrice"\s*:\s*"(?!\d+(?:\.\d+)?")([^"]*)"', block.text) if block else None
            if block is not None and odd is not None:
                row = block.text[: odd.start(1)].count("\n")
                yield Found(
                    block.at(row), f"InvalidParameterValue: {odd[1]!r} is no price", "write dollars as a number: 0.0100"
                )
            match = re.search(r'"MaxPrice"\s*:\s*"?([\d.]+)"?', block.text) if block else None
            if block is None or match is None or kind is None:
                continue
            row = block.text[: match.start(1)].count("\n")
            col = match.start(1) - (block.text.rfind("\n", 0, match.start(1)) + 1)
            listed = table("instances")["hourly"]["us-east-1"].get(kind.text)
            shown = max(_shown_prices(material), default=0.0)
            if float(match[1]) < shown:
                message = f"SpotMaxPriceTooLow: the price that is shown above is {shown}, and this bids less"
                yield Found(block.at(row, col), message, "write a little more than the spot price")
            elif listed and float(match[1]) > listed:
                yield Found(
                    block.at(row, col),
                    f"{match[1]} is above what a {kind.text} costs on demand ({listed} in us-east-1): it saves nothing",
                    f"write less than {listed}",
                )
            elif listed and float(match[1]) < listed / 4:
                yield Found(
                    block.at(row, col),
                    f"SpotMaxPriceTooLow: a {kind.text} is hardly ever had for {match[1]} ({listed} on demand)",
                    "write a little more than the spot price",
                )


def _shown_prices(material: Material) -> Iterator[float]:
    """Yield the spot prices that a sample of the document shows."""
    for _, block, _ in price_samples(material):
        yield from (float(price) for price in re.findall(r'[pP]rice"\s*:\s*"(\d+\.\d+)"', block.text))


@rule("SA010", "error")
def trust_policies(material: Material) -> Iterator[Found]:
    """A trust policy lets the service in that the role is for."""
    for line in material.aws:
        for word in line.options.get("--assume-role-policy-document", ()):
            block = _file(material, word.text)
            if block is not None:
                yield from _trust(block)


def _trust(block: Block) -> Iterator[Found]:
    wanted = {
        "Version": ("2012-10-17", "2008-10-17"),
        "Effect": ("Allow",),
        "Service": ("sagemaker.amazonaws.com", "ec2.amazonaws.com", "lambda.amazonaws.com"),
        "Action": ("sts:AssumeRole",),
    }
    for row, text in enumerate(block.text.split("\n")):
        for match in re.finditer(r'"(\w+)"\s*:\s*(?:"([^"]*)")?', text):
            key, value = match[1], match[2]
            if key in wanted and value is not None and value not in wanted[key]:
                yield Found(
                    block.at(row, match.start(2)),
                    f"MalformedPolicyDocument or a role that nobody may assume: {key} is {value!r}",
                    meant(value, wanted[key], f"write {wanted[key][0]}"),
                )
            elif key not in (*wanted, "Statement", "Principal", "Sid", "Condition", "StringEquals", "AWS"):
                yield Found(
                    block.at(row, match.start(1)),
                    f"MalformedPolicyDocument: no element is called {key!r}",
                    meant(key, (*wanted, "Statement", "Principal"), "see the policy grammar"),
                )


@rule("SA011", "error")
def pages_are_html(material: Material) -> Iterator[Found]:
    """A page that is served closes what it opens."""
    for block in material.blocks("file"):
        if not block.path.endswith((".html", ".htm")):
            continue
        stack: list[tuple[str, int]] = []
        for row, text in enumerate(block.text.split("\n")):
            for match in re.finditer(r"<(/?)([a-z][a-z0-9]*)\b[^>]*?(/?)>", text, re.IGNORECASE):
                if match[3] or match[2].lower() in ("meta", "br", "img", "link", "input", "hr"):
                    continue
                if not match[1]:
                    stack.append((match[2].lower(), row))
                elif not stack or stack.pop()[0] != match[2].lower():
                    yield Found(block.at(row, match.start()), f"</{match[2]}> closes what is not open", "mend the page")
                    return
        if stack:
            yield Found(block.at(stack[-1][1]), f"<{stack[-1][0]}> is never closed", "close it")


@rule("SA012", "error")
def arns_exist(material: Material) -> Iterator[Found]:
    """Policies of AWS are ones that there are (dated table)."""
    known = table("policies")["managed"]
    for line in material.aws:
        for word in line.options.get("--policy-arn", ()):
            match = re.match(r"arn:aws:iam::aws:policy/(.+)$", word.text)
            if (
                match is None
                and word.is_literal
                and "YOUR_" not in word.text
                and not re.match(r"arn:aws:iam::\d{12}:policy/", word.text)
            ):
                yield Found(word.place, f"{word.text} is no ARN of a policy", "write arn:aws:iam::aws:policy/NAME")
            elif match and match[1] not in known:
                yield Found(
                    word.place,
                    f"NoSuchEntity: Policy {word.text} does not exist",
                    meant(match[1], known, "see IAM, Policies"),
                )
    for prose in material.document.prose:
        for run in prose.runs:
            text = run.text.strip()
            if run.is_code and re.fullmatch(r"[A-Z]\w+(?:Access|Administrator|User)", text) and text not in known:
                yield Found(run.place, f"AWS has no policy {text!r}", meant(text, known, "see IAM, Policies"))


def defined_names(code: str) -> set[str]:
    """Return the names that a piece of Python assigns or imports; empty where it does not parse."""
    try:
        tree = ast.parse(code)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return set()
    assigned = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    imported = {
        alias.asname or alias.name.partition(".")[0]
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for alias in node.names
    }
    return (
        assigned | imported | {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    )
