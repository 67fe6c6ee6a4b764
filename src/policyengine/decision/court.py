"""The policies that govern an event together: what each of them knows of the others' words, and their evaluators."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping, Sequence
from functools import partial

from msgspec.structs import replace

from policyengine.decision.admission import Admission
from policyengine.decision.evaluate import Evaluator
from policyengine.decision.layers import Licences, layered
from policyengine.decision.memory import Memory
from policyengine.decision.reasons import Reasons
from policyengine.decision.remedy import Remedying
from policyengine.decision.verdict import Verdict
from policyengine.errors import MOST, EventError, InvalidEvent, did_you_mean, json_path
from policyengine.model.decision import PolicyRef
from policyengine.model.event import Event
from policyengine.model.event_problems import ATTRIBUTE_OF_TYPE
from policyengine.model.fact import FactType
from policyengine.model.policy import Policy
from policyengine.model.problems import UNKNOWN_FACT_TYPE
from policyengine.model.rule import Permit, placed
from policyengine.model.vocabulary import Attribute, Term, Vocabulary
from policyengine.text import echoed


class Court:
    """Some policies that govern the same events.

    An event is held against the words, attributes and fact types of the policies that govern it. A type, kind or field
    of facts is known if any of them declares it, and what a fact states narrows it in each; a layer shares the words
    of what it lies above.

    Args:
        policies: the policies, in the order of their ids.
        memory: where their evaluators remember things.
        reader: has read the facts of events, as all types that there are.
    """

    def __init__(self, policies: Sequence[Policy], memory: Memory, reader: Admission | None = None) -> None:
        self.fact_types: Mapping[str, FactType] = fact_types(policies)
        self.policies: Sequence[Policy] = [_among(policy, policies, self.fact_types) for policy in policies]
        self.attributes: Mapping[str, Attribute] = {
            name: attribute for policy in policies for name, attribute in policy.vocabulary.attributes.items()
        }
        self.refs = tuple(
            PolicyRef(
                policy.id,
                policy.version,
                policy.digest,
                policy.other_readings,
                policy.other_languages,
                policy.time_zones,
            )
            for policy in policies
        )
        same = reader is not None and reader.types == self.fact_types
        self.admission = reader if reader is not None and same else reader_of(self.fact_types, reader)
        self.evaluators = tuple(Evaluator(policy, self.admission, memory) for policy in self.policies)
        self.reasons = tuple(
            Reasons(one.policy, self.admission, one.agreement, partial(self._licensed_to, number))
            for number, one in enumerate(self.evaluators)
        )
        self._leaning = len(policies) > 1 and any(map(_leans, policies))
        self._ids = [policy.id for policy in policies]
        fulfils = [
            {name: duty.fulfils for name, duty in policy.obligations.items() if duty.fulfils} for policy in policies
        ]
        self._fulfils = fulfils if any(fulfils) else []
        self.remedying = Remedying(self.evaluators, self.admission, memory)

    def ruled(self, event: Event) -> tuple[Verdict, Sequence[Verdict]]:
        """Return what the policies say of an event together, and what each of them says."""
        if len(self.evaluators) == 1:
            verdict = self.evaluators[0].verdict(event)
            return verdict, [verdict]
        if self._leaning:
            licences = self._licences(event)
            licensed = _to_each(licences)
            verdicts = [of.verdict(event, items) for of, items in zip(self.evaluators, licensed, strict=True)]
        else:
            licences = []
            verdicts = [evaluator.verdict(event) for evaluator in self.evaluators]
        return layered(event, self._ids, verdicts, licences, self._fulfils), verdicts

    def elsewhere(self, event: Event) -> Sequence[frozenset[str]]:
        """Return for each policy the items of an event that the others license to it."""
        return _to_each(self._licences(event)) if self._leaning else [frozenset()] * len(self.policies)

    def _licences(self, event: Event) -> list[Licences]:
        """Return what each policy licenses to the others: a layer nothing."""
        return [() if one.policy.layer else one.licences(event) for one in self.evaluators]

    def _licensed_to(self, number: int, event: Event) -> frozenset[str]:
        return self.elsewhere(event)[number]

    def admit(self, event: Event) -> None:
        """Raise `InvalidEvent` where a fact or an attribute is not of the form that the policies declare."""
        self.admission(event)
        self.admit_attributes(event)

    def admit_attributes(self, event: Event) -> None:
        """Raise `InvalidEvent` where an attribute is not of the type that the policies declare."""
        errors = [
            ATTRIBUTE_OF_TYPE.error(json_path(("attributes", name)), type=declared.type)
            for name, value in event.attributes.items()
            if (declared := self.attributes.get(name)) is not None and not declared.accepts(value)
        ]
        if errors:
            raise InvalidEvent(errors, event.id)


def _leans(policy: Policy) -> bool:
    return any(isinstance(rule, Permit) and rule.elsewhere for rule in policy.rules)


def _to_each(licences: Sequence[Licences]) -> list[frozenset[str]]:
    """Return for each policy the items that the others license."""
    items = [frozenset(item for _, found in licences for item in found) for licences in licences]
    return [frozenset[str]().union(*items[:number], *items[number + 1 :]) for number in range(len(items))]


def fact_types(policies: Iterable[Policy]) -> dict[str, FactType]:
    """Return the types of fact that any of `policies` declares, each with the fields and kinds that any gives it."""
    found: dict[str, FactType] = {}
    for policy in policies:
        for name, declared in policy.vocabulary.facts.items():
            known = found.get(name)
            found[name] = declared if known is None or known == declared else known.joined(declared)
    return found


def reader_of(types: Mapping[str, FactType], wider: Admission | None = None) -> Admission:
    """Return what reads facts of some types; `wider` has read them as types of which these are some."""
    return Admission(types, lambda event: refuse_malformed(event, types), wider)


def refuse_malformed(event: Event, types: Mapping[str, FactType], but: Container[str] = ()) -> None:
    """Raise `InvalidEvent` where a fact of an event is not of the form that its type has.

    Args:
        event: the event.
        types: the types that there are.
        but: the names of those of which a fact can have any form.
    """
    errors: list[EventError] = []
    for index, fact in enumerate(event.known):
        name = fact.data["type"]
        declared = types.get(name)  # type: ignore[arg-type]
        if declared is None:
            hint = did_you_mean(str(name), types)
            errors.append(UNKNOWN_FACT_TYPE.error(f"$.facts[{index}].type", hint=hint, name=echoed(str(name))))
        elif name not in but:
            errors.extend(declared.errors(fact.data, f"$.facts[{index}]"))
        if len(errors) >= MOST:
            break
    if errors:
        raise InvalidEvent(errors[:MOST], event.id)


def _among(policy: Policy, policies: Sequence[Policy], types: Mapping[str, FactType]) -> Policy:
    """Return `policy` as it stands among `policies`: with what it shares with them."""
    own = policy.vocabulary
    terms = own.terms
    if policy.layer:
        below = [other.vocabulary.terms for other in policies if not other.layer]
        terms = {dimension: _joined([terms[dimension], *(found[dimension] for found in below)]) for dimension in terms}
    if terms == own.terms and types == own.facts:
        return policy
    vocabulary = Vocabulary(terms, own.attributes, types, own.sets, own.dated)
    return replace(policy, vocabulary=vocabulary, rules=tuple(placed(rule, vocabulary) for rule in policy.rules))


def _joined(declared: Sequence[Mapping[str, Term]]) -> dict[str, Term]:
    """Return the terms that any of `declared` has: the kinds that they give a word add up."""
    found: dict[str, Term] = {}
    for terms in declared:
        for name, term in terms.items():
            known = found.get(name)
            is_a = tuple(dict.fromkeys((*known.is_a, *term.is_a))) if known is not None else term.is_a
            found[name] = replace(known or term, is_a=is_a)
    return found
