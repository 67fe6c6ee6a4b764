"""Files that are followed: what is made of them is made anew when they change, and never replaced by a broken one.

A change is taken when two looks agree about it, by the contents of every file that was read; and what is in force was
made of just these contents. Each pack is a part of its own, so that a broken one holds back only itself.
"""

from __future__ import annotations

import logging
import os
import threading
import time
import weakref
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final, Generic, Protocol, TypeAlias, TypeVar

from msgspec import Struct

from policyengine.decision.decider import Decider
from policyengine.engine.configuration import Configuration
from policyengine.engine.parts import Loaded, Packs, Part, together
from policyengine.engine.plugins import Plugins
from policyengine.errors import PolicyError
from policyengine.language.disk import Files
from policyengine.model.decision import PolicyRef
from policyengine.model.policy import Policy

_log = logging.getLogger("policyengine.watch")

REST: Final = 0.05
"""So many seconds lie between two looks where a host asks for them; where nobody asks, they have their interval."""

_TURNS: Final = 20
"""So many looks may files take to hold still, where a host asks."""


class Status(Struct, frozen=True):
    """What is in force of files that are followed, and how well they are followed.

    Args:
        policies: what is in force, each policy with its version and digest.
        looked: how many seconds ago the files were looked at. Where that grows, nobody looks any more.
        error: why the newest change is not in force; None where it is.
    """

    policies: tuple[PolicyRef, ...]
    looked: float
    error: Exception | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the status as JSON data."""
        return {
            "policies": [
                {"id": policy.id, "version": policy.version, "digest": policy.digest} for policy in self.policies
            ],
            "looked": round(self.looked, 3),
            "error": None if self.error is None else str(self.error) or repr(self.error),
        }


class Deciding(Protocol):
    """What decides under some policies."""

    @property
    def policies(self) -> Sequence[Policy]:
        """The policies."""
        ...


E = TypeVar("E", bound=Deciding)


Assemble: TypeAlias = Callable[[Configuration, Plugins, Sequence[Policy], "Decider | None"], E]
"""Makes of a configuration, its plugins, its policies and what decides under the shadow policies what decides."""


class _Setting(Generic[E]):
    """A configuration with its plugins and packs, and the newest that could be made of them.

    Args:
        configuration: the configuration.
        plugins: its plugins, which serve all that is made under it.
        assemble: makes it.
        before: the setting before this one.
    """

    def __init__(
        self,
        configuration: Configuration,
        plugins: Plugins,
        assemble: Assemble[E],
        before: _Setting[E] | None = None,
    ) -> None:
        self.configuration, self.plugins, self._assemble = configuration, plugins, assemble
        of = configuration
        self._packs: Packs = Packs(
            of.policies,
            of.readings,
            partial(of.place, "readings"),
            of,
            plugins,
            pinned=True,
            before=None if before is None else before._packs,
        )
        self._shadows: Packs = Packs(
            of.shadow,
            of.shadow_readings,
            partial(of.place, "shadow", "readings"),
            of,
            plugins,
            pinned=False,
            before=None if before is None else before._shadows,
        )
        self._deciding: tuple[Sequence[Policy], Decider | None] | None = None
        self.made: E | None = None
        self._of: Sequence[Policy | Decider | None] = ()
        self._failed: tuple[Sequence[Policy | Decider | None], Exception] | None = None
        self._shadow_failed: Exception | None = None

    @property
    def parts(self) -> list[Part[Loaded]]:
        """The packs."""
        return [*self._packs.parts, *self._shadows.parts]

    @property
    def settled(self) -> bool:
        """Whether all packs hold still."""
        return all(part.settled for part in self.parts)

    @property
    def errors(self) -> list[Exception | None]:
        """What is wrong with packs, and with what they come to together."""
        together = None if self._failed is None else self._failed[1]
        return [*(part.error for part in self.parts), self._shadow_failed, together]

    def look(self) -> None:
        """Look at the files of all packs."""
        for part in self.parts:
            part.look()

    def make(self) -> E:
        """Return what is made of the policies in force; where that fails, what was made before.

        Raises:
            Exception: nothing was made before.
        """
        now: Sequence[Policy | Decider | None] = ()
        try:
            shadow = self._shadow()
            policies = self._packs.policies()
            now = (*policies, shadow)
            if self.made is None or not _same(now, self._of):
                failed = self._failed
                if failed is not None and isinstance(failed[1], PolicyError) and _same(now, failed[0]):
                    raise failed[1]  # it would fail again
                self._of, self.made = now, self._assemble(self.configuration, self.plugins, policies, shadow)
            self._failed = None
        except Exception as error:
            self._failed = now, error
            if self.made is None:
                raise
        return self.made

    def _shadow(self) -> Decider | None:
        """Return what decides under the shadow policies. Where newer ones are broken, the others go on."""
        before = self._deciding
        try:
            policies = self._shadows.policies() if self._shadows else []
            if before is None or not _same(policies, before[0]):
                before = self._deciding = policies, Decider(policies) if policies else None
            self._shadow_failed = None
        except Exception as error:
            if before is None:
                raise
            self._shadow_failed = error
        return before[1]


def _same(some: Sequence[object], others: Sequence[object]) -> bool:
    return len(some) == len(others) and all(one is other for one, other in zip(some, others, strict=True))


class Followed(Generic[E]):
    """The newest that could be made of a configuration and its packs.

    A broken change leaves in force what was made before: of a pack, the policy of that pack alone. Whatever goes wrong
    is tried again.

    Args:
        read: reads the configuration.
        found: returns its plugins.
        assemble: makes of it all what decides. What decides no longer is dropped; its plugins, where the configuration
            has changed, are closed once nobody has it any more.
        spared: what plugins hand over and somebody else closes.
        interval: how many seconds lie between two looks at the files.

    Raises:
        Exception: it cannot be made to begin with.
    """

    def __init__(
        self,
        read: Callable[[Files], Configuration],
        found: Callable[[Configuration], Plugins],
        assemble: Assemble[E],
        spared: Iterable[object] = (),
        interval: float = 1.0,
    ) -> None:
        self._found, self._assemble, self._spared, self._interval = found, assemble, tuple(spared), interval
        self._configuration = Part(read)
        configuration = self._configuration.begin()
        setting = self._setting = _Setting(configuration, found(configuration), assemble)
        try:
            for part in setting.parts:
                with suppress(Exception):  # all that is wrong is told together
                    part.begin()
            if wrong := together(setting.errors):
                raise wrong
            setting.make()
        except BaseException:
            setting.plugins.retire(self._spared)
            raise
        self._pending: _Setting[E] | None = None
        self._refused: tuple[Configuration, Exception] | None = None
        self._failed: Exception | None = None
        self._told: str | None = None
        self._ended = False
        self._looked = time.monotonic()
        self.begin()
        _ALL.add(self)

    def begin(self) -> None:
        """Follow the files; in a child of the process anew, where the thread is not, and its locks are of no use."""
        self._lock = threading.Lock()
        self._closed = threading.Event()
        weakref.finalize(self, self._closed.set).atexit = False
        self._thread = threading.Thread(
            target=_follow,
            args=(weakref.ref(self), self._closed, self._interval),
            name="policyengine-watch",
            daemon=True,
        )
        if not self._ended:
            self._thread.start()

    @property
    def newest(self) -> E:
        """What is in force."""
        return self._setting.made  # type: ignore[return-value]  # it has made something, or would not be in force

    @property
    def error(self) -> Exception | None:
        """Why the newest change is not in force; None where it is."""
        refused = None if self._refused is None else self._refused[1]
        pending = self._pending.errors if self._pending is not None and self._pending.settled else []
        return together([self._failed, self._configuration.error, refused, *pending, *self._setting.errors])

    @property
    def status(self) -> Status:
        """What is in force, and how well it is followed."""
        policies = tuple(PolicyRef(policy.id, policy.version, policy.digest) for policy in self.newest.policies)
        return Status(policies, time.monotonic() - self._looked, self.error)

    def look(self) -> bool:
        """Look at the files until they hold still, and return whether something else came into force."""
        before = self.newest
        for _ in range(_TURNS):
            if self.turn():
                break
            time.sleep(REST)
        return self.newest is not before

    def turn(self) -> bool:
        """Look at the files once, and return whether they hold still."""
        with self._lock:
            before, still = self.newest, True
            try:
                still = self._turn()
                self._failed = None
            except Exception as error:  # nobody else is there to try it again
                self._failed = error
            self._looked = time.monotonic()
            self._tell(before)
            return still

    def close(self) -> None:
        """Follow the files no longer. What is in force stays so."""
        self._ended = True
        self._closed.set()
        if self._thread.is_alive() and self._thread is not threading.current_thread():
            self._thread.join()
        with self._lock:
            self._drop_pending()

    def _turn(self) -> bool:
        self._configuration.look()
        self._renew()
        setting, pending = self._setting, self._pending
        still = self._configuration.settled
        for one in (pending, setting):
            if one is not None:
                one.look()
                still = still and one.settled
        if pending is not None and pending.settled:
            with suppress(Exception):  # it is among its errors
                pending.make()
                self._setting, self._pending = pending, None  # from here on it is in force
                setting.plugins.retire((*self._spared, *pending.plugins.closable))
                return still
        setting.make()
        return still

    def _renew(self) -> None:
        """Have a setting of the newest configuration in waiting, where another is in force."""
        newest, pending, refused = self._configuration.value, self._pending, self._refused
        assert newest is not None  # there was one to begin with
        if newest is self._setting.configuration:
            self._drop_pending()
            self._refused = None
        elif pending is None or pending.configuration is not newest:
            if refused is not None and refused[0] is newest and isinstance(refused[1], PolicyError):
                return
            self._drop_pending()
            try:
                self._pending = _Setting(newest, self._found(newest), self._assemble, self._setting)
                self._refused = None
            except Exception as error:
                self._refused = newest, error

    def _drop_pending(self) -> None:
        pending, self._pending = self._pending, None
        if pending is not None and pending is not self._setting:
            pending.plugins.retire((*self._spared, *self._setting.plugins.closable))

    def _tell(self, before: E) -> None:
        """Log what is new, once."""
        if self.newest is not before:
            names = ", ".join(f"{policy.id} {policy.version}" for policy in self.newest.policies)
            _log.info("policies reloaded: %s", names)
        error = self.error
        said = None if error is None else str(error) or repr(error)
        if said is not None and said != self._told:
            _log.error("a change is not taken, and what was before stays in force:\n%s", said)
        self._told = said


def _follow(followed: weakref.ref[Followed[Any]], closed: threading.Event, interval: float) -> None:
    while not closed.wait(interval):
        found = followed()
        if found is None:
            return
        found.turn()
        del found  # or it would live as long as we do


_ALL: Final[weakref.WeakSet[Followed[Any]]] = weakref.WeakSet()


def _born() -> None:
    for followed in _ALL:
        followed.begin()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_born)
