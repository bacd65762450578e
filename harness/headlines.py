"""Finds what stands above the answers in a document: headings, bold lines, questions, rows of a table, or numbers."""

from __future__ import annotations

import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from markdown_it import MarkdownIt
from markdown_it.token import Token

from harness.rubric import Rubric, pattern

# Levels of what may stand above an answer; 1 to 6 are headings.
BOLD, LINE, ROW = 7, 8, 9
HEADLINE_WORDS = 25
# Fewer topics than this by their words, and the questions' numbers are looked at.
NUMBERED = 3

# "- ", "3. ", "(3) ", "Q3: ", "Question 3 - ".
BULLET = r"^\s*(?:[-*+•]{1,6}\s+)*(?:\(?(?P<number>\d+)\s*[.):]\s+|(?:question|q)\W?\s*(?P<asked>\d+)?\s*[.:)–—-]+\s+)?"
ITEM = re.compile(r"\s*(?:[-*+•]\s|\(?\d+[.):]\s|\||(?:question|q)\W?\s*\d*[.:)])", re.IGNORECASE)
BOLD_LINE = re.compile(BULLET + r"(?:\*\*|__)(?P<head>.+?)(?:\*\*|__)\s*:?\s*(?P<rest>.*)$", re.IGNORECASE)
QUESTION = re.compile(BULLET + r"(?P<head>[^?]{3,200}\?)\s*(?P<rest>.*)$", re.IGNORECASE)
LABEL = re.compile(BULLET + r"(?P<head>(?:[^.?!:]|\betc\.,?|\.(?=\w)){3,200}?)\s*(?::\s*(?P<rest>.*))?$", re.IGNORECASE)
NUMBER = re.compile(r"^\W*(?:q(?:uestion)?|a(?:nswer)?|no\.?|#)?\s*\.?\s*(\d)\b", re.IGNORECASE)
# The beginning of an answer that has the number of its question above or before it, and nothing else: "3.", "A3:".
ORDINAL = re.compile(
    r"^\W*(?:(?:question|answer|ans|q|a)\s*\W?\s*)?(?P<number>\d)\s*[.):–—-](?!\d)\W*(?P<rest>.*)$"
    r"|^\W*(?:question|answer|ans|q|a)\s*\W?\s*(?P<named>\d)\W*$",
    re.IGNORECASE,
)
# "### Answer" below a question is a part of it.
ANSWER = re.compile(r"\W*(?:my )?(?:answer|response|solution)\W*", re.IGNORECASE)
LETTER = re.compile(r"[^\W\d_]")


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

    @property
    def is_empty(self) -> bool:
        """Say whether there is no word in it."""
        return LETTER.search(self.text) is None


def sections(text: str, rubric: Rubric) -> list[Section]:
    """Return the answers in a Markdown text: by what stands above them or, where that tells less, by number."""
    lines = text.splitlines()
    return max((_named(text, lines, rubric), _numbered(lines, rubric)), key=_fullness)


def _fullness(found: Iterable[Section]) -> int:
    """Return to how many questions more is said than a headline does; :func:`max` takes the first of equals."""
    return len({section.topic for section in found if len(section.text.split()) > HEADLINE_WORDS})


def _named(text: str, lines: Sequence[str], rubric: Rubric) -> list[Section]:
    heads = _boundaries(_headlines(text, lines), lines, rubric)
    ends = [*(head.line for head, _ in heads), len(lines)][1:]
    return [
        Section(topic, head.text.rstrip(": "), _below([_answer_of(head, topic, rubric), *lines[head.below : end]]))
        for (head, topic), end in zip(heads, ends, strict=True)
        if topic
    ]


def _below(lines: Sequence[str]) -> str:
    """Return what stands below a headline; how deep in a list it is tells nothing, and would make code of it."""
    return "\n".join(line.lstrip() for line in lines)


def _answer_of(head: Headline, topic: str, rubric: Rubric) -> str:
    """Return what stands beside a headline, unless it is the question: "Question 4: When to use what algorithms"."""
    rest = _pseudo_heading(0, head.rest, is_alone=True)
    is_question = rest and not rest[0].rest and topic_of(rest[0].text, rubric, cues=2) == topic
    return "" if is_question else head.rest


def _numbered(lines: Sequence[str], rubric: Rubric) -> list[Section]:
    """Return the answers of the fullest list that counts from 1: each item answers the question so numbered."""
    runs: list[list[tuple[int, str]]] = []
    for line, text in enumerate(lines):
        if match := ORDINAL.match(text):
            number = int(match["number"] or match["named"])
            runs += [[]] if number == 1 else []
            for run in runs:
                if len(run) == number - 1 and number <= len(rubric.topic):
                    run.append((line, match["rest"] or ""))
    each = [_items(run, lines, rubric) for run in runs]
    return max(each, key=_fullness, default=[])


def _items(run: Sequence[tuple[int, str]], lines: Sequence[str], rubric: Rubric) -> list[Section]:
    ends = [*(line for line, _ in run), len(lines)][1:]
    return [
        Section(topic.id, f"{number}.", _below([rest, *lines[line + 1 : end]]))
        for number, (topic, (line, rest), end) in enumerate(zip(rubric.topic, run, ends, strict=False), start=1)
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


def _boundaries(
    headlines: Sequence[Headline], lines: Sequence[str], rubric: Rubric
) -> list[tuple[Headline, str | None]]:
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
        if head.level not in (level, ROW) and other and other not in seen:
            chosen[head] = other
        elif head.level < min(level, BOLD):
            chosen[head] = None
    repeated = _repeated(headlines, chosen, lines, rubric)
    return sorted({**chosen, **repeated}.items(), key=lambda item: item[0].line)


def _repeated(
    headlines: Sequence[Headline], chosen: dict[Headline, str | None], lines: Sequence[str], rubric: Rubric
) -> dict[Headline, str | None]:
    """Return the questions that are repeated right below a headline, as below "Question 4": no words of the answer."""
    return {
        head: topic
        for above, topic in chosen.items()
        for head in headlines
        if topic and head not in chosen and head.line >= above.below and topic_of(head.text, rubric, cues=2) == topic
        if not (head.rest or above.rest or any(line.strip() for line in lines[above.below : head.line]))
    }


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
            heads += _wrapped(number, lines) or _pseudo_heading(number, line, is_alone=is_alone)
    return sorted((head for head in heads if not ANSWER.fullmatch(head.text)), key=lambda head: head.line)


def _headings(tokens: Sequence[Token]) -> Iterable[Headline]:
    for opening, inline in itertools.pairwise(tokens):
        if opening.type == "heading_open" and opening.map:
            yield Headline(opening.map[0], opening.map[1], int(opening.tag[1]), words_of(inline).strip())


def _not_prose(tokens: Sequence[Token]) -> Iterable[int]:
    for token in tokens:
        if token.type in ("fence", "code_block", "html_block") and token.map:
            yield from range(*token.map)


def _pseudo_heading(number: int, line: str, *, is_alone: bool) -> list[Headline]:
    """Return what a line may be the heading of: a row, bold words, a question, a short line that ends without a stop.

    The last, unless it stands alone, may as well be the first line of a paragraph, so it must give two cues.
    """
    if line.lstrip().startswith("|"):
        return _row(number, line)
    for level, form in ((BOLD, BOLD_LINE), (LINE, QUESTION), (LINE, LABEL)):
        match = form.match(line)
        if match and len(match["head"].split()) <= HEADLINE_WORDS:
            ordinal = match["number"] or match["asked"]
            text = f"{ordinal}. {match['head']}" if ordinal else match["head"]
            cues = 2 if form is LABEL and not is_alone else 1
            return [Headline(number, number + 1, level, text.strip(), match["rest"] or "", cues)]
    return []


def _wrapped(number: int, lines: Sequence[str]) -> list[Headline]:
    """Return a question, or bold words, that an editor has broken into two lines."""
    both = [line.strip() for line in lines[number : number + 2]]
    if (
        len(both) < 2
        or not both[1]
        or any(form.match(both[0]) for form in (BOLD_LINE, QUESTION))
        or ITEM.match(both[1])
    ):
        return []
    found = _pseudo_heading(number, " ".join(both), is_alone=True)
    is_one = found and not found[0].rest and (found[0].level == BOLD or found[0].text.endswith("?"))
    return [replace(found[0], below=number + 2)] if is_one else []


def _row(number: int, line: str) -> list[Headline]:
    """Return a row of a table, whose first cell with a word may be a question and the others the answer to it."""
    first, *others = [cell.strip() for cell in line.strip().strip("|").split("|") if LETTER.search(cell)] or [""]
    if not others or len(first.split()) > HEADLINE_WORDS:
        return []
    return [Headline(number, number + 1, ROW, first.strip("*_ "), " | ".join(others))]


def words_of(token: Token) -> str:
    spaces = {"softbreak": "\n", "hardbreak": "\n"}
    return "".join(
        child.content if child.type in ("text", "code_inline") else spaces.get(child.type, "")
        for child in token.children or []
    )
