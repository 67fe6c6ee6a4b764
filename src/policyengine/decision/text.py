"""Explanations as text for people: lines of styled words, which a terminal may colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final

from policyengine.decision.explain import Considered, Effect, Explanation, Part
from policyengine.decision.nearest import Near
from policyengine.text import Language, Line, Style, Text, Words, plain_text, same, shortened

_DIM: Style = "dim"

_MOST_NEAR: Final = 5
"""How many rules are shown that come near to permitting a flow."""

_MOST_SILENT: Final = 20
"""How many rules that merely do not permit a flow are shown, the nearest ones."""


_HEADINGS: Mapping[str, Text] = {
    "considered": Text(ja="検討したルール", en="rules considered"),
    "texts": Text(ja="条項の要約", en="what the clauses say"),
    "readings": Text(ja="既定と異なる読み方", en="readings other than the default"),
    "unless": Text(ja="認める条件", en="unless"),
    "open": Text(ja="（示されていない）", en="(left open)"),
    "all": Text(ja="次のすべて", en="all of"),
    "any": Text(ja="次のいずれか", en="any of"),
    "licence": Text(ja="次のいずれか", en="any of"),
    "free": Text(ja="認める条件", en="unless"),
    "nearest": Text(ja="許可にいちばん近いルール", en="the rules that come nearest to permitting it"),
    "missing": Text(ja="足りないもの {count}", en="{count} missing"),
    "further": Text(ja="ほかに {count} 件", en="and {count} more"),
    "not": Text(ja="次に当たらない", en="not"),
}
_EFFECT: Mapping[Effect, tuple[str, Style, Text]] = {
    "permits": ("✓", "good", Text(ja="許可", en="permits")),
    "silent": ("–", "dim", Text(ja="許可に当たらない", en="does not permit")),
    "stops": ("✗", "bad", Text(ja="制限", en="stops")),
    "struck": ("✗", "bad", Text(ja="許可に当たるが、制限された", en="would permit, but is stopped")),
    "licenses": ("✓", "good", Text(ja="利用目的を認める", en="licenses the purpose")),
    "spares": ("–", "dim", Text(ja="制限しない", en="leaves alone")),
    "satisfied": ("✓", "good", Text(ja="条件を満たす", en="is satisfied")),
    "exempt": ("–", "dim", Text(ja="適用しない", en="does not bind")),
    "replaces": ("→", "plain", Text(ja="公表した目的に代わる", en="takes the place of published purposes")),
    "obliges": ("!", "plain", Text(ja="義務を伴う", en="obliges")),
}


def explanation_lines(explained: Explanation, lang: Language) -> Iterator[Line]:
    """Yield an explanation: the event, the decision, every rule considered, and what the clauses say."""
    event, labels = explained.event, explained.labels

    def label(word: str) -> str:
        return labels[word].say(lang) if word in labels else word

    document = event.document
    flow = [label(document.operation), label(document.subject.category)]
    flow += [label(document.purpose)] if isinstance(document.purpose, str) else []
    flow += [f"→ {label(event.recipient_id)}"] if event.recipient_id else []
    first, *rest = explained.decision.lines(lang)
    yield first
    yield (Words(f"  {document.time}  {' / '.join(flow)}", "dim"),)
    yield (Words(f"  {_some(event.items, label, lang)}", "dim"),)
    yield from rest
    several = len(explained.decision.policies) > 1
    for policy in explained.decision.policies:
        if policy.readings:
            of = f"{policy.id}:" if several else ""
            chosen = ", ".join(f"{of}{name} = {value}" for name, value in policy.readings.items())
            yield (Words(f"  {_HEADINGS['readings'].say(lang)}: {chosen}", "dim"),)
    if explained.considered:
        yield (Words(f"  {_HEADINGS['considered'].say(lang)}", "strong"),)
    shown, left_out = _nearest(explained.considered)
    for rule in shown:
        yield from _rule_lines(rule, explained, lang, label, several=several)
    if left_out:
        more = Text(
            ja=f"ほかに、この取扱いを認めないルールが {left_out} 件", en=f"and {left_out} more that do not permit it"
        )
        yield (Words(f"    {more.say(lang)}", "dim"),)
    carried = {(rule.policy, rule.clause) for rule in shown}
    clauses = [clause for clause in explained.clauses if clause[:2] in carried]
    if clauses:
        yield (Words(f"  {_HEADINGS['texts'].say(lang)}", "strong"),)
    for policy_id, number, summary in clauses:
        name = f"{policy_id}:{number}" if several else number
        yield (Words(f"    {name}  ", "dim"), Words(summary.say(lang)))


def nearest_lines(explained: Explanation, found: Sequence[Near], lang: Language) -> Iterator[Line]:
    """Yield a decision, and of a denial the rules that come nearest to permitting it, each with what it lacks.

    Args:
        explained: the decision, explained.
        found: the rules, the nearest first.
        lang: the language.
    """
    labels = explained.labels

    def label(word: str) -> str:
        return labels[word].say(lang) if word in labels else word

    yield from explained.decision.lines(lang)
    if found:
        yield (Words(f"  {_HEADINGS['nearest'].say(lang)}", "strong"),)
    several = len(explained.decision.policies) > 1
    for near in found[:_MOST_NEAR]:
        shown = f"{near.policy}:{near.rule}" if several else near.rule
        missing = _HEADINGS["missing"].filled(count=near.missing).say(lang)
        late = (Words(f"  {near.out_of_force.say(lang)}", "warn"),) if near.out_of_force else ()
        title = Words(f"  {near.title.say(lang)}", "dim")
        yield (Words("    – ", "dim"), Words(shown, "strong"), title, Words(f"  {missing}"), *late)
        for part in near.parts:
            yield from _part_lines(part, "", 8, lang, label, why_not=True)
    if len(found) > _MOST_NEAR:
        yield (Words(f"    {_HEADINGS['further'].filled(count=len(found) - _MOST_NEAR).say(lang)}", "dim"),)


def _nearest(considered: Sequence[Considered]) -> tuple[Sequence[Considered], int]:
    """Return the rules to show, and how many are left out: of those that merely do not permit, the nearest stay."""
    silent = [rule for rule in considered if set(rule.effects.values()) <= {"silent"}]
    if len(silent) <= _MOST_SILENT:
        return considered, 0
    far = {id(rule) for rule in sorted(silent, key=lambda rule: rule.missing)[_MOST_SILENT:]}
    return [rule for rule in considered if id(rule) not in far], len(far)


def _rule_lines(
    rule: Considered, explained: Explanation, lang: Language, label: Callable[[str], str], *, several: bool
) -> Iterator[Line]:
    everything = explained.event.items
    by_effect: dict[Effect, list[str]] = {}
    for item, effect in rule.effects.items():
        by_effect.setdefault(effect, []).append(item)
    shown = f"{rule.policy}:{rule.rule}" if several else rule.rule
    mark, style = "·", _DIM
    said: list[Words] = []
    for effect, items in by_effect.items():
        mark, style, word = _EFFECT[effect]
        some = "" if len(items) == len(everything) else f": {_some(items, label, lang)}"
        said += [Words("  "), Words(f"{word.say(lang)}{some}", style)]
    if len(by_effect) > 1:
        mark, style = "±", "plain"
    yield (
        Words("    "),
        Words(mark, style),
        Words(f" {shown}", "strong"),
        Words(f"  {rule.title.say(lang)}", "dim"),
        *said,
    )
    for part in rule.parts:
        role = f"{_HEADINGS['unless'].say(lang)}: " if part.role == "unless" else ""
        yield from _part_lines(part, role, 8, lang, label)


def _part_lines(
    part: Part, role: str, indent: int, lang: Language, label: Callable[[str], str], *, why_not: bool = False
) -> Iterator[Line]:
    """Yield a condition, each part of it with a mark of its own, below what combines them."""
    said = [part.text.say(lang)] if part.looks_at or not part.parts else []
    said += [_HEADINGS[part.sort].say(lang)] if len(part.parts) > 1 or (part.parts and not part.looks_at) else []
    text = f"{role}{': '.join(said)}"
    margin = Words(" " * indent)
    left_open = (Words(f"  {_HEADINGS['open'].say(lang)}", "warn"),) if part.open else ()
    if part.whole:
        yield (margin, Words("✓", "good"), Words(f" {text}"), *left_open)
    elif not part.items:
        yield (margin, Words("✗", "bad"), Words(f" {text}"), *left_open)
    else:
        met = Words(f"  ✓ {_some(part.items, label, lang)}", "dim")
        yield (margin, Words("±", "plain"), Words(f" {text}"), met, *left_open)
    if why_not and not part.items:
        for uncounted in part.uncounted:
            yield (Words(" " * (indent + 4)), Words(uncounted.say(lang), "warn"))
    for inner in () if why_not and part.whole else part.parts:
        yield from _part_lines(inner, "", indent + 4, lang, label, why_not=why_not)


def _some(items: Sequence[str], label: Callable[[str], str], lang: Language) -> str:
    """Return the first of `items` in words, and how many more there are."""
    return shortened(items, lambda item: same(label(item))).say(lang)


def explanation_text(explained: Explanation, lang: Language) -> str:
    """Return an explanation as plain text, without colour."""
    return plain_text(explanation_lines(explained, lang))
