"""SageMaker in the offline cloud: k-means really trained and really served, and notebook instances.

It stands on moto's SageMaker, whose tables, listings and tags it keeps. :func:`install` puts it in place before the
first request for SageMaker is answered; nothing but this package knows how moto is joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .durations import CALM, Durations, Trouble

if TYPE_CHECKING:
    from .installation import Installation

__all__ = ["CALM", "Durations", "Trouble", "install"]


def install(durations: Durations = CALM, endpoint_trouble: Trouble = lambda: None) -> Installation:
    """Put this SageMaker in moto's place; ``close()`` of what is returned ends it and puts moto's back.

    ``endpoint_trouble`` says why an endpoint that is being made fails, or ``None``.

    moto must be importable as its user wants it (environment variables set): it is imported here.
    """
    from .installation import Installation

    return Installation(durations, endpoint_trouble)
