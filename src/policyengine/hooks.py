"""What a plugin can hand to an engine: every hook and every protocol, in one place.

A plugin is any object (a module will do) with some of the hooks below, marked with `hookimpl`. A host registers it
on its own engine (``Engine.load(..., plugins=[plugin])``), or installs a package with an entry point in the group
``policyengine``. Hooks run once, while an engine is built: a plugin hands over objects, and no event calls pluggy.
"""

from __future__ import annotations

from collections.abc import Awaitable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, runtime_checkable

import pluggy

from policyengine.enforcement.flow import EnforcementAction, Observer
from policyengine.language.kind import RuleKind

if TYPE_CHECKING:
    from policyengine.errors import InvalidEvent, Problem
    from policyengine.language.pack import Pack
    from policyengine.model.decision import Decision
    from policyengine.model.event import Event
    from policyengine.model.policy import Policy

PROJECT = "policyengine"
"""The pluggy project name."""

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)


class FactQuery(NamedTuple):
    """What an engine asks a fact source about one event.

    Args:
        event: the event to be decided.
        types: the fact types that a rule can ask for about this event; a source may leave out all others.
    """

    event: Event
    types: frozenset[str]


@runtime_checkable
class FactSource(Protocol):
    """Where facts live outside events: a register of consents, of contracts, of vendors.

    Attributes:
        name: how messages name it.
    """

    name: str

    def facts(
        self, queries: Sequence[FactQuery]
    ) -> Sequence[Iterable[Mapping[str, Any]]] | Awaitable[Sequence[Iterable[Mapping[str, Any]]]]:
        """Return the facts that are known about each query, in the order of `queries`, each fact as JSON has it.

        It may be an ``async def``. An engine asks about one event, or about a batch of them (`Engine.evaluate_all`, and
        tasks that enforce at the same time), and not at all about those for which no rule can ask a fact. It may be
        called from several threads at once.

        A fact that does not agree with the event, or is out of its time, does no harm: the engine sees to both.
        Whatever this raises denies every flow that was asked about with code ``source-unavailable``.
        """
        ...


@runtime_checkable
class EventSource(Protocol):
    """Where events come from: a file, a queue, a log.

    Attributes:
        name: how messages name it.
    """

    name: str

    def events(self) -> Iterable[Mapping[str, Any] | bytes | InvalidEvent]:
        """Yield events in order: each as JSON has it, or as the bytes of one JSON text.

        Whatever is no event is decided as invalid, and so is an `InvalidEvent` that is yielded for what could not even
        be read. An error that is raised ends the stream.
        """
        ...


@runtime_checkable
class ReportFormat(Protocol):
    """A form in which `policyengine evaluate --format NAME` writes decisions.

    Attributes:
        name: what `--format` calls it.
    """

    name: str

    def render(self, decisions: Iterable[Decision]) -> Iterable[str | bytes]:
        """Yield the lines of a report, without line ends, as the decisions come in: texts, or the UTF-8 of texts."""
        ...


@runtime_checkable
class Command(Protocol):
    """A command that stands beside `policyengine evaluate`: a `click.Command`, or a `click.Group` of them.

    It finds the configuration with ``click.get_current_context().find_object(Session)``
    (`policyengine.cli.session`).

    Attributes:
        name: what it is called by.
    """

    name: str | None

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None) -> Any:
        """Make the context of one call, as click has it."""
        ...


class LintQuery(NamedTuple):
    """What a lint is asked about: the text of one policy, on a day, under a layer.

    Args:
        pack: the files as they were read: data, and where everything in them stands.
        policy: what they say, under the default value of every reading.
        layer: the layer, such as a law.
        at: the instant at which the layer is asked, in microseconds since 1970 (UTC).
        before: the same of an earlier version of the policy, where two are compared.
    """

    pack: Pack
    policy: Policy
    layer: Policy
    at: int
    before: LintQuery | None = None


@runtime_checkable
class Lint(Protocol):
    """One thing that a layer asks of the text of the policies below it, whatever flows there are.

    Attributes:
        name: the code of what it finds, such as ``appi-operator``.
        layer: the id of the layer.
    """

    name: str
    layer: str

    def find(self, query: LintQuery) -> Iterable[Problem]:
        """Return what the text lacks, or what stands in it against the layer; and what could not be checked, as a note.

        Where an earlier version is there (`LintQuery.before`), a lint may say what is wrong with the change.
        """
        ...


class Hooks:
    """The hooks. Each is called once for each engine, when it is built.

    Every hook may take `settings`: the plugin's own part of the configuration, valid against the JSON Schema that its
    `policyengine_settings` returns, and empty where nothing is configured.
    """

    @hookspec
    def policyengine_settings(self) -> Mapping[str, Any]:
        """Return the JSON Schema of the plugin's part of the configuration; without this hook it can have none."""
        raise NotImplementedError

    @hookspec
    def policyengine_event_sources(self, settings: Mapping[str, Any]) -> Iterable[EventSource]:
        """Return the event sources that the plugin brings. Two sources of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_enforcement_actions(self, settings: Mapping[str, Any]) -> Iterable[EnforcementAction]:
        """Return the enforcement actions that the plugin brings. Two actions of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_report_formats(self, settings: Mapping[str, Any]) -> Iterable[ReportFormat]:
        """Return the report formats that the plugin brings. Two formats of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_commands(self, settings: Mapping[str, Any]) -> Iterable[Command]:
        """Return the commands that the plugin brings, called by the command line alone. Each name may stand once."""
        raise NotImplementedError

    @hookspec
    def policyengine_observers(self, settings: Mapping[str, Any]) -> Iterable[Observer]:
        """Return the observers that the plugin brings. Two observers of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_rule_kinds(self, settings: Mapping[str, Any]) -> Iterable[RuleKind]:
        """Return the rule kinds that the plugin brings. Two kinds of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_fact_sources(self, settings: Mapping[str, Any]) -> Iterable[FactSource]:
        """Return the fact sources that the plugin brings. Two sources of one name are an error."""
        raise NotImplementedError

    @hookspec
    def policyengine_lints(self, settings: Mapping[str, Any]) -> Iterable[Lint]:
        """Return the lints that the plugin brings, for whichever layers. Two lints of one name are an error."""
        raise NotImplementedError
