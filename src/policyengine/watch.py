"""An engine that follows its files: reloaded when they change, and never replaced by a broken one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, suppress
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from policyengine.decision import Decision
from policyengine.errors import InvalidEvent, PolicyEngineError
from policyengine.load import load_pack

if TYPE_CHECKING:
    from policyengine.enforce import Flow
    from policyengine.engine import Engine
    from policyengine.event import Event
    from policyengine.guard import F

_log = logging.getLogger("policyengine.watch")


class WatchedEngine:
    """Decides with the newest policies that could be loaded. A broken change leaves those in force that were.

    A decision is made by one engine from beginning to end: the swap is one assignment, and a decision under way keeps
    the engine that it began with.

    Args:
        paths: returns the packs, and other files that are followed with them.
        load: loads an engine from them.
        interval: how many seconds lie between two looks at the files.

    Raises:
        PolicyEngineError: the packs cannot be loaded to begin with.
    """

    def __init__(
        self, paths: Callable[[], Iterable[str | Path]], load: Callable[[], Engine], interval: float = 1.0
    ) -> None:
        self._paths = paths
        self._known: tuple[str | Path, ...] = ()
        self._load = load
        self._interval = interval
        self._seen = self._stamps()
        self._engine = load()
        self._closed = threading.Event()
        self.error: PolicyEngineError | None = None
        """Why the newest change is not in force; None where it is."""
        self._thread = threading.Thread(target=self._follow, name="policyengine-watch", daemon=True)
        self._thread.start()

    @property
    def engine(self) -> Engine:
        """The engine in force."""
        return self._engine

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide as `Engine.evaluate` does, with the engine in force."""
        return self._engine.evaluate(event)

    def evaluate_all(
        self, events: Iterable[Mapping[str, Any] | Event | bytes | str | InvalidEvent], batch: int = 500
    ) -> Iterator[Decision]:
        """Decide many events as `Engine.evaluate_all` does, all of them with the engine in force at the beginning."""
        return self._engine.evaluate_all(events, batch)

    def enforce(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Decision:
        """Enforce as `Engine.enforce` does, with the engine in force."""
        return self._engine.enforce(event, payload)

    async def enforce_async(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Decision:
        """Enforce as `Engine.enforce_async` does, with the engine in force."""
        return await self._engine.enforce_async(event, payload)

    def flow(self, event: Mapping[str, Any] | Event, payload: Any = None) -> AbstractContextManager[Flow]:
        """Enforce around a block as `Engine.flow` does, with the engine in force."""
        return self._engine.flow(event, payload)

    def guard(self, **fields: Any) -> Callable[[F], F]:
        """Guard a function as `Engine.guard` does; each call asks the engine then in force."""
        from policyengine.guard import guard  # noqa: PLC0415

        return guard(self, fields)

    def look(self) -> bool:
        """Look at the files now, and return whether another engine came into force."""
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        try:
            engine = self._load()
        except PolicyEngineError as error:
            self.error = error
            _log.error("the changed policy is broken, and the one before stays in force:\n%s", error)
            return False
        self._engine, self.error = engine, None
        refs = ", ".join(f"{policy.id} {policy.version}" for policy in engine.policies)
        _log.info("policies reloaded: %s", refs)
        return True

    def close(self) -> None:
        """Follow the files no longer. The engine in force stays so."""
        self._closed.set()
        self._thread.join()

    def __enter__(self) -> WatchedEngine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _follow(self) -> None:
        while not self._closed.wait(self._interval):
            try:
                self.look()
            except Exception:
                _log.exception("looking at the policy files failed; what was in force stays so")

    def _followed(self) -> Iterable[str | Path]:
        """Return what to look at; while a configuration is broken, what it named before."""
        with suppress(PolicyEngineError):
            self._known = tuple(self._paths())
        return self._known

    def _stamps(self) -> dict[str, tuple[int, int]]:
        """Return when each file of the packs, imported ones too, was last changed, and its size."""
        found: dict[str, tuple[int, int]] = {}
        for path in self._followed():
            try:
                files = [Path(document.path) for document in load_pack(path).documents]
            except PolicyEngineError:
                files = []
            root = Path(path)
            for file in {*files, *(root.glob("*.toml") if root.is_dir() else [root])}:
                try:
                    stat = file.stat()
                except OSError:
                    found[str(file)] = (0, -1)
                else:
                    found[str(file)] = (stat.st_mtime_ns, stat.st_size)
        return found
