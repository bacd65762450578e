"""Grading many students: each in a process, a run directory and with credentials of their own.

``roster`` says whom, ``shelf`` where everything lies, ``student`` grades one, ``crew`` grades many with Dask, and
``gradebook`` and ``overview`` are what comes of it. What is finished is not graded again: a cohort that was killed
goes on where it stopped.
"""
