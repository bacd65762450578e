"""SageMaker: what the document's code trains and serves, run by the SDK, and what its clean-up leaves."""

from __future__ import annotations

import ast
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from harness.aws import cleaning
from harness.aws import sagemaker_kinds as kinds
from harness.aws.kmeans import Settings
from harness.errors import Unmet
from harness.facts.sagemaker import Cleaned
from harness.material.following.deeds import Outcome
from harness.material.sdk import Notebook
from harness.notebook_document import MAGIC
from harness.steps import step
from harness.subjects.material.stages import must_be_its_own, must_not_be_over
from harness.subjects.reference.sagemaker import Sagemaker as ReferenceSagemaker

if TYPE_CHECKING:
    from harness.aws import hosting
    from harness.subjects.material.doing import Doing

# What the SDK calls the arguments of KMeans, and what they are called in our settings; version 1 put `train_` first.
ARGUMENTS = {
    "k": "k", "instance_type": "training_type", "train_instance_type": "training_type",
    "instance_count": "training_count", "train_instance_count": "training_count",
}  # fmt: skip


class Sagemaker(ReferenceSagemaker):
    """Runs the example with the numbers of the document's code, as far as that code goes."""

    subject: Doing

    def __init__(self, subject: Doing) -> None:
        super().__init__(subject)
        self.notebook = ""
        self.asked: dict[str, Any] = {}
        self.called: set[str] = set()
        self.cells = Notebook()
        self.fault = ""

    def read(self, code: str) -> Outcome:
        """Take note of what a cell calls and with which numbers; nothing of it is executed here.

        At a call that there is not the cell ends, with what Python would say of it.
        """
        for statement in _parsed(code).body:
            for node, message, _ in self.cells.faults(statement):
                self.fault = self.fault or message
                return Outcome(1, stderr=message, row=node.lineno - 1)
            self._note_calls(statement)
        return Outcome(0)

    def _note_calls(self, statement: ast.stmt) -> None:
        for node in ast.walk(statement):
            if isinstance(node, ast.Call):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                self.called.add(name)
                known = {"KMeans": ARGUMENTS, "deploy": {"instance_type": "endpoint_type"}}.get(name, {})
                self.asked |= {
                    known[one.arg]: one.value.value for one in node.keywords
                    if one.arg in known and isinstance(one.value, ast.Constant)
                }  # fmt: skip

    def run_all(self) -> None:
        """Take the example for run as a whole, as AWS's notebook has it."""
        self.called |= {"fit", "deploy", "predict"}

    def settings(self) -> Settings:
        """Return what the example is run with: the catalogue's values where the document names none."""
        return replace(super().settings(), **self.asked)

    def role(self) -> str:
        """Return the role that the document makes for SageMaker, or one made in its place."""
        values = self.subject.follower.values
        return values.find("role", frozenset({"sagemaker", "role"})) or super().role()

    def role_in_its_place(self) -> str:
        """Return a role for a document that names one and has made none."""
        self.subject.repaired["role"] = "the document makes no role that SageMaker may assume"
        return self.role()

    def notebook_created(self) -> str:
        """Return the notebook instance that the document makes."""
        must_be_its_own(self.subject, "role", "sagemaker.notebook-instance")
        if not self.notebook:
            raise Unmet("sagemaker.notebook-instance", "the document has its reader create no notebook instance")
        return self.notebook

    def create_notebook(self) -> str:
        """Create a notebook instance, where a sentence tells the reader to do it in the console."""
        self.notebook = super().notebook_created()
        return self.notebook

    def ask(self) -> hosting.Ask:
        return super().ask()

    def fitted(self) -> str:
        if "fit" not in self.called:
            if not self.fault:
                must_not_be_over(self.subject, "kmeans.trained", "trains")
            raise Unmet("kmeans.trained", self.fault or "the document's code does not train (no call of fit)")
        return super().fitted()

    def deployed(self) -> str:
        if "deploy" not in self.called:
            reason = self.fault or "the document's code does not put the model behind an endpoint"
            raise Unmet("kmeans.endpoint", reason)
        return super().deployed()

    @step
    def cleaned(self) -> Cleaned:
        """Look for everything when the document has come to its end; nothing is deleted here."""
        return cleaning.observe(self.aws, self.things())

    def things(self) -> list[cleaning.Known]:
        """Return what was made: kinds of the ledger with their ids."""
        made = {(entry.kind, entry.id) for entry in self.context.ledger.entries() if entry.id}
        of_the_example = [thing for thing in super().things() if thing in made]
        return of_the_example + [(kinds.NOTEBOOK, self.notebook)] * bool(self.notebook and self.notebook != self.name)

    def clean(self, text: str) -> None:
        """Delete what a sentence names, as in the console: what it does not name stays."""
        said = text.lower()
        named = {
            kinds.ENDPOINT: "endpoint" in said, kinds.CONFIG: "configuration" in said, kinds.MODEL: "model" in said,
            kinds.NOTEBOOK: "notebook" in said, kinds.OBJECTS: "s3" in said or "bucket" in said,
        }  # fmt: skip
        bucket = [(kinds.BUCKET, self.bucket_name)] if "bucket" in said or "s3" in said else []
        for thing in (*self.things(), *bucket):
            if named.get(thing[0], thing in bucket):
                self._delete(thing)


def _parsed(code: str) -> ast.Module:
    try:
        return ast.parse(MAGIC.sub("", code))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ast.Module(body=[], type_ignores=[])
