"""What the k-means example and the containers leave behind, and what becomes of it."""

from __future__ import annotations

import re
from collections.abc import Iterator

from harness.material.document import Place
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.rules.deeds import REMOVED


@rule("RS009", "error")
def sagemaker_is_cleaned(material: Material) -> Iterator[Found]:
    """What the SageMaker example leaves behind is deleted: endpoint, its configuration, the model, the objects."""
    example = _example(material)
    if example is None:
        return
    text = " ".join(
        prose.text for prose in material.document.prose if prose.place.line > example.line and prose.kind != "heading"
    )
    later = [line for line in material.aws if line.command.place.line > example.line]
    lines = " ".join(" ".join(["aws", *line.key, *(word.text for word in line.operands)]) + " " for line in later)
    calls = " ".join(block.text for block in material.blocks("python"))
    is_in_words = "aws sagemaker delete-" not in lines  # where commands clean up, words alone delete nothing
    for name, command, words, call in _LEFT:
        said = all(re.search(part, text, re.IGNORECASE) for part in (words, r"\b(?:delet|clean|remov)"))
        if command not in lines and not re.search(call, calls) and not (said and is_in_words and name != "model"):
            yield Found(
                _cleaning(material, example),
                f"the example leaves {name} behind, and no step deletes it: sagemaker.cleaned will not be met",
                f"add {command}",
                is_missing=True,
            )


def _cleaning(material: Material, example: Place) -> Place:
    """Return where the example is cleaned up, as far as it is: a command or a sentence after it; else the example."""
    deletes = [line.command.place for line in material.aws if re.match(r"delete-(?:endpoint|model)", line.operation)]
    told = [
        prose.place
        for prose in material.document.prose
        if prose.kind != "heading" and re.search(r"\bdelet\w+\b.{0,40}\bendpoint\b", prose.text, re.IGNORECASE)
    ]
    return next((place for place in (*deletes, *told) if place.line > example.line), example)


def _example(material: Material) -> Place | None:
    for block in material.blocks("python"):
        for row, text in enumerate(block.text.split("\n")):
            if ".deploy(" in text:
                return block.at(row)
    return next(
        (
            prose.place
            for prose in material.document.prose
            if re.search(r"end.to.end example|deployed endpoint|k-?means.*ipynb", prose.text, re.IGNORECASE)
        ),
        None,
    )


_LEFT = (
    ("an endpoint", "aws sagemaker delete-endpoint ", r"\bendpoint\b", r"delete_endpoint\("),
    (
        "an endpoint configuration",
        "aws sagemaker delete-endpoint-config",
        r"endpoint config",
        r"delete_endpoint\(|delete_endpoint_config",
    ),
    ("a model", "aws sagemaker delete-model", r"\bmodel\b", r"delete_model\("),
    ("objects in S3", "aws s3 r", r"\bS3\b|bucket", r"objects.*delete|delete_objects"),
)


@rule("RS010", "error")
def containers_are_removed(material: Material) -> Iterator[Found]:
    """The containers that stay up are stopped and removed before the bastion goes."""
    removed = {word.text for line in material.docker if line.name == "rm" for word in line.operands}
    if any(re.search(REMOVED, prose.text, re.IGNORECASE) for prose in material.document.prose):
        removed.add(material.homework.jupyter.container)
    for line in material.docker:
        for word in line.values("--name") if line.name == "run" and line.has("-d", "--detach") else ():
            if word.text == material.homework.jupyter.container and word.text not in removed:
                yield Found(
                    word.place,
                    f"no step removes the container {word.text}: jupyter.removed will not be met",
                    f"add docker stop and docker rm {word.text} to the clean-up",
                )
