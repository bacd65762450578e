"""SFTP and scp on a host: the files of its root, with the rights of the user who logged in."""

from __future__ import annotations

import os
import posixpath
from typing import Any

import asyncssh

from harness.offline.hosts.sandbox import Sandbox

_WRITES = asyncssh.FXF_WRITE | asyncssh.FXF_APPEND | asyncssh.FXF_CREAT | asyncssh.FXF_TRUNC
_OWN = ("/home/ubuntu", "/tmp", "/var/tmp", "/run/user/1000")  # noqa: S108 - the host's


class HostFiles(asyncssh.SFTPServer):
    """Serves a sandbox. Relative paths begin at the user's home; only what is the user's own may be changed."""

    def __init__(self, channel: asyncssh.SSHServerChannel[Any], sandbox: Sandbox, user: str, home: str) -> None:
        super().__init__(channel)
        self._sandbox, self._user, self._home = sandbox, user, home

    def map_path(self, path: bytes) -> bytes:
        """Return where a path is, a symbolic link at its end not followed."""
        return os.fsencode(self._sandbox.path(os.fsdecode(path), self._home, follow=False))

    def reverse_map_path(self, path: bytes) -> bytes:
        """Return a path as the host knows it."""
        root = os.fsencode(self._sandbox.root)
        return path[len(root) :] or b"/" if path == root or path.startswith(root + b"/") else path

    def realpath(self, path: bytes) -> bytes:
        """Return the host's canonical form of a path."""
        return self.reverse_map_path(os.fsencode(self._sandbox.path(os.fsdecode(path), self._home)))

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file, by the first three versions of the protocol."""
        if pflags & _WRITES:
            self._claim(path)
        return super().open(self._followed(path), pflags, attrs)

    def open56(self, path: bytes, desired_access: int, flags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Open a file, by versions five and six."""
        if desired_access & (asyncssh.ACE4_WRITE_DATA | asyncssh.ACE4_APPEND_DATA):
            self._claim(path)
        return super().open56(self._followed(path), desired_access, flags, attrs)

    def stat(self, path: bytes) -> Any:
        """Return a file's attributes, links followed."""
        return super().stat(self._followed(path))

    def setstat(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> Any:
        """Change a file's attributes, links followed."""
        self._claim(path)
        attrs.uid = attrs.gid = None  # the owner is this machine's user, whom the host does not know
        return super().setstat(self._followed(path), attrs)

    def scandir(self, path: bytes) -> Any:
        """Read a directory."""
        return super().scandir(self._followed(path))

    def remove(self, path: bytes) -> Any:
        """Remove a file."""
        self._claim(path)
        return super().remove(path)

    def mkdir(self, path: bytes, attrs: asyncssh.SFTPAttrs) -> Any:
        """Make a directory."""
        self._claim(path)
        return super().mkdir(path, attrs)

    def rmdir(self, path: bytes) -> Any:
        """Remove a directory."""
        self._claim(path)
        return super().rmdir(path)

    def rename(self, oldpath: bytes, newpath: bytes) -> Any:
        """Rename a file."""
        self._claim(oldpath)
        self._claim(newpath)
        return super().rename(oldpath, newpath)

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> Any:
        """Rename a file over another."""
        self._claim(oldpath)
        self._claim(newpath)
        return super().posix_rename(oldpath, newpath)

    def readlink(self, path: bytes) -> bytes:
        """Return what a link says."""
        return self.reverse_map_path(os.readlink(self.map_path(path)))  # noqa: PTH115 - bytes

    def symlink(self, oldpath: bytes, newpath: bytes) -> None:
        """Make a link; an absolute target is one of the host's."""
        self._claim(newpath)
        target = self.map_path(oldpath) if oldpath.startswith(b"/") else oldpath
        os.symlink(target, self.map_path(newpath))  # noqa: PTH211 - bytes

    def link(self, oldpath: bytes, newpath: bytes) -> None:
        """Make a hard link."""
        self._claim(newpath)
        os.link(self.map_path(oldpath), self.map_path(newpath))

    def _followed(self, path: bytes) -> bytes:
        return os.fsencode(self._sandbox.path(os.fsdecode(path), self._home))

    def _claim(self, path: bytes) -> None:
        full = os.fsdecode(self.reverse_map_path(self._followed(path)))
        if self._user != "root" and not any(full == own or full.startswith(own + "/") for own in _OWN):
            raise asyncssh.SFTPPermissionDenied(f"{posixpath.normpath(full)}: Permission denied")
