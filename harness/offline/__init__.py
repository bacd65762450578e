"""The offline cloud: an AWS endpoint on loopback whose instances can really be reached."""

from __future__ import annotations
