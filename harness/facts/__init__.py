"""Facts: what was observed, as frozen dataclasses of plain values.

The tests of the homework are sentences about facts and nothing else: a fact never holds a client, a secret
or anything that cannot be written as JSON, so that the same test can judge what was recorded earlier.
A fact that has an ``evidence`` property (see :mod:`harness.evidence`) shows it in the report of every test
that asked for the fact.
"""
