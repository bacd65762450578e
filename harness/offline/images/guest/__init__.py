"""The programs of an instance's image: its first process, and what ``systemctl`` and ``shutdown`` are there.

They run within the container by Ubuntu's own Python and import nothing but the standard library and one another.
"""
