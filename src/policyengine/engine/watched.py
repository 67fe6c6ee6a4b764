"""An engine that follows its files: what a host holds in its hand where these may change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from policyengine.enforcement.guard import F, guard

if TYPE_CHECKING:
    from policyengine.enforcement.enforce import Enforced
    from policyengine.engine.engine import Engine
    from policyengine.engine.watch import Followed, Status
    from policyengine.errors import InvalidEvent
    from policyengine.model.decision import Decision
    from policyengine.model.event import Event


def refuse_copy(engine: object) -> NoReturn:
    """Raise `TypeError`, as pickling and copying do of what holds threads and files, and say what to do."""
    raise TypeError(
        f"{type(engine).__name__} cannot be copied or sent to another process: one that is forked has it already, and "
        "one that is spawned loads its own"
    )


class WatchedEngine:
    """An engine that follows its files: it decides with the newest policies that could be loaded.

    A decision is made by one engine from beginning to end: the swap is one assignment, and a decision under way keeps
    the engine that it began with. A broken change leaves in force what was: of a pack, the policy of that pack.

    Args:
        followed: follows the files.
    """

    def __init__(self, followed: Followed[Engine]) -> None:
        self._followed = followed

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    @property
    def engine(self) -> Engine:
        """The engine in force."""
        return self._followed.newest

    @property
    def error(self) -> Exception | None:
        """Why the newest change is not in force; None where it is. Of several packs that are broken, all that is."""
        return self._followed.error

    def status(self) -> Status:
        """Return which policies are in force, how long ago the files were looked at, and the error."""
        return self._followed.status

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide as `Engine.evaluate` does, with the engine in force."""
        return self.engine.evaluate(event)

    def evaluate_all(
        self, events: Iterable[Mapping[str, Any] | Event | bytes | str | InvalidEvent], batch: int = 500
    ) -> Iterator[Decision]:
        """Decide many events as `Engine.evaluate_all` does, all of them with the engine in force at the beginning."""
        return self.engine.evaluate_all(events, batch)

    def enforce(self, event: Mapping[str, Any] | Event) -> Decision:
        """Enforce as `Engine.enforce` does, with the engine in force."""
        return self.engine.enforce(event)

    async def enforce_async(self, event: Mapping[str, Any] | Event) -> Decision:
        """Enforce as `Engine.enforce_async` does, with the engine in force."""
        return await self.engine.enforce_async(event)

    async def evaluate_async(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide as `Engine.evaluate_async` does, with the engine in force."""
        return await self.engine.evaluate_async(event)

    def flow(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Enforced:
        """Enforce around a block as `Engine.flow` does, with the engine in force."""
        return self.engine.flow(event, payload)

    def guard(self, *, payload: str | None = None, flow: str | None = None, **fields: Any) -> Callable[[F], F]:
        """Guard a function as `Engine.guard` does; each call asks the engine then in force."""
        return guard(self, fields, payload, flow)

    def look(self) -> bool:
        """Look at the files now, until they hold still, and return whether another engine came into force."""
        return self._followed.look()

    def close(self) -> None:
        """Follow the files no longer, and close the engine in force, as `Engine.close` does."""
        self._followed.close()
        self.engine.close()

    def __enter__(self) -> WatchedEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
