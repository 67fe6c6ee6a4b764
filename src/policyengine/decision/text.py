"""Explanations as text for people: lines of styled words, which a terminal may colour."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from policyengine.decision.explain import Considered, Effect, Explanation
from policyengine.text import Language, Line, Style, Text, Words, plain_text

_DIM: Style = "dim"


_HEADINGS: Mapping[str, Text] = {
    "considered": Text(ja="検討したルール", en="rules considered"),
    "texts": Text(ja="条項の要約", en="what the clauses say"),
    "readings": Text(ja="既定と異なる読み方", en="readings other than the default"),
    "unless": Text(ja="解除・充足", en="unless"),
}
_EFFECT: Mapping[Effect, tuple[str, Style, Text]] = {
    "permits": ("✓", "good", Text(ja="許す", en="permits")),
    "silent": ("–", "dim", Text(ja="許していない", en="does not permit")),
    "stops": ("✗", "bad", Text(ja="止める", en="stops")),
    "struck": ("✗", "bad", Text(ja="許すが、止められた", en="would permit, but is stopped")),
    "spares": ("–", "dim", Text(ja="止めない", en="leaves alone")),
    "satisfied": ("✓", "good", Text(ja="満たされた", en="is satisfied")),
    "exempt": ("–", "dim", Text(ja="拘束しない", en="does not bind")),
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
    yield (Words(f"  {', '.join(label(item) for item in event.items)}", "dim"),)
    yield from rest
    for policy in explained.decision.policies:
        if policy.readings:
            chosen = ", ".join(f"{name} = {value}" for name, value in policy.readings.items())
            yield (Words(f"  {_HEADINGS['readings'].say(lang)}: {chosen}", "dim"),)
    if explained.considered:
        yield (Words(f"  {_HEADINGS['considered'].say(lang)}", "strong"),)
    several = len(explained.decision.policies) > 1
    for rule in explained.considered:
        yield from _rule_lines(rule, explained, lang, label, several=several)
    if explained.clauses:
        yield (Words(f"  {_HEADINGS['texts'].say(lang)}", "strong"),)
    for policy_id, number, summary in explained.clauses:
        shown = f"{policy_id}:{number}" if several else number
        yield (Words(f"    {shown}  ", "dim"), Words(summary.say(lang)))


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
        some = "" if len(items) == len(everything) else f": {', '.join(label(item) for item in items)}"
        said += [Words("  "), Words(f"{word.say(lang)}{some}", style)]
    yield (
        Words("    "),
        Words(mark, style),
        Words(f" {shown}", "strong"),
        Words(f"  {rule.title.say(lang)}", "dim"),
        *said,
    )
    for part in rule.parts:
        role = f"{_HEADINGS['unless'].say(lang)}: " if part.role == "unless" else ""
        text = f"{role}{part.text.say(lang)}"
        if len(part.items) == len(everything):
            yield (Words("        "), Words("✓", "good"), Words(f" {text}"))
        elif not part.items:
            yield (Words("        "), Words("✗", "bad"), Words(f" {text}"))
        else:
            some = ", ".join(label(item) for item in part.items)
            yield (Words("        "), Words("±", "plain"), Words(f" {text}"), Words(f"  ✓ {some}", "dim"))


def explanation_text(explained: Explanation, lang: Language) -> str:
    """Return an explanation as plain text, without colour."""
    return plain_text(explanation_lines(explained, lang))
