"""What an engine that follows its files is made of: each part of files of its own, and taken once these hold still."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from msgspec import Struct

from policyengine.engine.configuration import Configuration
from policyengine.engine.plugins import Plugins
from policyengine.errors import Place, PolicyEngineError, PolicyError
from policyengine.language.disk import Files, Seen
from policyengine.language.documents import Documents
from policyengine.language.file_problems import NOT_SEALED, NOTHING_TO_LOAD, SEAL_AGAIN
from policyengine.language.pack import load_pack
from policyengine.language.readings import Placed, picking_problems
from policyengine.model.policy import Policy

T = TypeVar("T")


class Part(Generic[T]):
    """Something that is made of files: the newest of it that could be made, of contents that held still.

    Args:
        make: makes it of the disk.
        imports_from: where imports may lead.
        value: what there is to begin with.
    """

    def __init__(
        self, make: Callable[[Files], T], imports_from: Iterable[str | Path] = (), value: T | None = None
    ) -> None:
        self._make = make
        self._imports_from = tuple(imports_from)
        self._newest: tuple[Seen, T | None, Exception | None] | None = None
        self.settled = False
        """Whether the last two looks agreed."""
        self.value = value
        """The newest that is sound."""
        self.error: Exception | None = None
        """What is wrong with what is newer; None where nothing is."""

    def begin(self) -> T:
        """Make it for the first time, when nothing is in force that could stay so. Raises what making it raises."""
        self._newest = self._made()
        _, value, self.error = self._newest
        self.settled = True
        if self.error is not None:
            raise self.error
        self.value = value
        return value  # type: ignore[return-value]

    def look(self) -> None:
        """Look at the files. What was made of them at the look before counts where they still hold the same."""
        newest = self._newest
        if newest is None or not newest[0].holds():
            self.settled, self._newest = False, self._made()
            return
        if newest[2] is not None and not isinstance(newest[2], PolicyError):  # it may be other than the files' fault
            again = self._made()
            if again[0] != newest[0]:
                self.settled, self._newest = False, again
                return
            self._newest = newest = again
        elif self.settled:
            return
        _, value, error = newest
        if error is None:
            self.value = value
        self.error, self.settled = error, True

    def _made(self) -> tuple[Seen, T | None, Exception | None]:
        files = Files(self._imports_from)
        try:
            made, error = self._make(files), None
        except Exception as problem:  # whatever it is, what was in force stays so
            made, error = None, problem
        return files.seen(), made, error


class Loaded(Struct, frozen=True):
    """What was made of a pack.

    Args:
        policy: the policy.
        sealed: whether the pack has a lock.
    """

    policy: Policy
    sealed: bool


class Packs:
    """Packs that are decided under together.

    Args:
        paths: where they are.
        readings: under which values their text is read.
        placed: where that is said.
        configuration: names them.
        plugins: bring the rule kinds.
        pinned: whether the configuration's pins are for them.
        before: the same under the configuration before: what was sound stays in force where it is broken now.
    """

    def __init__(
        self,
        paths: Sequence[str | Path | Documents],
        readings: Mapping[str, str],
        placed: Placed,
        configuration: Configuration,
        plugins: Plugins,
        *,
        pinned: bool,
        before: Packs | None = None,
    ) -> None:
        self._configuration, self._plugins, self._pinned = configuration, plugins, pinned
        self._paths, self._readings, self._placed = tuple(paths), readings, placed
        known: dict[str | Path | Documents, Loaded | None] = {}
        if before is not None and before._readings == readings:
            known = {path: part.value for path, part in zip(before._paths, before.parts, strict=True)}
        self.parts: list[Part[Loaded]] = [
            Part(partial(self._load, number), configuration.imports_from, known.get(path))
            for number, path in enumerate(self._paths)
        ]

    def __bool__(self) -> bool:
        """Whether there are any, or should be."""
        return bool(self._paths or self._readings)

    def policies(self) -> list[Policy]:
        """Return the policies in force.

        Raises:
            Exception: of one pack there is none, or the readings that are picked do not fit to them.
        """
        if not self.parts:
            raise PolicyError([NOTHING_TO_LOAD.at(None)])
        missing = [part.error for part in self.parts if part.value is None]
        if missing:
            raise together(missing) or PolicyEngineError("the packs do not hold still yet")
        found = [part.value.policy for part in self.parts if part.value is not None]
        declared = {(policy.id, name) for policy in found for name in policy.readings}
        ids = {policy.id for policy in found}
        if problems := list(picking_problems(ids, declared, self._readings, self._placed)):
            raise PolicyError(problems)
        return found

    def _load(self, number: int, files: Files) -> Loaded:
        from policyengine.language.build import policy_of  # noqa: PLC0415  needed only to load

        path, before = self._paths[number], self.parts[number].value
        pack = load_pack(path, files)
        sealed = not isinstance(path, Documents) and files.look(os.path.lexists, pack.lock)
        if before is not None and before.sealed and not sealed:  # or who takes the seal away could change all else
            raise PolicyError([NOT_SEALED.at(Place(str(pack.lock)), hint=SEAL_AGAIN.filled(pack=pack.path))])
        policy = policy_of(pack, self._plugins.kinds, self._readings, placed=self._placed)
        if self._pinned and (problems := self._configuration.unpinned(policy)):
            raise PolicyError(problems)
        return Loaded(policy, sealed)


def together(errors: Iterable[Exception | None]) -> Exception | None:
    """Return several errors as one; None where there is none."""
    found = [error for error in errors if error is not None]
    policy = [error for error in found if isinstance(error, PolicyError)]
    if len(found) < 2:
        return found[0] if found else None
    if len(policy) == len(found):
        return PolicyError(problem for error in policy for problem in error.problems)
    return PolicyEngineError("\n".join(str(error) or repr(error) for error in found))
