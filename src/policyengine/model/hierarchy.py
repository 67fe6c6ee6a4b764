"""What stands below what: terms that are kinds of terms, clauses that are cases of clauses."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping


class Hierarchy(Mapping[str, frozenset[str]]):
    """For each name, itself and all that stands below it, however deep.

    That is worked out for a name when it is asked for: of a deep hierarchy, all of it would fill the memory.

    Args:
        above: for each name, those right above it; one that is no name itself does not count.
    """

    def __init__(self, above: Mapping[str, Collection[str]]) -> None:
        self._above = {name: [one for one in names if one in above] for name, names in above.items()}
        self._below: dict[str, list[str]] = {name: [] for name in above}
        for name, names in self._above.items():
            for one in names:
                self._below[one].append(name)
        self._asked: dict[str, frozenset[str]] = {}

    def __getitem__(self, name: str) -> frozenset[str]:
        if name not in self._asked:
            if name not in self._below:
                raise KeyError(name)
            self._asked[name] = self.closure((name,))
        return self._asked[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._below)

    def __len__(self) -> int:
        return len(self._below)

    def closure(self, names: Iterable[str]) -> frozenset[str]:
        """Return `names`, known or not, and all that stands below them."""
        found = set(names)
        waiting = list(found)
        while waiting:
            inner = [one for one in self._below.get(waiting.pop(), ()) if one not in found]
            found.update(inner)
            waiting.extend(inner)
        return frozenset(found)

    def circular(self) -> set[str]:
        """Return the names that stand below themselves."""
        found = {name for name, names in self._above.items() if name in names}
        left = set(self._below)
        # What reaches one another is a circle. Where each search starts at the last that the first pass finished, it
        # finds nothing else (Kosaraju), so that both passes look at each name once.
        for name in reversed(self._finished()):
            circle, waiting = set[str](), [name]
            while waiting:
                if (one := waiting.pop()) in left:
                    left.remove(one)
                    circle.add(one)
                    waiting.extend(self._below[one])
            if len(circle) > 1:
                found |= circle
        return found

    def _finished(self) -> list[str]:
        """Return all names in the order in which a search upwards, first into the depth, has done with them."""
        done: list[str] = []
        seen: set[str] = set()
        for root in self._above:
            waiting = [(root, False)]
            while waiting:
                name, searched = waiting.pop()
                if searched:
                    done.append(name)
                elif name not in seen:
                    seen.add(name)
                    waiting.append((name, True))
                    waiting.extend((one, False) for one in self._above[name])
        return done
