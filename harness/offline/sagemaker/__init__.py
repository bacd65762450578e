"""SageMaker in the offline cloud: k-means really trained and really served, and notebook instances.

It stands on moto's SageMaker, whose tables, listings and tags it keeps. :func:`install` puts it in place before the
first request for SageMaker is answered; nothing but this package knows how moto is joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .durations import CALM, Durations

if TYPE_CHECKING:
    from .installation import Installation

__all__ = ["CALM", "Durations", "install"]


def install(durations: Durations = CALM) -> Installation:
    """Put this SageMaker in moto's place; ``close()`` of what is returned ends it and puts moto's back.

    moto must be importable as its user wants it (environment variables set): it is imported here.
    """
    from .installation import Installation

    return Installation(durations)
