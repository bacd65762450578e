"""Faults: wrong ways of doing the homework, each of which must fail exactly what it breaks.

``python -m tests.faults`` (``make prove``) applies every fault of the table to an otherwise right homework in an
offline cloud of its own and judges it with the tests of ``tests/homework``. It does the same with homeworks that are
right but different, which must keep every point. ``python -m tests.faults.mutants`` shows which assertion needs which
fault.
"""
