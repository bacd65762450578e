"""Finds the answers in what a student wrote: files, headings, questions repeated in bold or as a list."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.facts.answers import Answer, Answers
from harness.rubric import Provider, Rubric, Topic, found, named, pattern

SUFFIXES = (".md", ".markdown", ".txt")
FOLDER = "answers"
# Also "hw2_answers" and "My answers"; what is called otherwise is nobody's answer.
NAMED = re.compile(r"(?<![^\W_])answers?(?![^\W_])", re.IGNORECASE)

# Levels of what may stand above an answer; 1 to 6 are headings.
BOLD, LINE = 7, 8
HEADLINE_WORDS = 25
# Fewer topics than this by their words, and the questions' numbers are looked at.
NUMBERED = 3

BULLET = r"^\s*(?:[-*+•]\s+|(?P<number>\d+)\s*[.):]\s+)?"
ITEM = re.compile(r"\s*(?:[-*+•]|\d+[.):])\s")
BOLD_LINE = re.compile(BULLET + r"(?:\*\*|__)(?P<head>.+?)(?:\*\*|__)\s*:?\s*(?P<rest>.*)$")
QUESTION = re.compile(BULLET + r"(?P<head>[^?]{3,200}\?)\s*(?P<rest>.*)$")
LABEL = re.compile(BULLET + r"(?P<head>(?:[^.?!:]|\betc\.,?|\.(?=\w)){3,200}?)\s*(?::\s*(?P<rest>.*))?$")
NUMBER = re.compile(r"^\W*(?:q(?:uestion)?|a(?:nswer)?|no\.?|#)?\s*\.?\s*(\d)\b", re.IGNORECASE)
WORD = re.compile(r"[^\W\d_][\w'’-]*")
ADDRESS = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)


@dataclass(frozen=True)
class Headline:
    """Something that may stand above an answer: the line it is on, the first line below it, its words.

    ``rest`` is what stands on the same line and belongs to the answer; ``cues`` are how many of a topic's cues make
    the headline its own.
    """

    line: int
    below: int
    level: int
    text: str
    rest: str = ""
    cues: int = 1


@dataclass(frozen=True)
class Section:
    """An answer, or a part of one, with the heading above it."""

    topic: str
    heading: str
    text: str


def read_answers(submission: Path, rubric: Rubric) -> Answers:
    """Read the answers of a submission: a file called ``answers`` (Markdown or text), or a folder of them, or both."""
    written: dict[str, list[tuple[str, Section]]] = defaultdict(list)
    for path in _files(submission):
        for section in _sections(path, rubric):
            written[section.topic].append((str(path.relative_to(submission)), section))
    return Answers(tuple(_answer(topic, written[topic.id], rubric) for topic in rubric.topic))


def _files(submission: Path) -> list[Path]:
    """Return the files with answers, in the order of their names."""
    tops = [path for path in sorted(submission.iterdir()) if NAMED.search(path.stem)]
    inside = [path for top in tops if top.is_dir() for path in sorted(top.rglob("*")) if path.is_file()]
    return [path for path in [*tops, *inside] if path.is_file() and path.suffix.casefold() in SUFFIXES]


def read_text(path: Path) -> str:
    """Read a text file as editors write them: UTF-8 with or without a mark, UTF-16, or Windows' own."""
    content = path.read_bytes()
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")


def _sections(path: Path, rubric: Rubric) -> list[Section]:
    """Return the answers in a file; a file of one answer may have its topic in its name."""
    text = read_text(path)
    lines = text.splitlines()
    heads = _boundaries(_headlines(text, lines), rubric)
    topics = {topic for _, topic in heads if topic}
    own = topic_of(path.stem.replace("-", " ").replace("_", " "), rubric, by_number=True)
    if path.stem.casefold() != FOLDER and own and len(topics) < 2:
        return [Section(own, "", text)]
    ends = [*(head.line for head, _ in heads), len(lines)][1:]
    return [
        Section(topic, head.text.rstrip(": "), "\n".join([head.rest, *lines[head.below : end]]))
        for (head, topic), end in zip(heads, ends, strict=True)
        if topic
    ]


def topic_of(headline: str, rubric: Rubric, *, by_number: bool = False, cues: int = 1) -> str | None:
    """Return the topic that a heading is about, by its words or else by the number of the question."""
    scores = {topic.id: len(pattern(topic.cues).findall(headline)) for topic in rubric.topic}
    best = max(scores, key=lambda topic: scores[topic])
    if scores[best] >= cues:
        return best
    number = NUMBER.match(headline) if by_number else None
    ordinal = int(number[1]) if number else 0
    return rubric.topic[ordinal - 1].id if 1 <= ordinal <= len(rubric.topic) else None


def _boundaries(headlines: Sequence[Headline], rubric: Rubric) -> list[tuple[Headline, str | None]]:
    """Return the headlines that begin an answer, or end one (topic ``None``), in the order of the file.

    The level on which most topics are found is that of the questions; what is deeper belongs to the answers. Only a
    topic that is not found there is looked for on other levels, deeper ones by two of its cues.
    """
    by_level: dict[int, dict[Headline, str | None]] = defaultdict(dict)
    for head in headlines:
        by_level[head.level][head] = topic_of(head.text, rubric, cues=head.cues)
    for level, heads in by_level.items():
        if level < LINE and len(_topics(heads)) < NUMBERED:
            heads.update({head: topic_of(head.text, rubric, by_number=True) for head in heads})
    if not by_level:
        return []
    level = max(sorted(by_level), key=lambda each: len(_topics(by_level[each])))
    chosen = {head: topic for head, topic in by_level[level].items() if topic or level < BOLD}
    seen = _topics(chosen)
    for head in headlines:
        other = topic_of(head.text, rubric, cues=1 if head.level < level else 2)
        if head.level != level and other and other not in seen:
            chosen[head] = other
        elif head.level < min(level, BOLD):
            chosen[head] = None
    return sorted(chosen.items(), key=lambda item: item[0].line)


def _topics(heads: dict[Headline, str | None]) -> set[str]:
    return {topic for topic in heads.values() if topic}


def _headlines(text: str, lines: Sequence[str]) -> list[Headline]:
    tokens = MarkdownIt("commonmark").parse(text)
    heads = list(_headings(tokens))
    taken = {line for head in heads for line in range(head.line, head.below)} | set(_not_prose(tokens))
    for number, line in enumerate(lines):
        begins = number == 0 or not lines[number - 1].strip() or ITEM.match(line)
        if number not in taken and begins:
            is_alone = number + 1 == len(lines) or not lines[number + 1].strip()
            heads += _pseudo_heading(number, line, is_alone=is_alone)
    return sorted(heads, key=lambda head: head.line)


def _headings(tokens: Sequence[Token]) -> Iterable[Headline]:
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open" and opening.map:
            yield Headline(opening.map[0], opening.map[1], int(opening.tag[1]), _plain_inline(inline).strip())


def _not_prose(tokens: Sequence[Token]) -> Iterable[int]:
    for token in tokens:
        if token.type in ("fence", "code_block", "html_block") and token.map:
            yield from range(*token.map)


def _pseudo_heading(number: int, line: str, *, is_alone: bool) -> list[Headline]:
    """Return what a line may be the heading of: bold words, a question, or a short line that ends without a stop.

    The last, unless it stands alone, may as well be the first line of a paragraph, so it must give two cues.
    """
    for level, form in ((BOLD, BOLD_LINE), (LINE, QUESTION), (LINE, LABEL)):
        match = form.match(line)
        if match and len(match["head"].split()) <= HEADLINE_WORDS:
            text = f"{match['number']}. {match['head']}" if match["number"] else match["head"]
            cues = 2 if form is LABEL and not is_alone else 1
            return [Headline(number, number + 1, level, text.strip(), match["rest"] or "", cues)]
    return []


def plain(text: str) -> str:
    """Return the words of a Markdown text, without markup, code blocks, comments and addresses."""
    tokens = MarkdownIt("commonmark").enable("table").parse(text)
    return ADDRESS.sub(" ", "\n".join(_plain_inline(token) for token in tokens if token.type == "inline"))


def _plain_inline(token: Token) -> str:
    spaces = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        child.content if child.type in ("text", "code_inline") else spaces.get(child.type, "")
        for child in token.children or []
    )


def _answer(topic: Topic, parts: Sequence[tuple[str, Section]], rubric: Rubric) -> Answer:
    text = " ".join(plain("\n\n".join(section.text for _, section in parts)).split())
    words = [word.lower() for word in WORD.findall(text)]
    return Answer(
        topic=topic.id,
        source="; ".join(f"{file}, “{part.heading}”" if part.heading else file for file, part in parts),
        text=text,
        words=len(words),
        distinct_words=len(set(words)),
        vocabulary=found(text, topic.vocabulary),
        sides=_sides(text, [section.heading for _, section in parts], rubric),
        services=named(text, rubric.services),
        algorithms=named(text, rubric.algorithms),
        providers={p.name: _services(text, p) for p in rubric.provider if _is_named(text, p)},
        distinct_share=rubric.distinct_share,
        vocabulary_words=rubric.vocabulary_words,
    )


def _sides(text: str, headings: Sequence[str], rubric: Rubric) -> tuple[str, ...]:
    """Return the sides that a text shows; a heading that names one side alone says so of the text below it."""
    single = [sides[0] for heading in headings if len(sides := named(heading, rubric.sides)) == 1]
    shown = {*named(text, rubric.sides), *single}
    return tuple(side for side in rubric.sides if side in shown)


def _is_named(text: str, provider: Provider) -> bool:
    return bool(pattern((*provider.names, *provider.services)).search(text))


def _services(text: str, provider: Provider) -> tuple[str, ...]:
    common = provider.common if pattern(provider.names).search(text) else ()
    return found(text, (*provider.services, *common))
