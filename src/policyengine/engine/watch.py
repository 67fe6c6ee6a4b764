"""Files that are followed: what is made of them is made anew when they change, and never replaced by a broken one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Generic, TypeVar

from policyengine.errors import PolicyEngineError
from policyengine.language.pack import load_pack
from policyengine.language.seal import lock_of

_log = logging.getLogger("policyengine.watch")


T = TypeVar("T")


class Followed(Generic[T]):
    """The newest that could be made of some files. A broken change leaves in force what was made before.

    Args:
        paths: returns the packs, and other files that are followed with them.
        load: makes it of them.
        shown: says, for the log, what was made.
        interval: how many seconds lie between two looks at the files.

    Raises:
        PolicyEngineError: it cannot be made to begin with.
    """

    def __init__(
        self,
        paths: Callable[[], Iterable[str | Path]],
        load: Callable[[], T],
        shown: Callable[[T], str],
        interval: float = 1.0,
    ) -> None:
        self._paths = paths
        self._known: tuple[str | Path, ...] = ()
        self._load = load
        self._shown = shown
        self._interval = interval
        self._seen = self._stamps()
        self.newest = load()
        """What is in force."""
        self._closed = threading.Event()
        self.error: PolicyEngineError | None = None
        """Why the newest change is not in force; None where it is."""
        self._thread = threading.Thread(target=self._follow, name="policyengine-watch", daemon=True)
        self._thread.start()

    def look(self) -> bool:
        """Look at the files now, and return whether something else came into force."""
        stamps = self._stamps()
        if stamps == self._seen:
            return False
        self._seen = stamps
        try:
            made = self._load()
        except PolicyEngineError as error:
            self.error = error
            _log.error("the changed policy is broken, and the one before stays in force:\n%s", error)
            return False
        self.newest, self.error = made, None
        _log.info("policies reloaded: %s", self._shown(made))
        return True

    def close(self) -> None:
        """Follow the files no longer. What is in force stays so."""
        self._closed.set()
        self._thread.join()

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
            for file in {*files, lock_of(root), *(root.glob("*.toml") if root.is_dir() else [root])}:
                try:
                    stat = file.stat()
                except OSError:
                    found[str(file)] = (0, -1)
                else:
                    found[str(file)] = (stat.st_mtime_ns, stat.st_size)
        return found
