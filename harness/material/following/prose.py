"""Instructions that stand in sentences: what the reader does in the console, in a browser, or without a command given.

A table of words and actions; it knows kinds of instructions, not the sentences of a document. A sentence that tells the
reader to do something and that nothing here knows is reported.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from harness.material.document import Place, Prose

ACTIONS: tuple[tuple[str, str], ...] = (
    ("budget", r"\b(?:create|set up|add|define)\b.{0,60}\b(?:budgets?|billing (?:alerts?|alarms?))\b"),
    ("group", r"\b(?:create|make|add)\b (?:a |an |the |your |new )*(?:iam |user )?group\b(?! (?:for|id))"),
    ("policy", r"\b(?:attach|select|choose|add|grant|give|with)\b.{0,40}\bAdministratorAccess\b"),
    ("user", r"\b(?:create|add|make)\b (?:a |an |the |new |iam )*user\b(?! group)"),
    ("console", r"\b(?:access to the (?:management )?console|console access|management console)\b"),
    (
        "member",
        r"\b(?:add|put|assign) (?:it|the user|th(?:is|at) user|your user) (?:in)?to (?:the|this|that|your)(?: new)? group\b|\bnew group is selected\b|\bmember of (?:the|this|that|your) group\b",
    ),
    ("access key", r"\b(?:create|generate)\b (?:an |the )?access key|\bprogrammatic\b|\baccess and secret key\b"),
    ("configure", r"\baws configure\b(?! get)"),
    ("key pair", r"\bcreate (?:a |an |the )?(?:new |ec2 )*key ?pair\b"),
    ("notebook instance", r"\bcreate (?:a |an |the )?(?:sage ?maker )?notebook instance\b"),
    ("example", r"\brun the\b.{0,30}\b(?:example|notebook)\b"),
    ("clean up sagemaker", r"\b(?:delet|remov)\w*\b.{0,40}\bendpoint\b.{0,80}\b(?:notebook|s3|bucket)\b"),
    ("quota", r"\b(?:raise|request|ask for|submit)\b.{0,60}\b(?:limit|quota|vcpus?)\b"),
    ("edit page", r"\b(?:edit|change|modify)\b.{0,40}\b[\w-]+\.html\b"),
    ("browser", r"\b(?:open|point|visit|browse)\b.{0,60}https?://"),
    ("stop notebook", r"\bstop and remove the container\b"),
    ("terminate at the end", r"\bterminate the instances?\b.{0,30}\b(?:at the end|to avoid)\b"),
    ("detach", r"\b(?:control|ctrl)\W{0,2}p\W{1,3}(?:control|ctrl)?\W{0,2}q\b"),
    ("install docker", r"\bfollow the (?:official )?instructions\b.{0,60}\bdocker"),
)
"""Actions and the words that ask for them, in a sentence."""

# What the words of a sentence are that tells the reader something to read, to remember, to click or to hand in: nothing
# of it is to be done here.
_READING = """
    note that|remember(?! to)|keep|plan|see|look|check|verify|validate|make sure|ensure|wait|read|browse|recall
    consider|sign up|account at|credits?|promotion|log ?in to (?:your|the)|your account|write it down|put it in
    hand it in|hand in|turn[- ]in|send a message|submit answers|answer in|questions?|save|download it
    install (?:version|the)|support|leave it|install and configure|accept the defaults|do not|don't|click|select
    navigate|go ?to|follow the prompts|insert|enter|use|set the user name|give your group|in the console|open iam
    open ec2|try submitting|replace|pick|change the region|take an? (?:ami|moment|image)|have the request
    write (?:this|the following)|put the cells|notebook with the kernel|create a file
"""
READING = re.compile(rf"\b(?:{'|'.join(line.strip() for line in _READING.strip().splitlines())})\b", re.IGNORECASE)
_OPENINGS = r"(?:now|then|next|first|please|finally|(?:once|to|in|on|under|from)\b[^,]*),?"
_VERBS = """
    add allow attach build change choose clean click configure connect copy create delete deploy describe disable
    download edit enable enter export generate give go goto grant import increase insert install launch load log
    login make modify mount move navigate open paste pick point press provision pull push put raise reboot remove
    rename request reset restart retrieve revoke run save select send set sign start stop submit tag take terminate
    type update upload use write
"""
IMPERATIVE = re.compile(
    rf"^(?:{_OPENINGS}\s+)*(?:please\s+|let us\s+|let's\s+)?(?:{'|'.join(_VERBS.split())})\b", re.IGNORECASE
)
_SENTENCE = re.compile(r"(?<=[.!?:;])\s+(?=[A-Z*`(]|[Tt]hen\b)")


@dataclass(frozen=True)
class Sentence:
    """A sentence of the text, at the line that it begins in."""

    text: str
    place: Place


def sentences(prose: Prose) -> Iterator[Sentence]:
    """Yield the sentences of a paragraph or an item, each at the line that it begins in."""
    text, lines = _joined(prose)
    start = 0
    for stretch in [*_SENTENCE.finditer(text), None]:
        end = stretch.start() if stretch else len(text)
        sentence = text[start:end].strip()
        if sentence:
            yield Sentence(sentence, Place(lines[min(start, len(lines) - 1)]))
        start = stretch.end() if stretch else end


def _joined(prose: Prose) -> tuple[str, list[int]]:
    """Return the text of a paragraph, and the line in which each of its characters stands."""
    text, lines = "", []
    last = prose.place.line
    for run in prose.runs:
        if text and run.place.line != last and not text.endswith(" "):
            text += " "
            lines.append(run.place.line)
        text += run.text
        lines.extend([run.place.line] * len(run.text))
        last = run.place.line
    return text, lines or [prose.place.line]


def actions(sentence: Sentence) -> list[str]:
    """Return the actions that a sentence asks for, in the table's order."""
    return [name for name, words in ACTIONS if re.search(words, sentence.text, re.IGNORECASE)]


def is_done_by_the_block(name: str, prose: Prose) -> bool:
    """Say whether the block below a paragraph does what the paragraph asks for; keys are pressed before it."""
    return is_introduction(prose) and name != "detach"


def is_unknown(sentence: Sentence) -> bool:
    """Say whether a sentence tells the reader to do something that nothing here knows."""
    if actions(sentence) or not IMPERATIVE.match(sentence.text):
        return False
    return READING.search(sentence.text) is None


def is_introduction(prose: Prose) -> bool:
    """Say whether a paragraph ends with a colon: what it tells the reader to do is what the block below it does."""
    return prose.text.rstrip().endswith((":", ","))
