"""The engine: policies once loaded, events decided, flows enforced."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, NoReturn

from msgspec.structs import replace

import policyengine.engine.later  # noqa: F401  sees to what is imported late, where a process forks
from policyengine.decision.decider import Decider, invalid, read_event
from policyengine.enforcement.calls import Course, run
from policyengine.enforcement.enforce import Enforced, Enforcer, refuse_unknown
from policyengine.enforcement.flow import Mode, Step
from policyengine.enforcement.guard import F, guard
from policyengine.enforcement.standing import Standing
from policyengine.enforcement.workers import Workers
from policyengine.engine.configuration import Configuration, configuration_of, read_configuration
from policyengine.engine.gather import Gatherer
from policyengine.engine.plugins import Plugins
from policyengine.engine.problems import NO_TIMEOUT
from policyengine.engine.watch import Followed
from policyengine.engine.watched import WatchedEngine, refuse_copy
from policyengine.errors import ConfigurationError, InvalidEvent
from policyengine.hooks import EventSource, FactSource, ReportFormat
from policyengine.language.disk import Files
from policyengine.language.documents import Documents
from policyengine.model.decision import Decision
from policyengine.model.event import Event, event_from_json, event_from_mapping
from policyengine.model.fact import FactType
from policyengine.model.policy import Policy
from policyengine.model.reason_codes import REASON_CODES
from policyengine.model.rule import Restriction
from policyengine.model.vocabulary import Attribute
from policyengine.moment import instant

if TYPE_CHECKING:
    from policyengine.analysis.allowed import Allowed
    from policyengine.analysis.query import Answer
    from policyengine.decision.explain import Explanation
    from policyengine.decision.nearest import Near

_log = logging.getLogger("policyengine.engine")


class Engine:
    """One or several policies, compiled. Immutable once loaded, and safe to share between threads.

    Args:
        policies: at least one policy; a flow is permitted when every one that governs it permits it.
        plugins: bring fact sources, enforcement actions, observers and report formats; None brings none.
        steps: which enforcement actions follow which decisions.
        mode: whether enforcement stops what is not permitted.
        shadow: policies that are decided beside, on the same facts, whenever a flow is enforced, and only compared.
        source_timeout: how many seconds a fact source may take before the flow is denied; None sets no limit here.
        action_timeout: how many seconds an enforcement action or an observer may take before it has failed; None sets
            no limit here.

    Raises:
        PolicyError: the policies do not fit together.
        ConfigurationError: a step names an action, a clause, an obligation or a reason that is not there, or follows
            nothing; or the time of sources or actions is none.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        plugins: Plugins | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
        shadow: Decider | None = None,
        source_timeout: float | None = None,
        action_timeout: float | None = None,
    ) -> None:
        self._decider = Decider(policies)
        self.policies: tuple[Policy, ...] = self._decider.policies
        self.fact_types: Mapping[str, FactType] = self._decider.fact_types
        self.attributes: Mapping[str, Attribute] = self._decider.attributes
        self._sources: tuple[FactSource, ...] = tuple(plugins.sources.values()) if plugins else ()
        self.settings: Mapping[str, Mapping[str, Any]] = plugins.settings if plugins else {}
        self.formats: Mapping[str, ReportFormat] = plugins.formats if plugins else {}
        self.event_sources: Mapping[str, EventSource] = plugins.events if plugins else {}
        actions, observers = (plugins.actions, plugins.observers.values()) if plugins else ({}, ())
        steps = tuple(steps)
        if steps or mode != "enforce":
            clauses = {(policy.id, clause) for policy in self.policies for clause in policy.clauses}
            cited = {name for policy, clause in clauses for name in (clause, f"{policy}:{clause}")}
            duties = {duty for policy in self.policies for duty in policy.obligations}
            restrictions = [rule for policy in self.policies for rule in policy.rules if isinstance(rule, Restriction)]
            codes = REASON_CODES.union(rule.code for rule in restrictions)
            refuse_unknown(mode, steps, actions, cited, duties, codes)
        limits = {"source_timeout": source_timeout, "action_timeout": action_timeout}
        wrong = [name for name, limit in limits.items() if not (limit is None or 0 < limit <= threading.TIMEOUT_MAX)]
        if wrong:
            raise ConfigurationError(NO_TIMEOUT.fault((name,)) for name in wrong)
        self._plugins = plugins
        self._workers = Workers()
        self._closed = False
        self._enforcer = Enforcer(actions, steps, observers, mode, action_timeout)
        self._shadow = shadow
        self._gatherer = Gatherer(
            self._sources,
            source_timeout,
            partial(_asked, self._decider, shadow),
            self._decider.admit,
            self._decider.reader,
            frozenset[str]().union(*(declared.fields for declared in self.fact_types.values())),
        )

    @classmethod
    def load(
        cls,
        *paths: str | Path | Documents,
        config: str | Path | None = None,
        readings: Mapping[str, str] | None = None,
        plugins: Iterable[object] = (),
        installed_plugins: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
        shadow: Iterable[str | Path | Documents] = (),
        shadow_readings: Mapping[str, str] | None = None,
        source_timeout: float | None = None,
        action_timeout: float | None = None,
        digests: Mapping[str, str] | None = None,
        disable: Iterable[str] = (),
        imports_from: Iterable[str | Path] = (),
    ) -> Engine:
        """Load policies from their packs, or all that a configuration file names.

        Args:
            paths: TOML files or folders of them, or the names of packs that come with the engine or an installed
                package, or `Documents` in memory, each one policy. Those that govern an event must all permit it.
            config: a configuration file (`policyengine.toml`), in place of all other arguments but the plugins.
            readings: readings by name, or ``policy:name`` where several policies have the name, each with the value to
                read the text under in place of its default.
            plugins: plugin objects of the host's own (`policyengine.hooks`).
            installed_plugins: whether installed packages with an entry point are used as well.
            settings: by the name of a plugin, its settings, as its own JSON Schema has them; ``{"env": NAME}`` stands
                for a variable of the environment.
            steps: which enforcement actions follow which decisions of `enforce` and `flow`.
            mode: ``enforce`` stops what is not permitted; ``warn`` decides and tells, and stops nothing.
            shadow: packs that are decided beside the policies whenever a flow is enforced, and only compared.
            shadow_readings: the readings of those.
            source_timeout: how many seconds a fact source may take before the flow is denied; None sets no limit here.
            action_timeout: how many seconds an enforcement action or an observer may take before it has failed; None
                sets no limit here.
            digests: by the id of each policy, or ``id:version`` where several versions are loaded, the digest that its
                decisions must show. Where that is given, nothing else may be loaded, whatever is not named included.
            disable: the names of plugins, or of the packages that bring them, that are left out.
            imports_from: folders that imports of packs may lead to, beside those that the packs' own stand in.

        Raises:
            PolicyError: with every problem of every pack, and unknown readings; with what is not as `digests` pins it;
                of a configuration file, with everything that is wrong with that. Nothing of a broken pack is used.
            PluginError: a plugin is wrong. Of this kind, `ConfigurationError`: settings or steps are, in arguments.
            TypeError: `config` stands beside what it names itself.
        """
        stated = configuration_of(
            *paths,
            config=config,
            readings=readings,
            settings=settings,
            steps=steps,
            mode=mode,
            shadow=shadow,
            shadow_readings=shadow_readings,
            source_timeout=source_timeout,
            action_timeout=action_timeout,
            digests=digests,
            disable=disable,
            imports_from=imports_from,
        )
        return engine_of(stated, plugins, installed_plugins)

    @classmethod
    def watch(
        cls, *paths: str | Path | Documents, config: str | Path | None = None, interval: float = 1.0, **options: Any
    ) -> WatchedEngine:
        """Load policies and follow their files: a change is loaded and swapped in, a broken one leaves all as it is.

        Args:
            paths: as for `load`.
            config: as for `load`; the file and the packs that it names are followed.
            interval: how many seconds lie between two looks at the files.
            options: the other arguments of `load`.

        Raises:
            PolicyError: the packs cannot be loaded to begin with.
            PluginError: a plugin is wrong.
        """
        objects, installed = tuple(options.pop("plugins", ())), options.pop("installed_plugins", True)
        stated = configuration_of(*paths, config=config, **options)

        def read(files: Files) -> Configuration:
            return stated if config is None else read_configuration(config, files)

        def found(configuration: Configuration) -> Plugins:
            return configuration.plugins(objects, installed=installed)

        return WatchedEngine(Followed(read, found, _assembled, objects, interval))

    def guard(self, *, payload: str | None = None, flow: str | None = None, **fields: Any) -> Callable[[F], F]:
        """Return a decorator that enforces an event before every call of a function, sync or async.

        Args:
            payload: the parameter that is the flow's payload: the function is called with what actions left of it.
            flow: the parameter in which the function gets the `Flow`: its decision with the obligations, and its
                payload. Callers do not give it.
            fields: the fields of the event (section 1 of the contract); `policyengine.arg` stands for an argument of
                the call, and `id` and `time` are filled in where they are left out.

        Raises:
            TypeError: when the function is decorated, where a field names a parameter that it does not have, a field is
                misspelt or missing, or `payload` or `flow` is no parameter for it.
        """
        return guard(self, fields, payload, flow)

    def governing(self, event: Event) -> Sequence[Policy]:
        """Return the policies that govern an event, in the order of their ids, each with the words that it shares.

        Raises:
            InvalidEvent: it names no controller where several are possible.
        """
        return self._decider.governing(event)

    def licensed_elsewhere(self, event: Event) -> Sequence[frozenset[str]]:
        """Return for each policy that governs an event the items that the others license to it.

        Raises:
            InvalidEvent: it names no controller where several are possible, or a fact of it is malformed.
        """
        return self._decider.elsewhere(event)

    def query(
        self,
        partial: Mapping[str, Any] | None = None,
        ask: Iterable[str] = (),
        *,
        having: Iterable[str] = (),
        without: Iterable[str] = (),
    ) -> Answer:
        """Return what the policies ever permit of the events of a question, and what must be in place: exactly.

        Args:
            partial: what is known of the events, in the form of an event: at each field a word, or a list of some. An
                event of the question says one of them; what is not there can be anything. Its `controller` says whose
                policies are asked, its `time` when; by default it is the newest span of time in which no rule changes.
            ask: the names of the event fields that are asked for, such as ``purpose`` and ``recipient.id``: the columns
                of the answer. By default operation, subject, items, purpose and recipient, as far as they are open.
            having: facts that there are, each as ``TYPE`` or ``TYPE=VALUE`` (``contract=confidentiality``); each is
                taken to agree wherever it can.
            without: facts that there are not, likewise.

        Returns:
            The answer, with its rows.

        Raises:
            ValueError: a field, a word, a type of fact or a controller is not known; it says what is near.
            Undecided: it cannot be decided, and why.
        """
        from policyengine.analysis.query import Question, answer  # noqa: PLC0415  needed only where somebody asks

        said = dict(partial or {})
        time = said.get("time")
        policies = self._decider.at(said.get("controller"), None if time is None else instant(time))
        question = Question(policies, said, ask, having, without)
        return answer(policies, question, lambda event: self._decider.decide(event).outcome)

    def permitted(self, partial: Mapping[str, Any], ask: Iterable[str] = ()) -> tuple[Allowed, ...]:
        """Return what may be done with what an event states, its facts and those of the sources: now, and not ever.

        Args:
            partial: an event that leaves fields open; its time is stated. Where it states no items, all are tried.
            ask: the names of the fields whose words are tried, such as ``purpose``; by default those that an event of
                its operation must have, and that it has not, but for the recipient. Where the operation is open, all
                are tried, and without a recipient those that need none.

        Returns:
            Every combination of words with which some items are permitted, each with these items.

        Raises:
            InvalidEvent: what is stated is malformed.
            ValueError: a name is none of a field whose words can be listed, or no policy governs the controller then.
        """
        from policyengine.analysis.allowed import Allowed, completed  # noqa: PLC0415  needed only where somebody asks

        when = partial.get("time")
        policies = self._decider.at(partial.get("controller"), instant(when) if isinstance(when, str) else None)
        chosen: list[Mapping[str, str]] = []
        events: list[Mapping[str, Any]] = []
        for words, event in completed(policies, partial, ask):
            chosen.append(words)
            events.append(event)
        found = []
        for words, decision in zip(chosen, self.evaluate_all(events), strict=True):
            if decision.outcome == "invalid":
                raise InvalidEvent(decision.errors)
            if decision.permitted_items:
                found.append(Allowed(words, decision.permitted_items))
        return tuple(found)

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide one event. Gathers facts from the fact sources first; deciding is then pure.

        Args:
            event: a mapping of the form of section 1 of the contract, or an `Event`.

        Returns:
            A decision, in every case: one with outcome ``invalid`` where the event is malformed.
        """
        try:
            ready = event if type(event) is Event else event_from_mapping(event, self._decider.reader)  # type: ignore[arg-type]
            return self._decided(ready)
        except InvalidEvent as error:
            return invalid(error)

    async def evaluate_async(self, event: Mapping[str, Any] | Event) -> Decision:
        """Do what `evaluate` does for code that awaits: fact sources hold up no event loop."""
        from policyengine.enforcement.awaiting import arun  # noqa: PLC0415  whoever awaits has asyncio loaded

        try:
            ready = event if type(event) is Event else event_from_mapping(event, self._decider.reader)  # type: ignore[arg-type]
            found = await arun(self._gathered(ready), self._workers)
            return found if isinstance(found, Decision) else self._decider.decide(found)
        except InvalidEvent as error:
            return invalid(error)

    def evaluate_json(self, line: bytes | str) -> Decision:
        """Decide the event in one JSON text, as `evaluate` does. What is no JSON object gives an invalid decision."""
        try:
            return self._decided(event_from_json(line, self._decider.reader))
        except InvalidEvent as error:
            return invalid(error)

    def evaluate_all(
        self, events: Iterable[Mapping[str, Any] | Event | bytes | str | InvalidEvent], batch: int = 500
    ) -> Iterator[Decision]:
        """Decide many events, in order, each as `evaluate` does; each fact source is asked once for a batch of them.

        Args:
            events: mappings, events or JSON texts, or what an event source could not read.
            batch: for how many events a source is asked at once. Without sources every event is decided as it comes.

        Yields:
            A decision for each event.
        """
        reader = self._decider.reader
        if not self._sources:
            for event in events:
                yield self._answer(read_event(event, reader))
            return
        waiting = iter(events)
        while some := list(islice(waiting, batch)):
            ready = [read_event(event, reader) for event in some]
            well_formed = [event for event in ready if isinstance(event, Event)]
            gathered = iter(run(self._gatherer.gather(well_formed), self._workers))
            for one in ready:
                yield self._answer(next(gathered) if isinstance(one, Event) else one)

    def _answer(self, found: Event | Decision | InvalidEvent) -> Decision:
        """Return the decision on an event that has all its facts, or what it has come to before."""
        try:
            if isinstance(found, Event):
                return self._decider.decide(found)
        except InvalidEvent as error:
            found = error
        return invalid(found) if isinstance(found, InvalidEvent) else found

    def enforce(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide one event, run the enforcement actions that follow, and let only a permitted flow go on.

        A payload goes in and comes back by `flow` and guards alone: whoever went on with one that was not reduced would
        let out what is not permitted.

        Args:
            event: as for `evaluate`.

        Returns:
            The decision, a permit in mode ``enforce``; its obligations are the host's to carry out.

        Raises:
            FlowDenied: the flow is not permitted in the end, and the mode is ``enforce``.
        """
        return run(self._enforced(event), self._workers).decision()

    async def enforce_async(self, event: Mapping[str, Any] | Event) -> Decision:
        """Do what `enforce` does for code that awaits: what waits holds up no event loop.

        Async sources, actions and observers are awaited here, others are called in threads of the engine's own.
        Questions that several tasks ask of a source at the same time are asked together. Where the caller is cancelled,
        what has acted has acted, an async action that is under way is cancelled, one in a thread goes on to its end,
        and nothing else acts.

        Raises:
            FlowDenied: as `enforce`.
        """
        from policyengine.enforcement.awaiting import arun  # noqa: PLC0415  whoever awaits has asyncio loaded

        return (await arun(self._enforced(event), self._workers)).decision()

    def flow(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Enforced:
        """Enforce one event around a block of code, which runs only where the flow may go on.

        Args:
            event: as for `evaluate`.
            payload: the host's data.

        Returns:
            What stands in ``with``, or in ``async with`` as `enforce_async` does it. It enters the block with the flow
            that may go on: its `decision`, and its `payload` as actions have reduced it; or raises `FlowDenied`, as
            `enforce` does.
        """
        return Enforced(lambda: self._enforced(event, payload), self._workers)

    def close(self) -> None:
        """End the threads and the event loop that the engine has, and close what its plugins have handed over.

        A closed engine decides, and calls what is called in the caller's own thread; whatever else it would need
        fails, and denies.
        """
        if not self._closed:
            self._closed = True
            if self._plugins is not None:
                self._plugins.close(self._workers)
            self._workers.close()

    def __reduce__(self) -> NoReturn:
        refuse_copy(self)

    def __enter__(self) -> Engine:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _enforced(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Course[Standing]:
        shadow = None
        found: Event | Decision
        try:
            stated = event if isinstance(event, Event) else event_from_mapping(event, self._decider.reader)
            found = yield from self._gathered(stated)
            if isinstance(found, Decision):
                decision = found
            else:
                decision = self._decider.decide(found)
                shadow = self._decided_beside(found)
        except InvalidEvent as error:
            found = decision = invalid(error)
            return (yield from self._enforcer.run(event, decision, lambda _: decision, payload))
        decide = partial(self._narrowed, found)
        return (yield from self._enforcer.run(stated, decision, decide, payload, shadow))

    def _narrowed(self, found: Event | Decision, items: Sequence[str]) -> Decision:
        """Return what is decided of an event with fewer items; a denial of all of them is one of each."""
        if isinstance(found, Event):
            return self._decider.decide(found.with_items(items))
        reasons = tuple(replace(reason, items=tuple(items), told=reason.message) for reason in found.reasons)
        return Decision(found.event, "deny", reasons=reasons, excess_items=tuple(items))

    def explanation(self, event: Mapping[str, Any] | Event) -> Explanation:
        """Return every rule that was considered for an event, with what held and what did not, as data.

        Raises:
            InvalidEvent: the event is malformed.
        """
        from policyengine.decision.explain import explanation  # noqa: PLC0415  needed only where somebody asks why

        ready = event if isinstance(event, Event) else Event.from_mapping(event)
        gathered = run(self._gathered(ready), self._workers)
        if isinstance(gathered, Decision):
            return explanation((), ready, gathered, ())
        return self._decider.explanation(gathered)

    def why_not(self, event: Mapping[str, Any] | Event) -> tuple[Near, ...]:
        """Return the rules that come nearest to permitting a denied event, with what held and what did not, as data.

        Raises:
            InvalidEvent: the event is malformed.
        """
        ready = event if isinstance(event, Event) else Event.from_mapping(event)
        gathered = run(self._gathered(ready), self._workers)
        return () if isinstance(gathered, Decision) else self._decider.nearest(gathered)

    def _decided(self, event: Event) -> Decision:
        if self._sources:
            gathered = run(self._gathered(event), self._workers)
            if isinstance(gathered, Decision):
                return gathered
            event = gathered
        return self._decider.decide(event)

    def _decided_beside(self, event: Event) -> Decision | None:
        """Return what the shadow policies say of an event that has all its facts; whatever goes wrong there is told."""
        if self._shadow is None:
            return None
        try:
            return self._shadow.decide(event)
        except InvalidEvent as error:
            return invalid(error)
        except Exception:
            _log.exception("the shadow policies could not decide %s", event.id)
            return None

    def _gathered(self, event: Event) -> Course[Event | Decision]:
        """Return the event with what the fact sources know of it, or its denial. Raises `InvalidEvent`."""
        if not self._sources:
            return event
        (found,) = yield from self._gatherer.gather([event])
        if isinstance(found, InvalidEvent):
            raise found
        return found


def _asked(decider: Decider, shadow: Decider | None, event: Event) -> frozenset[str]:
    """Return the fact types that the rules of the policies that govern the event, shadow ones too, can ask for.

    It knows no engine, which would be in a circle with what asks for this: what nobody has any more ends at once.
    """
    types = decider.asked(event)
    if shadow is not None:
        with suppress(InvalidEvent):  # of the shadow policies alone: they will say so when they decide
            types |= shadow.asked(event)
    return types


def engine_of(configuration: Configuration, plugins: Iterable[object] = (), installed_plugins: bool = True) -> Engine:
    """Build the engine that a configuration describes.

    Args:
        configuration: all that the engine is made of.
        plugins: plugin objects of the host's own.
        installed_plugins: whether installed packages with an entry point are used as well.

    Raises:
        PolicyError: with every problem of every pack, and of the configuration where a file says it.
        PluginError: a plugin is wrong. Of this kind, `ConfigurationError`: settings or steps are, in arguments.
    """
    from policyengine.language.build import build_policies  # noqa: PLC0415  needed only to load

    found = configuration.plugins(plugins, installed=installed_plugins)
    shadow = None
    if configuration.shadow or configuration.shadow_readings:
        shadow = Decider(
            build_policies(
                configuration.shadow,
                found.kinds,
                configuration.shadow_readings,
                lambda name: configuration.place("shadow", "readings", name),
                configuration.imports_from,
            )
        )
    policies = build_policies(
        configuration.policies,
        found.kinds,
        configuration.readings,
        lambda name: configuration.place("readings", name),
        configuration.imports_from,
    )
    return _assembled(configuration, found, policies, shadow)


def _assembled(
    configuration: Configuration, plugins: Plugins, policies: Iterable[Policy], shadow: Decider | None
) -> Engine:
    """Return the engine of a configuration, its plugins, and what was made of its packs. Raises as `engine_of`."""
    policies = tuple(policies)
    configuration.refuse_unpinned(policies)
    with configuration.placing():
        return Engine(
            policies,
            plugins,
            configuration.steps,
            configuration.mode,
            shadow,
            configuration.source_timeout,
            configuration.action_timeout,
        )
