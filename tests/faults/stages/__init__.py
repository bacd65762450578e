"""The table, stage by stage; see :mod:`tests.faults.registry`."""
