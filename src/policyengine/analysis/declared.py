"""What two policies declare differently: words, clauses, obligations, readings, dates, whom they govern."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, TypeAlias

from policyengine.model.policy import Policy
from policyengine.model.vocabulary import DIMENSIONS, Term
from policyengine.moment import FOREVER, written

Change: TypeAlias = Literal["added", "removed", "changed"]


@dataclass(frozen=True, slots=True)
class Declared:
    """One thing that two policies declare differently.

    Args:
        what: what it is: a name of a table of words (``items``), ``attributes``, ``facts``, ``clauses``,
            ``obligations``, ``readings``, or ``policy``.
        name: which one: a word, a number, an id, a key of ``policy``.
        change: what has become of it.
        before: what it was, where it can be said in a word.
        after: what it is.
    """

    what: str
    name: str
    change: Change
    before: str | None = None
    after: str | None = None


def declared(old: Policy, new: Policy) -> Iterator[Declared]:
    """Yield what two policies declare differently, the policy itself first."""
    yield from _compared("policy", _about(old), _about(new))
    yield from _compared("readings", dict(old.chosen), dict(new.chosen))
    for dimension in DIMENSIONS:
        ours, theirs = (
            {name: _kinds(term) for name, term in policy.vocabulary.terms[dimension].items()} for policy in (old, new)
        )
        yield from _compared(dimension, ours, theirs)
    yield from _compared("attributes", *({n: of.type for n, of in p.vocabulary.attributes.items()} for p in (old, new)))
    yield from _compared("facts", *({n: of.fields for n, of in p.vocabulary.facts.items()} for p in (old, new)))
    yield from _compared("clauses", *(dict.fromkeys(policy.clauses) for policy in (old, new)))
    yield from _compared(
        "obligations",
        *({name: (of.clause, repr(of.parameters)) for name, of in p.obligations.items()} for p in (old, new)),
    )


_UNSAID: Final = "—"


def _about(policy: Policy) -> dict[str, str]:
    return {
        "id": policy.id,
        "version": policy.version,
        "from": _UNSAID if policy.start == -FOREVER else written(policy.start),
        "until": _UNSAID if policy.end == FOREVER else written(policy.end),
        "governs": "anyone" if policy.governs is None else ", ".join(sorted(policy.governs)),
        "layer": "true" if policy.layer else "false",
        "time_zone": policy.zone,
    }


def _kinds(term: Term) -> str:
    kinds = ", ".join(sorted(term.is_a))
    return f"{kinds} (remainder)" if term.remainder else kinds


def _compared(what: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Declared]:
    def said(value: Any) -> str | None:
        return value if isinstance(value, str) else None

    for name in dict.fromkeys((*old, *new)):
        if name not in old:
            yield Declared(what, name, "added", None, said(new[name]))
        elif name not in new:
            yield Declared(what, name, "removed", said(old[name]), None)
        elif old[name] != new[name]:
            yield Declared(what, name, "changed", said(old[name]), said(new[name]))
