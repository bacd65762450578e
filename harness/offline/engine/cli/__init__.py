"""The verbs of the ``docker`` stand-in. Standard library only: it runs without the suite's packages."""
