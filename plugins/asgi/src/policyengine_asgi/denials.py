"""A stopped flow, answered: a problem document (RFC 9457) in the language of the request."""

from __future__ import annotations

import logging
from typing import Any, Final

from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from policyengine import FlowDenied, language_asked_for, problem_document
from policyengine.model.fields import known_path
from policyengine.text import LANGUAGES, Language
from policyengine_asgi.state import engine_in, policies_of

_log = logging.getLogger("policyengine.asgi")

POLICY_VIOLATION: Final = 1008
"""The code with which a websocket is closed (RFC 6455)."""


class DenialMiddleware:
    """Answers a `FlowDenied` that nobody else has answered, with `policyengine.problem_document`.

    Of a group of denials and nothing else, as tasks that run together raise it, the first is answered.

    A response that has begun cannot be another: what stops a flow in the midst of one goes on to the server, which
    breaks it off. A websocket is closed with code 1008 and the codes of the denial; one that is not accepted yet, with
    a 403.

    Args:
        app: the application.
        default_language: what is said to those who ask for no language of the policies, nor for Japanese or English.
    """

    def __init__(self, app: ASGIApp, default_language: Language = "en") -> None:
        self._app = app
        self._default = default_language

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request."""
        begun = False

        async def sent(message: Message) -> None:
            nonlocal begun
            begun = begun or message["type"] in ("http.response.start", "websocket.close")
            await send(message)

        try:
            await self._app(scope, receive, sent)
        except (FlowDenied, ExceptionGroup) as error:
            denied = _denial(error)
            if denied is None or begun or scope["type"] not in ("http", "websocket"):
                raise
            _tell(denied)
            policies = policies_of(engine_in(scope))
            spoken = (*LANGUAGES, *(lang for policy in policies for lang in policy.languages))
            accepted = ", ".join(Headers(scope=scope).getlist("accept-language"))
            lang = language_asked_for(accepted, self._default, spoken)
            document = problem_document(denied, policies, lang)
            if scope["type"] == "websocket":
                reason = ", ".join(document["codes"])[:100]
                await send({"type": "websocket.close", "code": POLICY_VIOLATION, "reason": reason})
                return
            response = JSONResponse(
                document,
                document["status"],
                {"Content-Language": lang, "Vary": "Accept-Language", "Cache-Control": "no-store"},
                media_type="application/problem+json",
            )
            await response(scope, receive, send)


def _denial(error: FlowDenied | ExceptionGroup[Exception]) -> FlowDenied | None:
    """Return the denial, or the first of a group that has nothing else in it; None where something else is wrong."""
    if isinstance(error, FlowDenied):
        return error
    denials, others = error.split(FlowDenied)
    if others is not None:
        return None
    first: Any = denials
    while isinstance(first, ExceptionGroup):
        first = first.exceptions[0]
    return first  # type: ignore[no-any-return]


def _tell(denied: FlowDenied) -> None:
    """Log what is the host's own fault: no action may follow invalid events, and nobody else would say so."""
    if denied.decision.outcome == "invalid":
        paths = ", ".join(known_path(error.path) for error in denied.decision.errors)
        _log.error("the application has described a flow by what is no event: %s", paths)
