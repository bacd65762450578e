"""Hosts: what a running instance of the offline cloud is.

``protocol`` holds the interfaces: :class:`HostKind` is what the control plane drives, :class:`Machine` what a
service on an embedded host (the container engine) may use.
"""
