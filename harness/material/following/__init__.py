"""Following the homework document: its steps are done in order, as a careful student does them.

The document is untrusted. Its text never reaches a shell of this machine: a command is parsed, its words are expanded
here, and what is run is an argument vector of a program on a list, with arguments that were looked at
(:mod:`~harness.material.following.allowed`). What is not on the list is reported, and not run.

* :mod:`~harness.material.following.words` expands words, :mod:`~harness.material.following.values` knows what earlier
  steps returned and fills placeholders by it.
* :mod:`~harness.material.following.workstation` runs pipelines here, :mod:`~harness.material.following.remote` types
  lines into a login on the bastion.
* :mod:`~harness.material.following.prose` is the table of instructions that stand in sentences.
* :mod:`~harness.material.following.follower` goes through the document. Whoever follows for the outcome's sake watches
  it as a :class:`~harness.material.following.deeds.Guide`.
"""
