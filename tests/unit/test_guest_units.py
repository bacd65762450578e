"""Unit files as the first process of an instance reads them."""

from __future__ import annotations

import pytest

from harness.offline.images.guest import units

UNIT = """\
[Unit]
Description=A service
Requires=a.socket
Wants=b.service network.target
# Comment=none
[Service]
Type=notify
EnvironmentFile=-%s
ExecStart=/usr/sbin/served -D \\
    $OPTIONS --name=${NAME}
TimeoutStopSec=5
[Install]
WantedBy=multi-user.target
Alias=other.service
"""


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "env").write_text("# told\nOPTIONS=-a -b\nNAME='it'\n")
    (tmp_path / "served.service").write_text(UNIT % (tmp_path / "env"))
    return tmp_path


def loaded(folder):
    unit = units.load("served.service", [str(folder)])
    assert unit is not None
    return unit


def test_values_and_what_is_needed(folder):
    unit = loaded(folder)
    assert (unit.description, unit.one("Service.Type"), unit.seconds("Service.TimeoutStopSec", 90)) == (
        "A service",
        "notify",
        5,
    )
    assert unit.needed == ["a.socket", "b.service"]
    assert unit.all("Unit.Comment") == []


def test_command_line_takes_variables_as_words_and_within_words(folder):
    unit = loaded(folder)
    environment = units.environment_of(unit, {"PATH": "/bin"})
    argv, is_ignored = units.command_line(unit.one("Service.ExecStart"), environment)
    assert argv == ["/usr/sbin/served", "-D", "-a", "-b", "--name=it"]
    assert not is_ignored
    assert units.command_line("-/bin/false", {}) == (["/bin/false"], True)


def test_drop_in_adds_and_takes_back(folder):
    (folder / "served.service.d").mkdir()
    (folder / "served.service.d" / "10.conf").write_text("[Service]\nExecStart=\nExecStart=/bin/other\n")
    assert loaded(folder).all("Service.ExecStart") == ["/bin/other"]


def test_enabled_is_what_has_a_link(folder):
    unit = loaded(folder)
    assert units.state_of_file(unit, folder) == "disabled"
    link = units.links_of(unit, folder)[0]
    link.parent.mkdir()
    link.symlink_to(folder / "served.service")
    assert units.state_of_file(unit, folder) == "enabled"
    assert units.wanted_at_boot(folder) == ["served.service"]


def test_names_and_absence(folder):
    assert [units.full_name(name) for name in ("ssh", "docker.socket", "a/b.service")] == [
        "ssh.service",
        "docker.socket",
        "b.service",
    ]
    assert units.load("absent.service", [str(folder)]) is None
