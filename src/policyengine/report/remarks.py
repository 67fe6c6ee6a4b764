"""What analyses find, as findings: each with the event that shows it, and the rules that make it so."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from policyengine.analysis.study import Remark
from policyengine.report.findings import Detail, Finding
from policyengine.text import Language, Line, Text, Words

_EVENT = Text(ja="例: {event}", en="witness: {event}")
_READINGS = Text(ja="読み方: {readings}", en="under: {readings}")
_BECAUSE = Text(ja="理由: {rule}（{place}）", en="because of: {rule} ({place})")


class Shown(Finding, frozen=True):
    """A finding in a policy, with what shows it.

    Args:
        remark: what was found.
    """

    remark: Remark | None = None

    def as_dict(self) -> dict[str, Any]:
        """Return the finding as JSON data, with the event that shows it, and the rules that make it so."""
        assert self.remark is not None
        because = [{"rule": head.id, "clause": head.clause, "place": str(head.place)} for head in self.remark.because]
        shown = {"witness": self.remark.witness, "readings": dict(self.remark.readings), "because": because}
        return {**super().as_dict(), **shown}


def finding(remark: Remark) -> Finding:
    """Return what was found in a policy, as a finding."""
    ja, en = (tuple(_lines(remark, lang)) for lang in ("ja", "en"))
    told = Finding.of(remark.problem, Detail(ja, en))
    return Shown(**{name: getattr(told, name) for name in Finding.__struct_fields__}, remark=remark)


def _lines(remark: Remark, lang: Language) -> Iterator[Line]:
    for head in remark.because:
        yield (Words(_BECAUSE.filled(rule=head.id, place=head.place).say(lang)),)
    if remark.witness is not None:
        event = json.dumps(remark.witness, ensure_ascii=False)
        yield (Words(_EVENT.filled(event=event).say(lang)),)
    if remark.readings:
        picked = ", ".join(f"{name}={value}" for name, value in sorted(remark.readings.items()))
        yield (Words(_READINGS.filled(readings=picked).say(lang)),)
