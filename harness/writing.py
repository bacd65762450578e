"""Finds the answers in what a student wrote: which files hold them, and what is said in each."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from markdown_it import MarkdownIt

from harness.documents import READERS, Unreadable, read
from harness.facts.answers import Answer, Answers
from harness.headlines import NUMBERED, Section, sections, topic_of, words_of
from harness.rubric import Provider, Rubric, Topic, found, named, pattern

FOLDER = "answers"
# Also "hw2_answers" and "My answers".
NAMED = re.compile(r"answers?(?![^\W_])", re.IGNORECASE)
# What programs leave beside a document: hidden files, and Word's marks of an open one.
LEAVINGS = (".", "~$", "__MACOSX")

WORD = re.compile(r"[^\W\d_][\w'’-]*")
# What stands after "disadvantages:" where there is none.
NOTHING = re.compile(r"\W*(?:none|nothing|n/a|no(?= (?:real|such|obvious)\b)|no\W*$)(?!\w)", re.IGNORECASE)
SENTENCE = re.compile(r"(?<=[.!?;])\s+|\n+")
# "[Insert your answer here]", as templates have it.
BLANK = re.compile(r"[\[<{](?:insert|write|your|put|add|type|fill|enter)\b[^\]>}]*[\]>}]", re.IGNORECASE)
ADDRESS = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)


@dataclass
class _Written:
    """What was found: by topic the sections with the files that they are of, and what could not be read."""

    by_topic: dict[str, list[tuple[str, Section]]] = field(default_factory=lambda: defaultdict(list))
    unread: list[str] = field(default_factory=list)

    def add(self, file: str, section: Section) -> None:
        """Keep a section; one that is handed in twice, in two files, counts once."""
        known = {" ".join(other.text.split()) for _, other in self.by_topic[section.topic]}
        if section.is_empty or " ".join(section.text.split()) not in known:
            self.by_topic[section.topic].append((file, section))


def read_answers(submission: Path, rubric: Rubric) -> Answers:
    """Read the answers of a submission: a document called ``answers``, or a folder of them, or both.

    Where nothing is called so, any other document counts that answers most of the questions.
    """
    called = _files(submission)
    written = _Written()
    for path in called:
        _take(path, submission, rubric, written, least=0)
    if not called:
        for path in sorted(submission.iterdir()):
            if path.suffix and path.suffix.casefold() in READERS and not path.name.startswith(LEAVINGS):
                _take(path, submission, rubric, written, least=NUMBERED)
        written.unread[:] = [f"the submission has no document called {FOLDER}"]
    unread = "; ".join(written.unread)
    return Answers(tuple(_answer(topic, written.by_topic[topic.id], rubric, unread) for topic in rubric.topic))


def _files(submission: Path) -> list[Path]:
    """Return the files that are called answers, or lie in a folder that is, in the order of their names."""
    tops = [path for path in sorted(submission.iterdir()) if NAMED.search(path.stem)]
    inside = [path for top in tops if top.is_dir() for path in sorted(top.rglob("*"))]
    files = [path for path in (*tops, *inside) if not path.is_dir()]
    return [path for path in files if not any(part.startswith(LEAVINGS) for part in path.relative_to(submission).parts)]


def _take(path: Path, submission: Path, rubric: Rubric, written: _Written, *, least: int) -> None:
    """Take the answers in a file that has at least so many; why it cannot be read is kept as well."""
    name = str(path.relative_to(submission))
    try:
        taken = _sections(path, read(path, submission), rubric)
    except Unreadable as problem:
        written.unread.append(f"{name} {problem}")
        return
    if len({section.topic for section in taken if not section.is_empty}) >= least:
        for section in taken:
            written.add(name, section)


def _sections(path: Path, text: str, rubric: Rubric) -> list[Section]:
    """Return the answers in a file; a file of one answer may have its topic in its name."""
    taken = sections(text, rubric)
    own = topic_of(path.stem.replace("-", " ").replace("_", " "), rubric, by_number=True)
    if path.stem.casefold() != FOLDER and own and len({section.topic for section in taken}) < 2:
        return [Section(own, "", text)]
    return taken


def plain(text: str) -> str:
    """Return the words of a Markdown text, without markup, code blocks, comments and addresses."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return ADDRESS.sub(" ", "\n".join(words_of(token) for token in tokens if token.type == "inline"))


def _answer(topic: Topic, parts: Sequence[tuple[str, Section]], rubric: Rubric, unread: str) -> Answer:
    said, left_out = _sorted(plain("\n\n".join(section.text for _, section in parts)), rubric)
    text = " ".join(" ".join(said).split())
    words = [word.lower() for word in WORD.findall(text)]
    return Answer(
        topic=topic.id,
        source="; ".join(f"{file}, “{part.heading}”" if part.heading else file for file, part in parts),
        text=text,
        words=len(words),
        distinct_words=len(set(words)),
        vocabulary=found(text, topic.vocabulary),
        sides=_sides(text, [section for _, section in parts], rubric),
        services=named(text, rubric.services),
        algorithms=named(text, rubric.algorithms),
        providers={p.name: _services(text, p) for p in rubric.provider if _is_named(text, p)},
        distinct_share=rubric.distinct_share,
        vocabulary_words=topic.vocabulary_words or rubric.vocabulary_words,
        unread="" if parts else unread,
        left_out=" ".join(" ".join(left_out).split()),
    )


def _sorted(text: str, rubric: Rubric) -> tuple[list[str], list[str]]:
    """Return the sentences of a text, and those that only keep the place of an answer, such as "TODO: look it up"."""
    keeps_a_place = re.compile(rf"\W*{pattern(rubric.placeholders).pattern}", re.IGNORECASE)
    sentences = SENTENCE.split(BLANK.sub(" ", text))
    left_out = [blank[0] for blank in BLANK.finditer(text)] + list(filter(keeps_a_place.match, sentences))
    return [sentence for sentence in sentences if not keeps_a_place.match(sentence)], left_out


def _sides(text: str, parts: Iterable[Section], rubric: Rubric) -> tuple[str, ...]:
    """Return the sides that a text shows; a heading that names one side alone says so of the text below it.

    "There are no drawbacks" and "Drawbacks: none" show none.
    """
    single = [
        sides[0]
        for part in parts
        if len(sides := named(part.heading, rubric.sides)) == 1 and not NOTHING.match(part.text)
    ]
    shown = {side for side, words in rubric.sides.items() if _is_shown(text, words, rubric)}
    return tuple(side for side in rubric.sides if side in shown or side in single)


def _is_shown(text: str, words: tuple[str, ...], rubric: Rubric) -> bool:
    denied = re.compile(rf"(?<!\w)(?:{'|'.join(rubric.side_denials)}) (?:[\w'’-]+ ){{0,2}}$", re.IGNORECASE)
    return any(
        not denied.search(text, 0, match.start()) and not NOTHING.match(text, match.end())
        for match in pattern(words).finditer(text)
    )


def _is_named(text: str, provider: Provider) -> bool:
    return bool(pattern((*provider.names, *provider.services)).search(text))


def _services(text: str, provider: Provider) -> tuple[str, ...]:
    common = provider.common if pattern(provider.names).search(text) else ()
    return found(text, (*provider.services, *common))
