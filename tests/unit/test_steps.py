"""Steps happen once, whoever asks, and in whichever process."""

from __future__ import annotations

import threading
from dataclasses import dataclass

import pytest

from harness.steps import Shared, begin, settle, shared_step, step


@dataclass(frozen=True)
class Made:
    name: str
    parts: tuple[int, ...]


class Workshop:
    def __init__(self, shared: Shared | None = None) -> None:
        self.shared = shared
        self.calls: list[str] = []
        self.gate = threading.Event()

    @step
    def table(self) -> Made:
        self.calls.append("table")
        return Made("table", (1, 2))

    @step
    def broken(self) -> Made:
        self.calls.append("broken")
        raise ValueError("no wood")

    @step
    def slow(self) -> str:
        self.calls.append("slow")
        self.gate.wait(10)
        return "slow"

    @shared_step
    def key(self) -> Made:
        self.calls.append("key")
        return Made("key", (3,))


class Refined(Workshop):
    @step
    def table(self) -> Made:
        return Made("refined " + super().table().name, ())


def test_a_step_happens_once():
    shop = Workshop()

    assert shop.table() is shop.table()
    assert shop.calls == ["table"]


def test_a_failed_step_fails_everybody_and_is_not_tried_again():
    shop = Workshop()

    for _ in range(2):
        with pytest.raises(ValueError, match="no wood"):
            shop.broken()
    assert shop.calls == ["broken"]


def test_objects_do_not_share_steps():
    one, other = Workshop(), Workshop()

    assert one.table() is not other.table()


def test_a_step_may_build_on_the_one_it_replaces():
    assert Refined().table().name == "refined table"


def test_a_begun_step_is_awaited_by_its_caller():
    shop = Workshop()
    begin(shop.slow)

    shop.gate.set()

    assert shop.slow() == "slow"
    assert shop.calls == ["slow"]


def test_what_a_begun_step_raises_waits_for_its_caller():
    shop = Workshop()
    begin(shop.broken)
    settle(10)

    with pytest.raises(ValueError, match="no wood"):
        shop.broken()


def test_settling_waits_for_begun_steps():
    shop = Workshop()
    shop.gate.set()
    begin(shop.slow, shop.table)

    settle(10)

    assert sorted(shop.calls) == ["slow", "table"]


def test_a_shared_step_happens_once_for_all_processes_of_a_run(tmp_path):
    one, other = Workshop(Shared(tmp_path)), Workshop(Shared(tmp_path))

    assert one.key() == other.key() == Made("key", (3,))
    assert one.calls + other.calls == ["key"]


def test_a_shared_result_is_recorded_only_when_it_is_there(tmp_path):
    shared = Shared(tmp_path)

    with pytest.raises(ZeroDivisionError):
        shared.once("broken", Made, lambda: 1 / 0)

    assert not shared.is_recorded("broken")
    assert shared.once("broken", Made, lambda: Made("mended", ())) == Made("mended", ())
