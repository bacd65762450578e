"""Runs to make reports of: one that was recorded, and what can go wrong with it."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from harness import catalogue, costs
from harness.evidence import Evidence
from harness.grading import bundle, outputs, recording
from harness.grading.grade import grade
from harness.grading.recording import Raised, Recording
from harness.grading.reportjson import Report
from harness.verdict import Judgement

RECORDED = Path(__file__).with_name("recorded")
"""What a run of 100 points saw. Recorded anew: run the homework, copy facts, timeline and pictures here."""

HOMEWORK = catalogue.load()
TOKEN = "0f1e2d3c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a6978"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"
PRIVATE_KEY = (
    "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjEAAAAABG5vbmUAAAAEbm9uZQ\n-----END OPENSSH PRIVATE KEY-----"
)
CANARIES = {
    "token": (f"http://h:8800/tree?token={TOKEN}", TOKEN),
    "secret key": (f"aws_secret_access_key = {SECRET_KEY}", SECRET_KEY),
    "private key": (PRIVATE_KEY, "b3BlbnNzaC1rZXktdjE"),
    "session token": ("AWS_SESSION_TOKEN=FwoGZXIvYXdzEBYaDHhBTcanary0000000001", "FwoGZXIvYXdzEBYaDHhBTcanary"),
    "password": ("password: hunter2canary", "hunter2canary"),
    "presigned": ("https://n.example/?X-Amz-Signature=5d672d79c15b13162d9279b0855cfba6789a8edb", "5d672d79c15b1316"),
    "header": ("Authorization: token 9c27canary1234567890", "9c27canary1234567890"),
}  # fmt: skip
"""How each secret may be printed by a host, and the part of it that no output may show."""

HOSTILE = "".join((
    "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">",
    "\x1b[31mred\x1b[0m \u202egnp.exe\u202c \ud800 \x00 ]]> {{ 7*7 }} </style></svg><a ",
    "href='javascript:alert(1)'>x</a> \u05e9\u05dc\u05d5\u05dd ",
))  # fmt: skip
"""What a student's host may print to take the page over."""


def recorded_run(directory: Path) -> Path:
    """Put the recorded run into a directory, sealed."""
    shutil.copytree(RECORDED, directory, dirs_exist_ok=True)
    bundle.seal(directory, seen().run.run_id)
    return directory


def seen() -> Recording:
    """Return what the recorded run saw."""
    return recording.read(RECORDED / recording.NAME)


def report_of(*different: Judgement, leaks: tuple[str, ...] = (), **about: object) -> Report:
    """Return a report with *met* for all of its phase but the judgements given."""
    run = replace(seen().run, **about)
    judgements = {r.id: _met(r.id) for r in HOMEWORK.requirement if run.phase in ("all", r.phase)}
    judgements |= {judgement.requirement: judgement for judgement in different}
    return Report(run, grade(judgements.values(), HOMEWORK, phase=run.phase, leaks=leaks))


def _met(id: str) -> Judgement:
    hints = ("t3.large will do; the homework says t2.large.",) if id == "bastion.launched" else ()
    return Judgement(
        id, "met", evidence=(Evidence("api", f"looked at {id}", "as expected"),), seconds=0.01, hints=hints
    )


def all_met(directory: Path) -> Path:
    """Write the reports of a run in which all is met."""
    recorded_run(directory)
    outputs.write(directory, report_of(), HOMEWORK)
    return directory


def half_met(directory: Path) -> Path:
    """Write the reports of a student who came half the way: no web server, no way to the private instance, no model."""
    recorded_run(directory)
    facts = dict(seen().facts)
    facts["web_group"] = replace(facts["web_group"], rules=facts["public_group"].rules)
    gone = ("web_server", "page", "edit", "hop", "endpoint", "predictions", "quality", "notebook_container", "doors")
    for name in gone:
        facts[name] = Raised("unmet", "there is none", "httpd.container")
    recording.write(directory, replace(seen(), facts=facts))
    outputs.write(directory, report_of(*map(_half, HOMEWORK.requirement)), HOMEWORK)
    return directory


def _half(requirement: catalogue.Requirement) -> Judgement:
    id, stage = requirement.id, requirement.stage
    if id in (
        "network.public-8003",
        "private.agent-forwarding",
        "kmeans.endpoint",
        "httpd.container",
        "answers.pros-cons",
    ):
        said = f"{id}: seen was one thing, another was expected, for bastion i-0abc1234def567890 in us-east-1"
        return Judgement(
            id, "not met", None, said, requirement.hint, (Evidence("ssh", "the line typed", "what it said"),)
        )
    if stage == "httpd" or id in ("kmeans.predicts", "kmeans.quality", "private.terminated"):
        return Judgement(id, "not judged", "missing", "needs httpd.container, which is not met: there is none")
    if stage == "jupyter":
        return Judgement(id, "not met", None, f"{id} is not as asked", requirement.hint)
    return _met(id)


def stormy(directory: Path) -> Path:
    """Write the reports of a run on a day on which AWS had trouble, and that left something behind."""
    recorded_run(directory)
    facts = {name: fact for name, fact in seen().facts.items() if name not in ("endpoint", "predictions", "bastion")}
    recording.write(directory, replace(seen(), facts=facts))
    costs.write(directory, [
        costs.Item("Bastion", "0.4 h of t2.large", 0.0371, "bastion", "Price List API, 2026-11-23"),
        costs.Item("Endpoint", "0.3 h of ml.m4.xlarge", 0.072, "kmeans", "Price List API, 2026-11-23"),
    ])  # fmt: skip
    trouble = Judgement(
        "x.y", "not judged", "cloud", "EC2 refused: InsufficientInstanceCapacity in us-east-1a, after 5 tries"
    )
    weather = [replace(trouble, requirement=r.id) for r in HOMEWORK.requirement if r.stage in ("bastion", "kmeans")]
    fault = Judgement("spot.price", "not judged", "suite", "KeyError: 'SpotPrice'", "Run it again.")
    about = {"aws": "real", "hosts": "ec2", "subject": "student", "estimate": 0.1091, "cap": 2.5}
    leaks = ("instance i-0abc1234def567890 in us-east-1: shutting-down for 300 s",)
    outputs.write(directory, report_of(*weather, fault, leaks=leaks, **about), HOMEWORK)
    return directory


def hostile(directory: Path, size: int = 5 * 2**20) -> Path:
    """Write the reports of a host that prints what could take a page over, and very much of it."""
    recorded_run(directory)
    long = HOSTILE + "A" * size
    facts = dict(seen().facts)
    facts["web_server"] = replace(
        facts["web_server"], container=replace(facts["web_server"].container, name=HOSTILE, image_name=HOSTILE)
    )
    facts["bastion"] = replace(facts["bastion"], type=HOSTILE, id=HOSTILE, public_ip=long)
    facts["default_vpc"] = replace(facts["default_vpc"], id=HOSTILE, region=HOSTILE, cidr=long)
    recording.write(directory, replace(seen(), facts=facts))
    evidence = (Evidence("ssh", HOSTILE, long), *(Evidence("ssh", f"line {n}", HOSTILE) for n in range(100)))
    judgement = Judgement("httpd.reachable", "not met", None, long, long, evidence)
    advice = Judgement("httpd.container", "met", evidence=evidence, hints=(HOSTILE, long))
    report = report_of(judgement, advice, leaks=(long,))
    outputs.write(directory, report, HOMEWORK)
    return directory


KINDS = {"all-met": all_met, "half-met": half_met, "stormy": stormy, "hostile": hostile}
