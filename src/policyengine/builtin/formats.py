"""The built-in report formats, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policyengine.hooks import ReportFormat, hookimpl
from policyengine.model.decision import Decision


class Jsonl:
    """One decision a line, as JSON."""

    name = "jsonl"

    def render(self, decisions: Iterable[Decision]) -> Iterator[str]:
        """Yield each decision as it comes in."""
        for decision in decisions:
            yield decision.to_json().decode()


class Json:
    """One JSON document: a list of decisions."""

    name = "json"

    def render(self, decisions: Iterable[Decision]) -> Iterator[str]:
        """Yield the list, a line a member, as the decisions come in."""
        start = "["
        for decision in decisions:
            yield start + decision.to_json().decode()
            start = ","
        yield "]" if start == "," else "[]"


@hookimpl
def policyengine_report_formats() -> Iterable[ReportFormat]:
    """Bring what other programs read."""
    return (Jsonl(), Json())
