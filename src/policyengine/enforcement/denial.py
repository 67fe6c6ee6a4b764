"""What a host may answer when a flow was stopped: a problem document (RFC 9457) that says nothing of anybody.

An event and its facts are about a person, and so may be what an action or a source says in a message. Everything here
is a word that a policy or the engine has.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from policyengine.enforcement.flow import FlowDenied
from policyengine.model.decision import Decision
from policyengine.model.policy import Policy
from policyengine.text import LANGUAGES, Language, Text, shortened


class _Sort(NamedTuple):
    name: str
    status: int
    title: Text


_DENIED: Final = _Sort(
    "flow-denied",
    403,
    Text(ja="プライバシーポリシーにより、この取扱いはできません", en="The privacy policy does not permit this"),
)
_UNSURE: Final = _Sort(
    "cannot-be-decided",
    503,
    Text(ja="この取扱いができるかどうか、今は確かめられません", en="It cannot be known now whether this is permitted"),
)
_NO_EVENT: Final = _Sort(
    "malformed-event",
    500,
    Text(
        ja="取扱いの記述が正しくないため、可否を判断できません",
        en="This cannot be decided: it was described wrongly to the policy",
    ),
)
_CODES: Final[Mapping[str, Text]] = {
    "source-unavailable": Text(ja="必要な記録を参照できません。", en="Records that are needed do not answer."),
    "source-invalid": Text(ja="必要な記録に誤りがあります。", en="Records that are needed are malformed."),
    "action-failed": Text(ja="必要な処置が失敗しました。", en="What must be done beside it has failed."),
    "action-stopped": Text(ja="この取扱いは止められました。", en="It was stopped."),
    "no-governing-policy": Text(ja="これを定めるポリシーがありません。", en="No policy governs this."),
    "unknown-term": Text(ja="ポリシーにない言葉があります。", en="The policy does not know a word of it."),
}
_CANNOT_KNOW: Final = frozenset({"source-unavailable", "source-invalid", "action-failed"})
_WEIGHT: Final = re.compile(r"[01](?:\.\d{0,3})?")
_CLAUSE: Final = Text(ja="条項 {number}: {summary}", en="Clause {number}: {summary}")
_ITEMS: Final = Text(ja="対象の項目: {items}", en="Items: {items}")


def problem_document(denied: FlowDenied, policies: Iterable[Policy] = (), lang: Language = "en") -> dict[str, Any]:
    """Return what to answer over HTTP when a flow was stopped, as RFC 9457 has it.

    Args:
        denied: what enforcement raised.
        policies: those of the engine, for what clauses say, and for which items are words; without them neither is
            told.
        lang: the language of `title` and `detail`.

    Returns:
        ``type``, ``title``, ``status`` (403 where the policies deny; 503 where it cannot be known, because a source or
        a mandatory action failed; 500 where the event was none, which is the host's own fault), ``detail``, with a line
        for each clause and for whatever else is in the way, ``codes`` and ``clauses``, what stands in the way,
        ``items``, those of them that are words of the policies, and ``kept``, true where the flow waits for a person.
        No message of others, no id and no value of an event or a fact is in it.
    """
    decision = denied.decision
    taking_part = {policy.id for policy in decision.policies}  # another tenant's words are not this one's
    policies = [policy for policy in policies if policy.id in taking_part]
    codes = sorted({reason.code for reason in decision.reasons})
    labels = _labels(policies)
    items = [item for item in decision.excess_items if item in labels]
    sort = _DENIED
    if decision.outcome == "invalid":
        sort = _NO_EVENT
    elif codes and _CANNOT_KNOW.issuperset(codes):
        sort = _UNSURE
    clauses = _in_the_way(decision, policies)
    said = [_CLAUSE.filled(number=number, summary=says) for number, says in clauses.items() if says is not None]
    said += [_CODES[code] for code in codes if code in _CODES]
    if items:
        said.append(_ITEMS.filled(items=shortened(items, labels.__getitem__)))
    found = {
        "type": f"urn:dataflow-policyengine:{sort.name}",
        "title": sort.title.say(lang),
        "status": sort.status,
        "detail": "\n".join(text.say(lang) for text in said),
        "codes": codes,
        "clauses": list(clauses),
        "items": items,
        "kept": denied.kept is not None,
    }
    if not said:
        del found["detail"]
    return found


def language_asked_for(
    accept_language: str, default: Language = "en", languages: Iterable[Language] = LANGUAGES
) -> Language:
    """Return the one of some languages that an ``Accept-Language`` header (RFC 9110) likes best.

    Args:
        accept_language: the value of the header; empty where there is none.
        default: what is taken where it asks for none of them, or likes it as much as any.
        languages: what there is to choose from, such as the `languages` of a policy; by default those of the engine.
    """
    weights: dict[str, float] = {}
    for part in accept_language.lower().split(","):
        wanted, *parameters = (word.strip() for word in part.split(";"))
        weight = 1.0
        for parameter in parameters:
            name, _, value = parameter.partition("=")
            if name.strip() == "q":
                weight = float(value) if _WEIGHT.fullmatch(value.strip()) else 0.0
        weights[wanted] = max(weight, weights.get(wanted, 0.0))
    liked = {lang: _liked(lang.lower(), weights) for lang in (default, *languages)}
    return max(liked, key=lambda lang: liked[lang])


def _liked(language: str, weights: Mapping[str, float]) -> float:
    """Return how much a language is liked, itself or as one that is a wider or a narrower one of those asked for."""
    akin = [
        weight
        for wanted, weight in weights.items()
        if f"{language}-".startswith(f"{wanted}-") or f"{wanted}-".startswith(f"{language}-")
    ]
    return max(akin, default=weights.get("*", 0.0))


def _labels(policies: Iterable[Policy]) -> dict[str, Text]:
    """Return what people call the items that the policies declare."""
    return {item: term.label for policy in policies for item, term in policy.vocabulary.terms["items"].items()}


def _in_the_way(decision: Decision, policies: Iterable[Policy]) -> dict[str, Text | None]:
    """Return the clauses that stand in the way, as the decision cites them, each with what it says.

    What an action stopped rests on the clauses of the permit as well, and those stand in nobody's way.
    """
    said = {(policy.id, number): clause.summary for policy in policies for number, clause in policy.clauses.items()}
    several = len(decision.policies) > 1
    return {
        f"{policy}:{clause}" if several else clause: said.get((policy, clause))
        for policy, clause in sorted(
            (reason.policy or "", reason.clause) for reason in decision.reasons if reason.clause
        )
    }
