"""The decision: permit or deny, on which clauses, for which items, with which obligations."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any, Final, Literal, TypeAlias

import msgspec
from msgspec import UNSET, Struct, UnsetType

from policyengine.errors import EventError
from policyengine.model.remedy import NONE, Remedies, Remedy
from policyengine.text import LANGUAGES, Language, Line, Style, Text, Words, plain_text, same, shortened, text_of

Outcome: TypeAlias = Literal["permit", "deny", "invalid"]


class PolicyRef(Struct, frozen=True, omit_defaults=True, gc=False):
    """A policy that took part in a decision.

    Args:
        id: the policy.
        version: its version.
        digest: ``sha256:`` and the hash of its content.
        readings: the readings whose value is not the default.
        languages: in which its texts are written, and so what is said of a decision; none for Japanese and English.
        tzdata: the version of the time zones, where a rule counts by one.
    """

    id: str
    version: str
    digest: str
    readings: Mapping[str, str] = {}
    languages: tuple[Language, ...] = ()
    tzdata: str | None = None

    @property
    def spoken(self) -> tuple[Language, ...]:
        """The languages in which what the policy says of a decision stands there."""
        return self.languages or LANGUAGES


class Reason(Struct, frozen=True, eq=False, gc=False):
    """One reason of a denial. Its text, and what was left open, are worked out when somebody reads them.

    Args:
        code: a stable word, such as ``requirement-unmet``.
        policy: the policy that says so; None where none does.
        clause: the clause that stands in the way, as its policy numbers it; None where no clause does.
        rule: the rule that carries it out; None where the clause as a whole stands in the way.
        items: the items that it holds for.
        told: the reason for people and the JSON paths of what would have to be said to know better, or what works
            them out.
        parameters: what the author of the rule hands on with the code.
    """

    code: str
    policy: str | None
    clause: str | None
    rule: str | None
    items: tuple[str, ...]
    told: Any
    parameters: Mapping[str, Any] = {}

    def _read(self) -> tuple[Text, tuple[str, ...]]:
        told: Text | tuple[Text, tuple[str, ...]] | Callable[[], tuple[Text, tuple[str, ...]]] = self.told
        if isinstance(told, Text):
            return told, ()
        if not isinstance(told, tuple):
            told = told()
            msgspec.structs.force_setattr(self, "told", told)
        return told

    @property
    def message(self) -> Text:
        """The reason, for people."""
        return self._read()[0]

    @property
    def open(self) -> tuple[str, ...]:
        """The JSON paths of what would have to be said to know better, such as ``recipient.country``."""
        return self._read()[1]

    def brief(self, *, several: bool = False) -> str:
        """Return what can be told of the reason to everybody: its code, its clause and the paths that are open.

        Args:
            several: whether the clause is told with its policy.
        """
        clause = f"{self.policy}:{self.clause}" if several and self.policy else self.clause
        where = ", ".join([*([clause] if clause else []), *self.open])
        return f"{self.code} ({where})" if where else self.code

    def as_dict(self) -> dict[str, Any]:
        """Return the reason as the JSON object of section 3 of the contract."""
        return {
            "code": self.code,
            "policy": self.policy,
            "clause": self.clause,
            "rule": self.rule,
            "items": list(self.items),
            "open": list(self.open),
            "message": self.message.as_dict(),
            **({"parameters": dict(self.parameters)} if self.parameters else {}),
        }

    def __reduce__(self) -> tuple[Any, ...]:
        held = (self.code, self.policy, self.clause, self.rule, self.items, self._read(), dict(self.parameters))
        return (Reason, held)

    def __eq__(self, other: object) -> bool:
        return self.as_dict() == other.as_dict() if isinstance(other, Reason) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.code, self.policy, self.clause, self.rule, self.items))

    def __repr__(self) -> str:
        return f"Reason({', '.join(f'{name}={value!r}' for name, value in self.as_dict().items())})"


class Obligation(Struct, frozen=True, gc=False):
    """What the host must do because a flow was permitted.

    Args:
        id: the obligation.
        clause: the clause that asks it.
        parameters: what the policy sets for it.
        message: the obligation, for people.
        items: of an obligation that is for some items alone, those of the flow for which it is.
    """

    id: str
    clause: str
    parameters: Mapping[str, Any]
    message: Text
    items: tuple[str, ...] = ()


class Decision(Struct, frozen=True, eq=False, gc=False):
    """What the policies say of one event. Section 3 of the contract describes the fields.

    Args:
        event: the event's id; None where it could not be read.
        outcome: ``permit``, ``deny`` or ``invalid``.
        policies: the policies that govern the flow.
        clauses: what the outcome rests on, sorted.
        rules: the rules that it rests on, sorted.
        reasons: why it is denied.
        permitted_items: the items that would be permitted with all else equal, in the event's order.
        excess_items: the other items.
        obligations: what the host must do; empty unless permitted.
        errors: what is wrong with an invalid event.
        explainer: renders the explanation in a language, on demand. It knows the engine that decided, so it belongs
            to this process: what is pickled goes without it.
        remedied: what would make a denied flow permitted, or what works it out and from what.
    """

    event: str | None
    outcome: Outcome
    policies: tuple[PolicyRef, ...] = ()
    clauses: tuple[str, ...] = ()
    rules: tuple[str, ...] = ()
    reasons: tuple[Reason, ...] = ()
    permitted_items: tuple[str, ...] = ()
    excess_items: tuple[str, ...] = ()
    obligations: tuple[Obligation, ...] = ()
    errors: tuple[EventError, ...] = ()
    explainer: tuple[Callable[..., str], Any] | None = None
    remedied: Remedies | tuple[Callable[[Any], Remedies], Any] = NONE

    @property
    def remedies(self) -> tuple[Remedy, ...]:
        """The sets of changes that would make a denied flow permitted; worked out when somebody reads them."""
        return self._remedies().found

    @property
    def more_remedies(self) -> bool:
        """Whether there may be remedies beyond those: they are looked for up to a bound."""
        return self._remedies().more

    def _remedies(self) -> Remedies:
        found = self.remedied
        if isinstance(found, tuple):
            work, of = found
            found = work(of)
            msgspec.structs.force_setattr(self, "remedied", found)
        return found

    @property
    def permitted(self) -> bool:
        """Whether the flow is permitted; never true for an invalid event."""
        return self.outcome == "permit"

    def as_dict(self) -> dict[str, Any]:
        """Return the decision as the JSON object of section 3 of the contract."""
        return _decode(self.to_json())  # type: ignore[no-any-return]

    def to_json(self) -> bytes:
        """Return `as_dict` as one line of UTF-8 JSON, without a line end."""
        return _encode(
            _Written(
                self.event,
                self.outcome,
                self.policies,
                self.clauses,
                self.rules,
                [_WrittenReason.of(reason, self._languages(reason)) for reason in self.reasons] if self.reasons else (),
                self.permitted_items,
                self.excess_items,
                [_WrittenObligation.of(duty, self._languages()) for duty in self.obligations]
                if self.obligations
                else (),
                [_WrittenRemedy.of(remedy, self._languages()) for remedy in self.remedies]
                if self.outcome == "deny"
                else UNSET,
                True if self.outcome == "deny" and self.more_remedies else UNSET,
                self.errors if self.outcome == "invalid" else UNSET,
            )
        )

    def _languages(self, reason: Reason | None = None) -> tuple[Language, ...]:
        """Return the languages of the policy that says something, or of all that take part."""
        said = [ref.spoken for ref in self.policies if reason is None or reason.policy in (ref.id, None)]
        return said[0] if len(said) == 1 else tuple(dict.fromkeys(chain.from_iterable(said))) or LANGUAGES

    def explain(self, lang: Language = "en") -> str:
        """Return the decision for people: every rule considered, what held and what did not, and the clauses.

        A decision that no rule was considered for, or that was pickled, says what it holds itself: its outcome,
        clauses, items, reasons, obligations and errors.

        Args:
            lang: a language of the policies, or ``"ja"`` or ``"en"``; what does not exist in it is said in English.
        """
        if self.explainer is None:
            return plain_text(self.lines(lang))
        render, context = self.explainer
        return render(context, self, lang)

    def lines(self, lang: Language = "en") -> Iterator[Line]:
        """Yield what the decision holds, for people: a headline, then what it rests on.

        Args:
            lang: a language of the policies, or ``"ja"`` or ``"en"``; what does not exist in it is said in English.
        """
        word, style = _OUTCOMES[self.outcome]
        headline = [Words(self.event or "-", "strong"), Words("  "), Words(word.say(lang), style)]
        if self.clauses:
            headline += [Words("  "), Words(f"{_CLAUSES.say(lang)}: {', '.join(self.clauses)}", "dim")]
        yield tuple(headline)
        for error in self.errors:
            yield (Words(f"  {error.path}: ", "bad"), Words(error.message.say(lang)))
        if self.excess_items:
            if self.permitted_items:
                yield (
                    Words(f"  {_PERMITTED.say(lang)}: ", "dim"),
                    Words(shortened(self.permitted_items, same).say(lang), "good"),
                )
            yield (Words(f"  {_EXCESS.say(lang)}: ", "dim"), Words(shortened(self.excess_items, same).say(lang), "bad"))
        several = len(self.policies) > 1
        for reason in self.reasons:
            cited = ":".join(name for name in (reason.policy if several else None, reason.clause) if name)
            code = f"{reason.code} [{cited}]" if cited else reason.code
            yield (Words("  "), Words(code, "bad"), Words(f" {reason.message.say(lang)}"))
        if self.outcome == "deny":
            yield from self._remedy_lines(lang)
        for duty in self.obligations:
            some = f": {shortened(duty.items, same).say(lang)}" if duty.items else ""
            said = f" {duty.message.say(lang)}{some}"
            yield (Words("  ! "), Words(f"{duty.id} [{duty.clause}]", "strong"), Words(said))

    def _remedy_lines(self, lang: Language) -> Iterator[Line]:
        remedies, heading = self.remedies, _REMEDIES.say(lang)
        if len(remedies) == 1:
            yield (Words(f"  {heading}: ", "dim"), Words(remedies[0].message.say(lang)))
        elif remedies:
            yield (Words(f"  {heading} ({_ANY_ONE.say(lang)}):", "dim"),)
            for remedy in remedies[:_SHOWN]:
                yield (Words("    § " if remedy.law else "    + "), Words(remedy.message.say(lang)))
        left = len(remedies) - _SHOWN
        if left > 0:
            yield (Words(f"    {_OTHERS.filled(count=left).say(lang)}", "dim"),)
        if self.more_remedies:
            yield (Words(f"    {_MORE.say(lang)}", "dim"),)

    def __repr__(self) -> str:
        return f"Decision({', '.join(f'{name}={getattr(self, name)!r}' for name in _HELD)})"

    def __reduce__(self) -> tuple[Any, ...]:
        return _again, (*(getattr(self, name) for name in _HELD), self._remedies())

    def __deepcopy__(self, memo: dict[int, Any]) -> Decision:
        held = {name: copy.deepcopy(getattr(self, name), memo) for name in _HELD}
        return Decision(**held, explainer=self.explainer, remedied=self._remedies())

    def __eq__(self, other: object) -> bool:
        return self.as_dict() == other.as_dict() if isinstance(other, Decision) else NotImplemented

    def __ne__(self, other: object) -> bool:  # a Struct has its own, which compares identities
        return not self.__eq__(other) if isinstance(other, Decision) else NotImplemented

    def __hash__(self) -> int:
        return hash((self.event, self.outcome, self.clauses, self.permitted_items, self.excess_items))


class _Written(Struct, frozen=True, gc=False):
    """The JSON object of a decision: a struct, whose keys are written down once."""

    event: str | None
    outcome: Outcome
    policies: tuple[PolicyRef, ...]
    clauses: tuple[str, ...]
    rules: tuple[str, ...]
    reasons: Sequence[_WrittenReason]
    permitted_items: tuple[str, ...]
    excess_items: tuple[str, ...]
    obligations: Sequence[_WrittenObligation]
    remedies: Sequence[_WrittenRemedy] | UnsetType
    more_remedies: Literal[True] | UnsetType
    errors: tuple[EventError, ...] | UnsetType


def _again(*held: Any) -> Decision:
    """Return a decision that was pickled."""
    return msgspec.structs.replace(Decision(*held[:-1]), remedied=held[-1])


def read_decision(text: bytes | str) -> Decision:
    """Return the decision that `Decision.to_json` wrote.

    Raises:
        msgspec.DecodeError: it is none.
    """
    data = msgspec.json.decode(text, type=dict[str, Any])
    reasons = [one.read() for one in msgspec.convert(data.pop("reasons", ()), tuple[_WrittenReason, ...])]
    duties = [one.read() for one in msgspec.convert(data.pop("obligations", ()), tuple[_WrittenObligation, ...])]
    remedies = [one.read() for one in msgspec.convert(data.pop("remedies", ()), tuple[_WrittenRemedy, ...])]
    remedied = Remedies(tuple(remedies), data.pop("more_remedies", False))
    found = msgspec.convert(data, Decision)
    return msgspec.structs.replace(found, reasons=tuple(reasons), obligations=tuple(duties), remedied=remedied)


class _WrittenReason(Struct, frozen=True, gc=False):
    """The JSON object of a reason."""

    code: str
    policy: str | None
    clause: str | None
    rule: str | None
    items: tuple[str, ...]
    open: tuple[str, ...]
    message: dict[Language, str]
    parameters: Mapping[str, Any] | UnsetType = UNSET

    @classmethod
    def of(cls, reason: Reason, languages: tuple[Language, ...]) -> _WrittenReason:
        said = reason.message.as_dict(languages)
        more = reason.parameters or UNSET
        return cls(reason.code, reason.policy, reason.clause, reason.rule, reason.items, reason.open, said, more)

    def read(self) -> Reason:
        code, policy, clause, rule = self.code, self.policy, self.clause, self.rule
        told, more = (text_of(self.message), self.open), self.parameters
        return Reason(code, policy, clause, rule, self.items, told, {} if more is UNSET else more)


class _WrittenObligation(Struct, frozen=True, gc=False):
    """The JSON object of an obligation."""

    id: str
    clause: str
    parameters: Mapping[str, Any]
    message: dict[Language, str]
    items: tuple[str, ...] | UnsetType = UNSET

    @classmethod
    def of(cls, duty: Obligation, languages: tuple[Language, ...]) -> _WrittenObligation:
        return cls(duty.id, duty.clause, duty.parameters, duty.message.as_dict(languages), duty.items or UNSET)

    def read(self) -> Obligation:
        items = () if self.items is UNSET else self.items
        return Obligation(self.id, self.clause, self.parameters, text_of(self.message), items)


class _WrittenRemedy(Struct, frozen=True, omit_defaults=True, gc=False):
    """The JSON object of a remedy."""

    changes: tuple[Mapping[str, Any], ...]
    message: dict[Language, str]
    law: bool = False

    @classmethod
    def of(cls, remedy: Remedy, languages: tuple[Language, ...]) -> _WrittenRemedy:
        return cls(remedy.changes, remedy.message.as_dict(languages), remedy.law)

    def read(self) -> Remedy:
        return Remedy(self.changes, text_of(self.message), self.law)


_OUTCOMES: Final[Mapping[Outcome, tuple[Text, Style]]] = {
    "permit": (Text(ja="許可", en="PERMIT"), "good"),
    "deny": (Text(ja="拒否", en="DENY"), "bad"),
    "invalid": (Text(ja="不正", en="INVALID"), "bad"),
}
_CLAUSES: Final = Text(ja="根拠条項", en="clauses")
_PERMITTED: Final = Text(ja="認められる項目", en="permitted items")
_EXCESS: Final = Text(ja="認められない項目", en="excess items")
_REMEDIES: Final = Text(ja="許されるのに要るもの", en="what it would take")
_ANY_ONE: Final = Text(ja="いずれか", en="any one of these")
_OTHERS: Final = Text(ja="ほか {count} 通り", en="and {count} more")
_MORE: Final = Text(
    ja="探したのは一定の大きさまでで、ほかにもありうる", en="there may be others: the search stopped at its bound"
)
_SHOWN: Final = 12
_HELD: Final = tuple(name for name in Decision.__struct_fields__ if name not in ("explainer", "remedied"))
_encode: Final = msgspec.json.Encoder().encode
_decode: Final = msgspec.json.Decoder().decode
