"""What the reader finds in an output: the values that the text says are there, or not."""

from __future__ import annotations

import functools
import re
from collections.abc import Sequence
from dataclasses import dataclass

from harness.material import placeholders
from harness.material.document import Block, Document
from harness.material.following import outputs
from harness.material.following.deeds import Deed, Outcome
from harness.material.following.filling import Pipeline
from harness.material.following.findings import Findings
from harness.material.following.values import Values, key_of, kind_of, stable, words_of

Argvs = Sequence[Sequence[str]]


@dataclass
class Looker:
    """Looks into outputs with the document at hand."""

    document: Document
    values: Values
    findings: Findings
    names: frozenset[str]

    @functools.cached_property
    def _mentions(self) -> tuple[placeholders.Mention, ...]:
        return placeholders.mentions(self.document, self.names)

    def given(self, pipeline: Pipeline) -> tuple[str, ...]:
        """Return the placeholders whose values the text says that a command prints."""
        places = [command.place for command in pipeline]
        return tuple(
            mention.name
            for mention in self._mentions
            if mention.role == "given" and mention.command is not None and mention.command.place in places
        )

    def look(self, pipeline: Pipeline, argvs: Argvs, outcome: Outcome) -> None:
        """Compare what was printed with what the reader looks for in it."""
        place = pipeline[0].place
        is_sought = len(pipeline) > 1 and argvs[-1][0] in outputs.GREPS
        if (self.given(pipeline) or is_sought) and outputs.prints_nothing(outputs.with_values(outcome.stdout)):
            sought = next(iter(outputs.patterns(argvs)[-1:]), "") or "the value"
            self.findings.add("follow.prints-nothing", place, f"prints nothing where the reader looks for {sought}",
                              "ask for it with --query and --output text")  # fmt: skip
            return
        meant = outputs.wrong_value(outcome.first, argvs, outcome.stdout)
        several = outputs.different_values(argvs, outcome.stdout)
        if meant:
            message = f"shows another value than {stable(meant)}, which is the one of {outputs.patterns(argvs)[0]}"
            self.findings.add("follow.wrong-value", place, message, "ask for it with --filters and --query")
        elif several:
            message = f"shows {len(several)} values, and nothing says which is meant"
            self.findings.add("follow.several-values", place, message, "ask for the one that is meant with --filters")

    def compare(self, block: Block, last: Outcome) -> None:
        """Compare a sample of an output with the output."""
        missing = outputs.missing_of_sample(block.text, last.stdout) if last.stdout else []
        if missing:
            message = f"the output has no {', '.join(missing)}, this sample has"
            self.findings.add("follow.other-output", block.place, message, "show the output as it is now")

    def hear(self, deed: Deed, outcome: Outcome, given: tuple[str, ...]) -> None:
        """Take note of what was printed."""
        known = set(self.values.seen)
        output = outcome.first or outcome.stdout
        self.values.hear(output, words_of(f"{deed} {deed.text}"), deed.words, key_of(deed.value("--query")))
        for name in given:
            value = self._value_in(outcome.stdout, name, known)
            if value:
                self.values.named[name] = value
                self.values.learn(kind_of(name), value, words_of(name), deed.words)

    def _value_in(self, output: str, name: str, known: set[str]) -> str:
        """Return the value of a placeholder in an output: the one word that it is, or what is of its kind there."""
        lines = [line.strip() for line in output.splitlines() if line.strip()]
        if len(lines) == 1 and not outputs.prints_nothing(output) and not re.search(r"[\s{\[]|://", lines[0]):
            return lines[0]
        kind = kind_of(name)
        there = [value.text for value in self.values.seen.values() if value.kind == kind and value.text in output]
        return next((text for text in reversed(there) if text not in known), there[-1] if there else "")
