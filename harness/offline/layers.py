"""The way of a call through the offline cloud: a short list of layers, the outermost first.

A layer is called with the call and with the way onwards; it answers itself, or changes something and passes
the call on, or looks at what came back. :data:`Layer` is all there is to know to write one.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from harness.offline.call import AwsError, Call, Reply, answer, refuse

Next = Callable[[Call], Reply]


class Layer(Protocol):
    """One concern on the way of a call."""

    def __call__(self, call: Call, forward: Next) -> Reply: ...


def chained(layers: Sequence[Layer], last: Next) -> Next:
    """Return the layers as one function that ends in ``last``."""
    if not layers:
        return last
    rest = chained(layers[1:], last)
    return lambda call: layers[0](call, rest)


def errors_as_replies(call: Call, forward: Next) -> Reply:
    """Is the layer that turns an :class:`AwsError` from further in into the service's own error document."""
    try:
        return forward(call)
    except AwsError as error:
        return refuse(call, error)


Result = dict[str, object]
Handler = Callable[[Call], "Reply | Result"]


class Routes:
    """Operations that are answered here and never reach moto; a layer.

    A handler returns the operation's result in botocore's shape (a dictionary, written in the call's protocol),
    or a whole :class:`Reply` (for binary bodies), or raises :class:`AwsError`. It sees the request as it was
    sent: ``call.body`` are the raw bytes.
    """

    def __init__(self) -> None:
        self._by_operation: dict[tuple[str, str], Handler] = {}
        self._by_predicate: list[tuple[str, Callable[[Call], bool], Handler]] = []

    def intercept(self, service: str, what: str | Callable[[Call], bool], handler: Handler) -> None:
        """Answer an operation (by name), or every call of the service for which the predicate holds.

        ``service`` is botocore's name. The predicate is asked first and may look at ``call.path`` and
        ``call.method`` alone. What is registered last wins.
        """
        if isinstance(what, str):
            self._by_operation[service, what] = handler
        else:
            self._by_predicate.insert(0, (service, what, handler))

    def handler(self, call: Call) -> Handler | None:
        """Return who answers a call, or ``None`` where moto does."""
        for service, holds, handler in self._by_predicate:
            if service == call.service and holds(call):
                return handler
        return self._by_operation.get((call.service, call.operation))

    def __call__(self, call: Call, forward: Next) -> Reply:
        handler = self.handler(call)
        if handler is None:
            return forward(call)
        result = handler(call)
        return result if isinstance(result, Reply) else answer(call, result)
