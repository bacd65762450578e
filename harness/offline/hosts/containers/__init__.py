"""Instances as containers: a real sshd, a real package manager and a Docker engine of their own, one for each.

All instances of a cloud are on one bridge network of their own, each with its public address on it, which Linux routes,
and with its private address on the same link, which nobody outside knows. Security groups are a packet filter of
nftables in the instance's network namespace. A container beside them (``world``) holds what instances reach of the
world: nothing passes through it, so that nothing leaves this machine.

Where it differs from EC2: the release is Ubuntu 24.04 whatever the image says; the first process stands in for systemd
(no journal, timers, logind); who is root on an instance can change its filter; user data is run where it is a script.
"""
