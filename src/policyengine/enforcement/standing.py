"""Where a flow under enforcement stands: what was stated, what is left of it, and what is in its way."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

from policyengine.enforcement.flow import UNCHANGED, EnforcementAction, Flow, Mode, Reduction
from policyengine.enforcement.stated import stated, with_items
from policyengine.errors import InvalidEvent, PolicyEngineError
from policyengine.model.decision import Decision, Reason
from policyengine.model.event import Event
from policyengine.model.fields import known_path
from policyengine.text import Text

Decide: TypeAlias = Callable[[Sequence[str]], Decision]
"""Decides an event again, on the same facts, with fewer items."""


class Standing:
    """What has become of a flow so far. Whatever stands in its way stays there.

    Args:
        event: the event as the host stated it: an `Event`, or whatever it was where it is none.
        decision: what was decided of it.
        decide: decides the same event, on the same facts, with fewer items.
        payload: the host's data.
        mode: the mode.
        shadow: what the shadow policies say of the event.
    """

    def __init__(
        self,
        event: object,
        decision: Decision,
        decide: Decide,
        payload: Any,
        mode: Mode,
        shadow: Decision | None,
    ) -> None:
        # An `Event` nobody can change; whatever else it is, it may be another thing when somebody looks at it.
        self._source = event if isinstance(event, Event) else stated(event)
        self._whole: Mapping[str, Any] | None = None
        self._left: list[str] | None = None
        self._first = self._decided = decision
        self._decide = decide
        self._payload = payload
        self._mode = mode
        self._shadow = shadow
        self.kept: str | None = None
        """The id under which the flow is kept for a person."""
        self._failed: list[Reason] = []
        self._stopped: list[Reason] = []

    def flow(self) -> Flow:
        """Return the flow as it is now: a new one for everybody who sees it."""
        whole = self._stated()
        return Flow(
            whole if self._left is None else with_items(whole, self._left),
            self.decision(),
            self._payload,
            self._mode,
            self.kept,
            self._shadow,
            self._first,
            whole,
        )

    def _stated(self) -> Mapping[str, Any]:
        """Return the event as stated, frozen when somebody first asks for it."""
        if self._whole is None:
            self._whole = stated(self._source) if isinstance(self._source, Event) else self._source
        return self._whole

    def decision(self) -> Decision:
        """Return what is decided of the flow as it is now."""
        decided = self._decided
        in_the_way = [*(self._stopped if decided.permitted else ()), *self._failed]
        if not in_the_way or decided.outcome == "invalid" or self._mode == "warn":
            return decided
        return Decision(
            decided.event,
            "deny",
            decided.policies,
            decided.clauses,
            decided.rules,
            (*decided.reasons, *in_the_way),
            (),
            self._items,
        )

    def take(self, action: EnforcementAction, returned: Reduction | None) -> None:
        """Take from the flow what an action returned, whole or not at all; but a stop holds in any case.

        Raises:
            Refused: it is no reduction, or none of this flow.
        """
        if returned is None:
            return
        if not isinstance(returned, Reduction):
            refuse_awaitable(returned)
            raise Refused(f"it returned {_named(returned)}; an action returns a Reduction, or None")
        if returned.stop is not False and returned.stop is not None:
            self.stop(action.name, returned.stop)
        dropped = self._dropped(returned.without)
        reduces = returned.payload is not UNCHANGED
        if (dropped or reduces) and action.stage != "reduce":
            raise Refused(f'it reduced a flow at stage "{action.stage}"; actions of the stage "reduce" do')
        if returned.kept is not None and (action.stage != "keep" or not isinstance(returned.kept, str)):
            raise Refused(f'it kept a flow at stage "{action.stage}", as {_named(returned.kept)}')
        if reduces:
            from policyengine.enforcement.payload import is_less  # noqa: PLC0415  for hosts with a payload

            if not is_less(returned.payload, self._payload):
                raise Refused("what it returned as payload has more in it than the payload had")
        if dropped:
            before = self._left if self._left is not None else self._stated()["items"]
            left = [item for item in before if item not in dropped]
            if left:
                self._left, self._decided = left, self._decide(left)
            else:
                self.stop(action.name, _NOTHING_LEFT)
        if reduces:
            self._payload = returned.payload
        self.kept = returned.kept or self.kept

    def _dropped(self, without: Iterable[str]) -> frozenset[str]:
        dropped = frozenset() if isinstance(without, str) else frozenset(without)
        if isinstance(without, str) or not all(isinstance(item, str) for item in dropped):
            raise Refused("what it takes away is no collection of items")
        if self._decided.outcome == "invalid" and dropped:
            raise Refused("it took items from what is no event")
        if unknown := dropped.difference(self._stated().get("items", ())):
            raise Refused(f"it took away {len(unknown)} items that the event does not state")
        return dropped

    def stop(self, name: str, why: object) -> None:
        """Let the flow go on no more."""
        message = why if isinstance(why, Text) else _STOPPED.filled(name=name)
        self._stopped.append(Reason("action-stopped", None, None, None, self._items, message))

    def fail(self, name: str, error: BaseException) -> None:
        """Let the flow go on no more, because a mandatory action failed."""
        message = _FAILED.filled(name=name, why=said(error))
        self._failed.append(Reason("action-failed", None, None, None, self._items, message))

    @property
    def _items(self) -> tuple[str, ...]:
        return (*self._decided.permitted_items, *self._decided.excess_items)


class Refused(PolicyEngineError):
    """What an action did to a flow was refused."""


def said(error: BaseException, names: Container[str] = ()) -> str:
    """Return what can be told of an error to everybody: our own say what they say, of others their class alone.

    Whatever others say may quote an event, a fact or a payload; the log has it. Of what is wrong with an event or a
    fact the places are told.

    Args:
        error: what was raised.
        names: the fields that facts have.
    """
    if isinstance(error, InvalidEvent):
        return ", ".join(dict.fromkeys(known_path(one.path, names) for one in error.errors))
    return str(error) if isinstance(error, PolicyEngineError) else type(error).__name__


def refuse_awaitable(returned: object) -> None:
    """Refuse what nobody would await. The form of a method is read once, when the engine is built."""
    if inspect.isawaitable(returned):
        if inspect.iscoroutine(returned):
            returned.close()
        raise Refused("it returned something to await, and is no async function: declare it with async def")


def refuse_unrun(returned: object) -> None:
    """Refuse what has not run yet, and never would: what is to be awaited, and what runs as far as it is read."""
    refuse_awaitable(returned)
    if inspect.isgenerator(returned) or inspect.isasyncgen(returned):
        raise Refused("it returned a generator, and nobody would read it")


def _named(value: object) -> str:
    return f"an object of type {type(value).__name__}"


_FAILED: Final = Text(ja="必須の処置「{name}」が失敗しました: {why}", en='the mandatory action "{name}" failed: {why}')
_STOPPED: Final = Text(ja="処置「{name}」がフローを止めました", en='the action "{name}" stopped the flow')
_NOTHING_LEFT: Final = Text(ja="処置がすべての項目を取り除きました", en="an action took every item away")
