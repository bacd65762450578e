"""The text: spelling, names of products, what consoles no longer offer, and what the text says twice in two ways."""

from __future__ import annotations

import functools
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from harness.material import words
from harness.material.document import Place, Prose, Run
from harness.material.finding import Found, rule
from harness.material.material import Material
from harness.material.tables import table

_WORD = re.compile(r"[A-Za-z][A-Za-z']+")


def plain(material: Material) -> Iterator[tuple[Prose, Run]]:
    """Yield the runs of text that are words: no code, no addresses; a label of a console may be set as code."""
    for prose in material.document.prose:
        for run in prose.runs:
            if "://" not in run.text and (not run.is_code or _LABEL.fullmatch(run.text)):
                yield prose, run


_LABEL = re.compile(r"[A-Z][A-Za-z0-9]+(?: [A-Za-z]+)+")


@functools.cache
def _misspelt() -> dict[str, str]:
    """Return codespell's dictionary."""
    import codespell_lib  # only for the data that comes with it

    text = (Path(codespell_lib.__file__).parent / "data" / "dictionary.txt").read_text(encoding="utf-8")
    return dict(line.split("->", 1) for line in text.splitlines() if "->" in line)


def _is_english(prose: Prose) -> bool:
    """Say whether a paragraph may be English: a course that also speaks another language makes no slips by it."""
    small = table("terms")["small"]
    found = re.findall(r"[^\W\d_]+", prose.text.lower())
    return sum(word in small["other"] for word in found) <= sum(word in small["english"] for word in found)


@rule("PR001", "note")
def spelling(material: Material) -> Iterator[Found]:
    """Words are spelt as they are spelt (codespell's dictionary)."""
    for prose, run in plain(material):
        for match in _WORD.finditer(run.text) if _is_english(prose) else ():
            right = _misspelt().get(match[0].lower())
            if right is not None and match[0].lower() not in table("terms")["words"]:
                yield _at(run, match.start(), f"{match[0]!r} is misspelt", f"write {right.strip(' ,').split(',')[0]}")


@rule("PR002", "note")
def slips(material: Material) -> Iterator[Found]:
    """A word that stands here once, a letter away from one that stands here often, is a slip."""
    counts = Counter(match[0].lower() for _, run in plain(material) for match in _WORD.finditer(run.text))
    often = {word for word, count in counts.items() if count >= 2 and len(word) > 5}
    often |= {name.lower() for name in table("terms")["names"]}
    slipped = words.slips(often)
    for _, run in plain(material):
        for match in _WORD.finditer(run.text):
            word = match[0].lower()
            if (
                counts[word] > 1
                or len(word) < 5
                or word in often
                or word in _misspelt()
                or word in table("terms")["words"]
            ):
                continue
            right = slipped.get(word) or next((other for other in words.undoubled(word) if other in often), None)
            if right:
                yield _at(run, match.start(), f"{match[0]!r} looks like a slip", f"write {right}")


@rule("PR003", "note")
def product_names(material: Material) -> Iterator[Found]:
    """Products are called what they are called; a search for the right name finds nothing otherwise."""
    seen: set[str] = set()
    for _, run in plain(material):
        for match in re.finditer(_products(), run.text):
            if match[0] not in seen:
                seen.add(match[0])
                right = table("terms")["products"][match[0]]
                yield _at(
                    run, match.start(), f"the product is not called {match[0]!r}", f"write {right}, here and elsewhere"
                )


@functools.cache
def _products() -> re.Pattern[str]:
    names = sorted(table("terms")["products"], key=len, reverse=True)
    return re.compile(rf"\b(?:{'|'.join(map(re.escape, names))})\b")


@rule("PR004", "warning")
def stale_instructions(material: Material) -> Iterator[Found]:
    """Consoles and products are described as they are now (dated table)."""
    for prose in material.document.prose:
        for entry in table("stale")["phrase"]:
            match = re.search(entry["pattern"], prose.text, re.IGNORECASE)
            if match:
                yield Found(_place(prose, match[0]), entry["message"], entry["repair"])


@rule("PR005", "note")
def punctuation(material: Material) -> Iterator[Found]:
    """Sentences end once and begin with a capital."""
    for _, run in plain(material):
        for pattern, message in _PUNCTUATION:
            match = re.search(pattern, run.text)
            if match:
                yield _at(run, match.start(), message, "mend the sentence")


_PUNCTUATION = (
    (r"(?<![.\d])\.\.(?!\.|/)", "two full stops"),
    (r"[a-z]{2}\. +(?:let|then|now|you|this|the|it)\b", "a sentence begins in lower case"),
    (r"\betc\.,\s*$", "the sentence ends in a comma"),
    (r"\b(the|a|an|to|of|and|is|in|with) \1\b", "a word stands twice"),
    (r"!{2,}", "several exclamation marks"),
    (r"\s[,;!?](?:\s|$)", "a space before the punctuation"),
)


@rule("PR006", "warning")
def contradictions(material: Material) -> Iterator[Found]:
    """What one step keeps no other step deletes, unless the first says until when."""
    kept = [(prose, thing) for prose in material.document.prose for thing in _objects(prose.text, _KEEP)]
    for prose in material.document.prose:
        things = _objects(prose.text, _END)
        for keeper, thing in kept:
            if keeper.order != prose.order and (thing in things or (thing in _INSTANCES and "instances" in things)):
                yield Found(
                    prose.place,
                    f"this ends the {thing}, but line {keeper.place.line} keeps it without saying until when",
                    "say in both places when it is deleted",
                )
                yield Found(
                    keeper.place,
                    f"this keeps the {thing}, but line {prose.place.line} ends it",
                    "say in both places when it is deleted",
                )
                return


_INSTANCES = ("bastion",)
_UNTIL = re.compile(r"\b(?:until|till|for now|as long as|while|end of)\b", re.IGNORECASE)
_KEEP = re.compile(r"\b(?:keep|keeps|leave|leaves|retain)\b([^.;]*)", re.IGNORECASE)
_END = re.compile(r"\b(?:terminat\w*|delet\w*|remov\w*|destroy\w*)\b", re.IGNORECASE)
_THINGS = {
    r"bastion": "bastion", r"private instance": "private instance", r"\b(?:terminat|delet|remov)\w*\b(?: \w+){0,2} instances?\b(?! launch)|instances?\b.{0,20}\bthem terminated": "instances",
    r"notebook instance": "notebook instance", r"endpoint\b": "endpoint", r"bucket": "bucket", r"default vpc": "default VPC",
    r"key pair": "key pair",
}  # fmt: skip


def _objects(text: str, verbs: re.Pattern[str]) -> set[str]:
    found: set[str] = set()
    for sentence in re.split(r"(?<=[.;!?])\s", text):
        match = verbs.search(sentence)
        if match is None or _UNTIL.search(sentence):
            continue
        around = match[1] if verbs is _KEEP else sentence
        if verbs is _END and _KEEP.search(around):
            around = re.split(r"\b(?:keep|leave)\b", around, maxsplit=1, flags=re.IGNORECASE)[0]
        found |= {name for pattern, name in _THINGS.items() if re.search(pattern, around, re.IGNORECASE)}
    return found


@rule("PR007", "warning")
def prices(material: Material) -> Iterator[Found]:
    """Prices in the text are those of the price list (dated table)."""
    hourly: dict[str, dict[str, float]] = table("instances")["hourly"]
    for prose in material.document.prose:
        price = re.search(r"\$\s?(\d+(?:\.\d+)?)\s*(?:per|an|/)\s*hour", prose.text, re.IGNORECASE)
        kind = re.search(r"\b([a-z]\d[a-z]*\.\w+)\b", prose.text)
        region = next((name for name in hourly if name in prose.text), None)
        listed = hourly.get(region or "", {}).get(kind[1]) if kind else None
        if price and kind and listed is not None and abs(float(price[1]) - listed) > listed / 50:
            yield Found(
                _place(prose, price[1]),
                f"{kind[1]} costs {listed} dollars an hour in {region}, not {price[1]} (read {table('instances')['read']})",
                f"write {listed}",
            )


@rule("PR008", "error")
def nobody_works_as_root(material: Material) -> Iterator[Found]:
    """The reader works as an IAM user, not as the account's root."""
    for prose in material.document.prose:
        for sentence in re.split(r"(?<=[.;!?])\s", prose.text):
            match = re.search(
                r"\b(?:work|log ?in|sign in|act|do everything)\b[^.,;]{0,30}\bas\b[^.,;]{0,24}\broot\b",
                sentence,
                re.IGNORECASE,
            )
            if match and not re.search(r"\b(?:not|never|no longer|instead of)\b", match[0], re.IGNORECASE):
                message = "whoever works as root can do everything, and account.not-root will not be met"
                yield Found(_place(prose, match[0]), message, "have the reader work as an IAM user")  # fmt: skip


@rule("PR009", "note")
def verbs_in_two_words(material: Material) -> Iterator[Found]:
    """A verb of two words is written as two: as one word it is a noun."""
    for _, run in plain(material):
        for match in _NOUNS.finditer(run.text):
            right = f"{match[1]} {match[2].lower()}"
            yield _at(run, match.start(), f"{match[0].split()[0]!r} is a noun, and a verb is meant", f"write {right}")


_NOUNS = re.compile(
    r"(?:(?<=^)|(?<=[.:,;] )|(?<=\band )|(?<=\bto )|(?<=\bthen )|(?<=, ))"
    r"\b([Ss]et|[Ll]og|[Cc]lean|[Ss]ign|[Bb]ack|[Gg]o|[Rr]ead)(up|in|out|to|Up|In)\b(?= (?:your|the|to|a|an|and|details|into|on|Services)\b)"
)


def _at(run: Run, col: int, message: str, repair: str) -> Found:
    return Found(Place(run.place.line, run.place.col + col), message, repair)


def _place(prose: Prose, text: str) -> Place:
    """Return where a stretch of a paragraph's text stands, or where the paragraph begins."""
    words = text.split(maxsplit=1)[0] if text.split() else text
    for probe in (text, words):
        for run in prose.runs:
            col = run.text.find(probe)
            if col >= 0:
                return Place(run.place.line, run.place.col + col)
    return prose.place
