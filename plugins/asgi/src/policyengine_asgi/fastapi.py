"""A flow as a dependency of FastAPI. `policyengine_asgi.engine_of` is one for the engine."""

from collections.abc import AsyncIterator, Callable
from typing import Annotated, Any

from fastapi import Depends
from starlette.requests import HTTPConnection

from policyengine import Flow
from policyengine_asgi.context import RequestContext


def _nothing() -> None:
    """Hand over no payload."""


def flow_of(
    context: RequestContext, payload: Callable[..., Any] = _nothing, **fields: Any
) -> Callable[..., AsyncIterator[Flow]]:
    """Return a dependency that enforces an event of the request, and hands the flow that may go on to the route.

    ``flow: Annotated[Flow, Depends(flow_of(context, operation="use", ...))]``: the route is not called where the flow
    is stopped, and `flow.payload` is what actions have left of the payload.

    Args:
        context: makes the event.
        payload: a dependency that returns the host's data.
        fields: the fields of the event; functions of the request may stand for values.
    """

    async def enforced(connection: HTTPConnection, record: Annotated[Any, Depends(payload)]) -> AsyncIterator[Flow]:
        async with context.flow(connection, record, **fields) as found:
            yield found

    return enforced
