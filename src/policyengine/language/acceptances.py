"""What the table ``[policy]`` accepts of what analyses find."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final

from policyengine.errors import Code, KeyPath, Problem, did_you_mean
from policyengine.language.problems import NO_SUCH_TERM, UNKNOWN_READING, UNKNOWN_RULE
from policyengine.language.source import Document
from policyengine.model.acceptance import ABOUT, Acceptance
from policyengine.model.problems import UNKNOWN_CLAUSE
from policyengine.text import text_of

_UNKNOWN: Final[Mapping[str, tuple[Code, str]]] = {
    "clause": (UNKNOWN_CLAUSE, "number"),
    "rule": (UNKNOWN_RULE, "name"),
    "term": (NO_SUCH_TERM, "term"),
    "reading": (UNKNOWN_READING, "name"),
}
"""What is wrong where a key names what is not there, and the parameter that takes the name."""


def acceptances(document: Document, broken: Callable[[KeyPath], bool]) -> list[Acceptance]:
    """Return what is accepted in the document that has the table ``[policy]``, as far as the schema lets it pass.

    Args:
        document: that document.
        broken: whether the schema has something against what stands at a path of it.
    """
    tables: Any = document.data["policy"].get("accepted")
    found = []
    for index, table in enumerate(tables if isinstance(tables, list) else ()):
        path = ("policy", "accepted", index)
        if not broken(path):
            about = frozenset((key, table[key]) for key in ABOUT if key in table)
            source = (document.places, path)
            found.append(Acceptance(table["code"], text_of(table["reason"]), table["until"], about, source))
    return found


def acceptance_problems(accepted: Collection[Acceptance], known: Mapping[str, Collection[str]]) -> Iterator[Problem]:
    """Yield what acceptances name that is not there.

    Args:
        accepted: what the policy accepts.
        known: the names of what there is, by the key that names it.
    """
    for one in accepted:
        for key, name in sorted(one.about):
            if name not in known[key]:
                code, parameter = _UNKNOWN[key]
                hint = did_you_mean(name, known[key], listing=False)
                yield code.at(one.place_of(key), hint=hint, **{parameter: name})
