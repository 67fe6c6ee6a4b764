"""The one tree of errors: a stable code, the place, what was expected, a hint."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, Final, Literal, Protocol, TypeAlias

import msgspec

from policyengine.text import ECHOED, Language, Line, Text, Words, plain, visible

_NAME = re.compile(r"[^\W\d][\w-]*")

MOST: Final = 20
"""How many errors of one event are told, and how many of its unknown words."""


Severity: TypeAlias = Literal["error", "warning", "note"]
"""How much a problem counts: an error makes a pack unusable, a warning is something found, a note informs only."""

KeyPath: TypeAlias = tuple[str | int, ...]
"""The way from the root of a document to a value: keys of tables, indexes of arrays."""


class Place(msgspec.Struct, frozen=True, order=True):
    """Where in a file something stands.

    Args:
        file: the path as the caller gave it.
        line: counted from 1; 0 where the whole file is meant.
        column: counted from 1, in characters; 0 where the whole line is meant.
        path: the way to it in data that are no text and have no lines, such as ``clause[0].number``.
    """

    file: str
    line: int = 0
    column: int = 0
    path: str = ""

    def __str__(self) -> str:
        return ":".join(map(str, (self.file, *(part for part in (self.line, self.column, self.path) if part))))


class Placing(Protocol):
    """What knows where everything in it stands: a rule file that was read."""

    def place(self, path: KeyPath) -> Place:
        """Return where the key or value at `path` stands; for a path that is not there, its nearest ancestor."""
        ...


Source: TypeAlias = tuple[Placing, KeyPath]
"""Where something was read: what knows where everything in it stands, and the way to it there."""


def place_of(source: Source | None, *below: str | int) -> Place | None:
    """Return where what was read at `source` stands, or what is `below` it; None where it stands nowhere."""
    return None if source is None else source[0].place((*source[1], *below))


class Problem(msgspec.Struct, frozen=True):
    """One thing that is wrong, or worth knowing, in rule files.

    Args:
        code: a stable word for this sort of problem, such as ``unknown-term``.
        message: what is wrong and what was expected.
        place: where it stands, if it stands anywhere.
        hint: the nearest valid thing.
        severity: ``error`` makes a pack unusable; ``warning`` is something found; ``note`` informs only.
        clause: the clause that it speaks of.
        speaks_of: what else it speaks of: pairs such as ``("rule", ID)``, ``("term", WORD)``, ``("reading", NAME)``.
        article: the article of a layer, such as a law, that asks otherwise; such an error leaves the pack usable.
        since: since when it does, a day.
    """

    code: str
    message: Text
    place: Place | None = None
    hint: Text | None = None
    severity: Severity = "error"
    clause: str | None = None
    speaks_of: frozenset[tuple[str, str]] = frozenset()
    article: str | None = None
    since: str | None = None

    @property
    def acceptable(self) -> bool:
        """Whether the policy that it speaks of can accept it; what makes a pack unusable, none can."""
        return self.severity != "error" or self.article is not None

    @property
    def about(self) -> frozenset[tuple[str, str]]:
        """All that it speaks of: what is in `speaks_of`, and its clause."""
        return self.speaks_of if self.clause is None else self.speaks_of | {("clause", self.clause)}

    def words(self, lang: Language = "en") -> Line:
        """Return the problem as one line for people, in the ``file:line:column: code: message`` form of compilers."""
        return (
            Words(f"{self.place}: " if self.place else ""),
            Words(self.severity, "bad" if self.severity == "error" else "warn"),
            Words(f": {self.code}: {self.said(lang)}"),
        )

    def said(self, lang: Language = "en") -> str:
        """Return what is said of it: the clause, the message and the hint."""
        clause = f"[{self.clause}] " if self.clause else ""
        hint = f" ({self.hint.say(lang)})" if self.hint else ""
        return f"{clause}{self.message.say(lang)}{hint}"

    def line(self, lang: Language = "en") -> str:
        """Return `words` as plain text."""
        return plain(self.words(lang))


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Return `problems`, each once, in the order of their places; first those that stand nowhere."""
    return sorted(dict.fromkeys(problems), key=lambda problem: problem.place or Place(""))


class PolicyEngineError(Exception):
    """The root of every error that this package raises on purpose.

    An error is a value: two of one class that hold the same are equal, and a copy or a pickle of one is another such,
    made of what the error holds, whatever arguments its class is called with.

    What `str` gives is for people: nothing in it steers a terminal, and its lines are those that we wrote.
    """

    def __str__(self) -> str:
        return visible(super().__str__(), keep="\n")

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (type(self), self.args), vars(self)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, PolicyEngineError):
            return NotImplemented
        return type(self) is type(other) and self.args == other.args and vars(self) == vars(other)

    def __hash__(self) -> int:
        return hash((type(self), self.args))


def _restored(error: type[PolicyEngineError], args: tuple[Any, ...]) -> PolicyEngineError:
    """Return an error without what its class does to make one; what it holds follows."""
    return error.__new__(error, *args)


class PolicyError(PolicyEngineError):
    """Rule files could not be used; all their problems in one go, each once, in the order of their places.

    Args:
        problems: at least one problem of severity ``error``.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems: tuple[Problem, ...] = tuple(in_order(problems))
        super().__init__("\n".join(problem.line() for problem in self.problems))


class PluginError(PolicyEngineError):
    """A plugin could not be used: its hooks, its names or what it handed over are wrong."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a configuration.

    Args:
        code: a stable word for the sort of error.
        path: where it is in the configuration, such as ``("plugins", "redact", "keep")``.
        message: what was expected.
        hint: the nearest valid thing.
    """

    code: str
    path: tuple[str | int, ...]
    message: Text
    hint: Text | None = None

    def __str__(self) -> str:
        hint = f" ({self.hint.en})" if self.hint else ""
        return visible(f"{'.'.join(map(str, self.path))}: error: {self.code}: {self.message.en}{hint}")


class ConfigurationError(PluginError):
    """Settings of plugins, or steps of enforcement, are wrong.

    Args:
        faults: at least one.
    """

    def __init__(self, faults: Iterable[Fault]) -> None:
        self.faults: tuple[Fault, ...] = tuple(faults)
        super().__init__("\n".join(map(str, self.faults)))


class EventError(msgspec.Struct, frozen=True):
    """One thing that is wrong with an event.

    Args:
        path: a JSON path into the event, such as ``$.subject.category``; ``$`` is the whole.
        message: what was expected there.
    """

    path: str
    message: Text


class InvalidEvent(PolicyEngineError, ValueError):
    """An event that is not of the documented form.

    Args:
        errors: each with its JSON path.
        event: the event's id, where it could be read.
    """

    def __init__(self, errors: Iterable[EventError], event: str | None = None) -> None:
        self.errors: tuple[EventError, ...] = tuple(errors)
        self.event = event
        super().__init__(visible("; ".join(f"{error.path}: {error.message.en}" for error in self.errors)))


class Code(msgspec.Struct, frozen=True):
    """One sort of problem, declared once: its stable word, what is said of it, and what it means.

    Args:
        name: the word, such as ``unknown-term``.
        ja: what is said in Japanese; ``{name}`` stands for the parameter ``name``.
        en: the same in English.
        means: what that means, and how to mend it. It stands in ``docs/problems.md``, with `example`.
        severity: as `Problem` has it.
        example: a file in which that is wrong; or the commands (``$``) or lines of Python (``>>>``) that find it.
    """

    name: str
    ja: str
    en: str
    means: Text
    severity: Severity = "error"
    example: str = ""

    def also(self, ja: str, en: str) -> Code:
        """Return the same code where something else is said of it."""
        return msgspec.structs.replace(self, ja=ja, en=en)

    def text(self, /, **parameters: object) -> Text:
        """Return what is said, with its parameters."""
        return Text(ja=self.ja, en=self.en).filled(**parameters)

    def at(self, place: Place | None, /, *, hint: Text | None = None, **parameters: object) -> Problem:
        """Return the problem at a place in a file, if it has one."""
        return Problem(self.name, self.text(**parameters), place, hint, self.severity)

    def fault(self, path: KeyPath, /, *, hint: Text | None = None, **parameters: object) -> Fault:
        """Return the fault at `path` of a configuration."""
        return Fault(self.name, path, self.text(**parameters), hint)

    def error(self, path: str, /, *, hint: Text | None = None, **parameters: object) -> EventError:
        """Return the error at the JSON path `path` of an event; its message says the hint as well."""
        return EventError(path, hinted(self.text(**parameters), hint))


def hinted(message: Text, hint: Text | None) -> Text:
    """Return a message that says its hint, if there is one, as well."""
    return (
        message
        if hint is None
        else Text(ja="{message}（{hint}）", en="{message}; {hint}").filled(message=message, hint=hint)
    )


def json_path(path: tuple[str | int, ...]) -> str:
    """Return `path` as a JSON path, such as ``$.facts[0].type``.

    A key that is no plain name stands in brackets; of a long one, its beginning.
    """
    steps = (f"[{key}]" if isinstance(key, int) else f".{key}" if _is_plain(key) else _quoted(key) for key in path)
    return "$" + "".join(steps)


def _is_plain(key: str) -> bool:
    return len(key) <= ECHOED and _NAME.fullmatch(key) is not None


def _quoted(key: str) -> str:
    import json  # noqa: PLC0415  needed only where a key is no plain name

    short = key if len(key) <= ECHOED else f"{key[:ECHOED]}…"
    return f"[{visible(json.dumps(short, ensure_ascii=False))}]"


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the member of `known` that `word` was most likely meant to be, or None.

    It is alike, and not another word that shares some letters: one holds the other, or few letters are other ones.
    """
    import difflib  # noqa: PLC0415  needed only where something is wrong

    word = word[:200]
    found = difflib.get_close_matches(word, sorted(known), n=3, cutoff=0.6)
    return next((close for close in found if close in word or word in close or _alike(word, close)), None)


def _alike(word: str, other: str) -> bool:
    return _slips(word, other) <= max(len(word), len(other)) * 2 / 5


def _slips(word: str, other: str) -> int:
    """Return in how many letters words differ: one left out, put in, another or in the place of its neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, letter in enumerate(word):
        before, row, last = row, [index + 1], before
        for number, wanted in enumerate(other):
            slips = min(before[number] + (letter != wanted), before[number + 1] + 1, row[number] + 1)
            if index and number and letter == other[number - 1] and word[index - 1] == wanted:
                slips = min(slips, last[number - 1] + 1)
            row.append(slips)
    return row[-1]


def did_you_mean(word: str, known: Iterable[str], *, listing: bool = True, most: int = 12) -> Text | None:
    """Return a hint: the member of `known` nearest to `word`, else (`listing`) all of at most so many, else None."""
    members: Sequence[str] = sorted(known)
    close = nearest(word, members)
    if close is not None:
        return Text(ja=f"「{close}」のことですか", en=f'did you mean "{close}"?')
    if listing and 0 < len(members) <= most:
        names = ", ".join(members)
        return Text(ja=f"使えるもの: {names}", en=f"known: {names}")
    return None
