"""What a request says of an event: who acts, when, under which id, and what the host names besides."""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from starlette.requests import HTTPConnection

from policyengine import moment
from policyengine.enforcement.enforce import Enforced
from policyengine_asgi.state import engine_of

OfRequest: TypeAlias = Callable[[HTTPConnection], Any]
"""Makes a value of a request."""

_REQUEST_ID: Final = re.compile(r"[\w.:+/=-]{1,100}", re.ASCII)
"""What an id of a request may be: anybody may send one."""


def authenticated(connection: HTTPConnection) -> str | None:
    """Return who has been authenticated, as Starlette's `AuthenticationMiddleware` has it; None where nobody was."""
    user = connection.scope.get("user")
    if user is None or not user.is_authenticated:
        return None
    try:
        found = user.identity
    except NotImplementedError:  # of Starlette's own users
        found = user.display_name
    return str(found)


@dataclass(frozen=True)
class RequestContext:
    """Makes events of requests.

    Args:
        fields: fields that every event has, such as the controller. Wherever a value may stand here and in `event`, a
            function of the request may stand that makes it; what it makes None is left out.
        actor: who acts, of a request: an id, or a mapping with `id` and `role`; None where nobody is known.
        attributes: attributes of every event.
        request_id: the header that names the request. The id of an event begins with it, so that logs can be joined,
            and ends in what nobody can choose, for a request may have several flows.
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    actor: OfRequest = authenticated
    attributes: Mapping[str, Any] = field(default_factory=dict)
    request_id: str = "x-request-id"

    def event(self, connection: HTTPConnection, **fields: Any) -> dict[str, Any]:
        """Return an event as JSON has it, with an id and the time of now.

        Args:
            connection: the request.
            fields: the fields of this event; they take the place of those of the context, attributes one by one.
        """
        own = uuid.uuid4().hex[:16]
        named = connection.headers.get(self.request_id, "")
        actor = self.actor(connection)
        attributes: dict[str, Any] = {}
        for part in (self.attributes, self.fields.get("attributes"), fields.get("attributes")):
            attributes |= _made(part, connection) or {}
        found = {
            "id": f"{named}:{own}" if _REQUEST_ID.fullmatch(named) else own,
            "time": moment.now(),
            "actor": {"id": actor} if isinstance(actor, str) else actor,
            **self.fields,
            **fields,
            "attributes": attributes or None,
        }
        event: dict[str, Any] = _made(found, connection)
        return event

    def flow(self, connection: HTTPConnection, payload: Any = None, /, **fields: Any) -> Enforced:
        """Enforce `event` around a block: ``async with context.flow(request, record, operation=...) as flow``.

        Args:
            connection: the request; the engine is that of its application.
            payload: the host's data.
            fields: the fields of the event.

        Raises:
            RuntimeError: the application has no engine.
        """
        return engine_of(connection).flow(self.event(connection, **fields), payload)


def _made(value: Any, connection: HTTPConnection) -> Any:
    """Return a value with every function replaced by what it makes of the request, and without what is None."""
    if callable(value):
        return _made(value(connection), connection)
    if isinstance(value, Mapping):
        made = {key: _made(member, connection) for key, member in value.items()}
        return {key: member for key, member in made.items() if member is not None}
    if isinstance(value, list | tuple):
        return [_made(member, connection) for member in value]
    return value
