"""The catalogue holds the homework's requirements; a broken one is refused in a sentence."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from harness.catalogue import HOMEWORK, load
from harness.errors import UsageError

TEXT = HOMEWORK.read_text(encoding="utf-8")


def changed(directory: Path, old: str, new: str) -> Path:
    assert old in TEXT
    path = directory / "homework.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    return path


def test_64_requirements_make_100_points_and_one_bonus() -> None:
    homework = load()
    assert len(homework.requirements) == len(homework.requirement) == 64
    assert homework.possible == 100
    assert [r.id for r in homework.requirement if r.bonus] == ["account.billing-alert"]


def test_every_requirement_has_a_stage_and_every_stage_a_requirement() -> None:
    homework = load()
    assert {r.stage for r in homework.requirement} == set(homework.stages)


def test_stages_are_in_groups_that_can_be_distributed() -> None:
    assert {stage.group for stage in load().stage} == {"account", "compute", "sagemaker", "final"}


@pytest.mark.parametrize("field", ["statement", "hint", "clause"])
def test_sentences_are_filled_and_end_as_sentences_do(field: str) -> None:
    sentences = [getattr(requirement, field) for requirement in load().requirement]
    assert all(sentences)
    assert not [text for text in sentences if re.search(r"\{\w+\.\w+\}", text)]
    if field != "clause":
        assert not [text for text in sentences if not text.endswith((".", "[.]"))]


def test_a_parameter_of_the_course_shows_in_the_sentences(tmp_path: Path) -> None:
    homework = load(changed(tmp_path, "port = 8003", "port = 8443"))
    assert "8443" in homework.requirements["network.public-8003"].statement
    assert "8443" in homework.requirements["httpd.reachable"].statement


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("[homework]", "[homework", "not valid"),
        ('id = "account.cli"', 'id = "account.iam-user"', "account.iam-user"),
        ('id = "account.cli"', 'id = "nowhere.cli"', "nowhere.cli"),
        ('id = "account.cli"\npoints = 1', 'id = "account.cli"\npoints = "many"', "points"),
        ('id = "account.cli"\npoints = 1', 'id = "account.cli"\npoints = 1.5', "points"),
        ('id = "account.cli"\npoints = 1', 'id = "account.cli"\npoints = -1', "account.cli is worth less than nothing"),
        ("ssh_port = 22", 'ssh_port = "22"', "ssh_port"),
        ("ssh_port = 22", "ssh_port = 99999", "99999 is no port; expected 1 to 65535 @ $.network.ssh_port"),
        ('anywhere = "0.0.0.0/0"', 'anywhere = "0.0.0.0/99"', "0.0.0.0/99"),
        ("libraries = [", 'libraries = "h5py"\nothers = [', "expected list, got 'h5py' @ $.jupyter.libraries"),
        ('group = "compute"', 'group = "mars"', "mars"),
        ("[[stage]]", '[[stage]]\nname = "quota"\ntitle = "Twice"\ngroup = "account"\n[[stage]]', "stand twice: quota"),
        ('id = "account.cli"\n', 'id = "account.cli"\nweight = 3\n', "weight"),
        ('id = "account.cli"\npoints = 1\nphase = "live"', 'id = "account.cli"\npoints = 1\nphase = "soon"', "phase"),
        ("{network.public_group} lets tcp", "{network.blue_group} lets tcp", "names a parameter that is not there"),
        ("training_count = 2", "", "training_count"),
        ('"24.04" = 2029-05-31', '"24.04" = "soon"', "supported_until"),
    ],
)
def test_a_broken_catalogue_is_one_sentence_with_its_path(tmp_path: Path, old: str, new: str, reason: str) -> None:
    path = changed(tmp_path, old, new)
    with pytest.raises(UsageError) as refused:
        load(path)
    sentence = str(refused.value)
    assert sentence.startswith(f"{path}: ")
    assert reason in sentence
    assert "\n" not in sentence


@pytest.mark.parametrize(
    "content",
    [
        None,
        b"\xff\xfe",
        b"stage = 3",
        b"requirement = [1]",
        b"homework = 3\n",
        b"[[requirement]]\nhint = 3",
        b"[[requirement]]\nhint = '}'",
        b"[[requirement]]\nhint = '{}'",
    ],
)
def test_what_is_no_catalogue_is_refused_in_a_sentence(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "homework.toml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(UsageError, match=re.escape(str(path))):
        load(path)
