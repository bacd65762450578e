"""Subjects: who did the homework.

A subject answers, stage by stage, *which* resource is meant (doing it first, where doing it is the subject's
way); how that resource *is* is observed by the same functions of ``harness.aws`` and ``harness.hosts`` for
every subject, and handed to the tests as the frozen dataclasses of ``harness.facts``.
"""
