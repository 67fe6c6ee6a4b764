"""The built-in report formats, registered through the same hook as anybody's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from policyengine.hooks import ReportFormat, hookimpl
from policyengine.model.decision import Decision


class Jsonl:
    """One decision a line, as JSON."""

    name = "jsonl"

    def render(self, decisions: Iterable[Decision]) -> Iterator[bytes]:
        """Yield each decision as it comes in."""
        for decision in decisions:
            yield decision.to_json()


class Json:
    """One JSON document: a list of decisions."""

    name = "json"

    def render(self, decisions: Iterable[Decision]) -> Iterator[bytes]:
        """Yield the list, a line a member, as the decisions come in."""
        start = b"["
        for decision in decisions:
            yield start + decision.to_json()
            start = b","
        yield b"]" if start == b"," else b"[]"


@hookimpl
def policyengine_report_formats() -> Iterable[ReportFormat]:
    """Bring what other programs read."""
    return (Jsonl(), Json())
