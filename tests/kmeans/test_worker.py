"""Training workers end with whoever started them, however that ends."""

from __future__ import annotations

import subprocess
import sys

import psutil
import pytest

from harness.offline.sagemaker.tasks import Channel, Settings, Task
from harness.offline.sagemaker.trainer import Trainer, WorkerLost
from harness.waiting import until

PARENT = """
import sys
from harness.offline.sagemaker.trainer import Trainer
trainer = Trainer()
trainer.warm()
print(trainer._idle[0]._process.pid, flush=True)
sys.stdin.read()
"""


def is_gone(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


def test_a_worker_ends_when_its_parent_is_killed():
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    with parent:
        worker = int(parent.stdout.readline())
        assert not is_gone(worker)
        parent.kill()
    until("the worker is gone", lambda: is_gone(worker), timeout=10)


@pytest.fixture
def trainer():
    trainer = Trainer()
    yield trainer
    trainer.close()


def test_one_worker_is_kept_warm(trainer):
    trainer.warm()
    trainer.warm()
    (kept,) = trainer._idle
    assert trainer.borrow() is kept
    second = trainer.borrow()
    assert second is not kept
    trainer.give_back(kept)
    trainer.give_back(second)
    assert trainer._idle == [kept]
    assert not second.is_alive


def test_a_worker_that_was_ended_says_so(trainer):
    worker = trainer.borrow()
    worker.end()
    with pytest.raises(WorkerLost):
        worker.run(Task(Settings(1, 1), Channel("train", "text/csv", ((b"1",),))), lambda _: None)


def test_a_closed_trainer_lends_nothing(trainer):
    trainer.warm()
    (worker,) = trainer._idle
    trainer.close()
    assert not worker.is_alive
    trainer.warm()
    assert trainer._idle == []
    with pytest.raises(WorkerLost):
        trainer.borrow()


def test_a_fault_of_the_algorithm_is_the_job_s_reason(trainer):
    from harness.offline.sagemaker.tasks import AlgorithmError

    broken = Task(None, Channel("train", "text/csv", ((b"1",),)))  # type: ignore[arg-type]
    with pytest.raises(AlgorithmError, match="AlgorithmError: uncaught exception during training"):
        trainer.borrow().run(broken, lambda _: None)
