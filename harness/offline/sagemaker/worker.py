"""A training worker: reads tasks from standard input, writes log lines and outcomes to standard output.

Ends at once when standard input ends, also in the middle of a training.
"""

from __future__ import annotations

import gc
import os
import pickle
import queue
import sys
import threading
import traceback
from typing import Any, BinaryIO

from .tasks import AlgorithmError, Task


def main() -> None:
    """Serve until standard input ends."""
    answers = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # whatever a library prints must not get between the answers
    tasks: queue.Queue[Task] = queue.Queue()
    threading.Thread(target=_serve, args=(tasks, answers), daemon=True).start()
    while True:
        try:
            tasks.put(pickle.load(sys.stdin.buffer))  # noqa: S301 - written by our own parent
        except (EOFError, pickle.UnpicklingError):
            os._exit(0)


def _serve(tasks: queue.Queue[Task], answers: BinaryIO) -> None:
    gc.disable()  # importing takes a sixth less where nothing looks for garbage meanwhile
    import sklearn.cluster  # noqa: F401 - takes seconds; done before the first task comes

    from .algorithm import perform

    gc.freeze()
    gc.enable()

    def answer(kind: str, content: Any) -> None:
        pickle.dump((kind, content), answers, protocol=pickle.HIGHEST_PROTOCOL)
        answers.flush()

    while True:
        task = tasks.get()
        try:
            answer("outcome", perform(task, lambda line: answer("line", line)))
        except AlgorithmError as error:
            answer("failure", str(error))
        except MemoryError:
            answer("failure", "ClientError: Out of memory. Use an instance type with more memory, or less data.")
        except Exception:  # noqa: BLE001 - the parent must get an answer, and the reason
            answer("failure", "AlgorithmError: uncaught exception during training: " + traceback.format_exc(limit=-3))


if __name__ == "__main__":
    main()
