"""The engine: policies once loaded, events decided, flows enforced."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager, nullcontext, suppress
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyengine.configuration import read_configuration
from policyengine.decision import Decision, PolicyRef, Reason
from policyengine.enforce import Enforcer, Flow, Mode, Step, refuse_unknown
from policyengine.errors import MOST, EventError, InvalidEvent, did_you_mean, json_path
from policyengine.evaluate import Evaluator
from policyengine.event import Event
from policyengine.gather import Gatherer
from policyengine.guard import F, guard
from policyengine.hooks import EventSource, FactSource, ReportFormat
from policyengine.layers import layered, refuse_conflicts
from policyengine.plugins import Plugins
from policyengine.rule import Policy
from policyengine.text import Language, Text
from policyengine.vocabulary import Attribute, FactType

if TYPE_CHECKING:
    from policyengine.explain import Explanation
    from policyengine.watch import WatchedEngine

_log = logging.getLogger("policyengine.engine")


class Engine:
    """One or several policies, compiled. Immutable once loaded, and safe to share between threads.

    Args:
        policies: at least one policy; a flow is permitted when every one that governs it permits it.
        plugins: bring fact sources, enforcement actions, observers and report formats; None brings none.
        steps: which enforcement actions follow which decisions.
        mode: whether enforcement stops what is not permitted.
        shadow: an engine whose policies are decided beside, on the same facts, whenever a flow is enforced. Its
            decisions are only compared.
        source_timeout: how many seconds a fact source may take before the flow is denied; None sets no limit here.

    Raises:
        PolicyError: the policies do not fit together.
        ConfigurationError: a step names an action, a clause or an obligation that is not there.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        plugins: Plugins | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
        shadow: Engine | None = None,
        source_timeout: float | None = None,
    ) -> None:
        self.policies: tuple[Policy, ...] = tuple(sorted(policies, key=lambda policy: (policy.id, policy.version)))
        refuse_conflicts(self.policies)
        self.fact_types: Mapping[str, FactType] = {
            name: kind for policy in self.policies for name, kind in policy.vocabulary.facts.items()
        }
        self.attributes: Mapping[str, Attribute] = {
            name: attribute for policy in self.policies for name, attribute in policy.vocabulary.attributes.items()
        }
        named = {controller for policy in self.policies for controller in policy.governs or ()}
        self._controller = next(iter(named)) if len(named) == 1 else None
        self._evaluators = tuple(Evaluator(policy, self._admit) for policy in self.policies)
        self._refs = tuple(
            (PolicyRef(policy.id, policy.version, policy.digest, policy.other_readings),) for policy in self.policies
        )
        self._only = self._evaluators[0] if len(self._evaluators) == 1 else None
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
            refuse_unknown(mode, steps, actions, cited, duties)
        self._enforcer = Enforcer(actions, steps, observers, mode, self.evaluate, _say)
        self._shadow = shadow
        self._gatherer = Gatherer(self._sources, source_timeout, self._asked, self._admit, _say)

    @classmethod
    def load(
        cls,
        *paths: str | Path,
        config: str | Path | None = None,
        readings: Mapping[str, str] | None = None,
        plugins: Iterable[object] = (),
        installed_plugins: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
        shadow: Iterable[str | Path] = (),
        shadow_readings: Mapping[str, str] | None = None,
        source_timeout: float | None = None,
    ) -> Engine:
        """Load policies from their packs, or all that a configuration file names.

        Args:
            paths: TOML files or folders of them, each one policy. Several are layered.
            config: a configuration file (`policyengine.toml`), in place of all other arguments but the plugins.
            readings: readings by name, each with the value to read the text under in place of its default.
            plugins: plugin objects of the host's own (`policyengine.hooks`).
            installed_plugins: whether installed packages with an entry point are used as well.
            settings: by the name of a plugin, its settings, as its own JSON Schema has them.
            steps: which enforcement actions follow which decisions of `enforce` and `flow`.
            mode: ``enforce`` stops what is not permitted; ``warn`` decides and tells, and stops nothing.
            shadow: packs that are decided beside the policies whenever a flow is enforced, and only compared.
            shadow_readings: the readings of those.
            source_timeout: how many seconds a fact source may take before the flow is denied; None sets no limit here.

        Raises:
            PolicyError: with every problem of every pack, and unknown readings; of a configuration file, with
                everything that is wrong with that. Nothing of a broken pack is used.
            PluginError: a plugin is wrong. Of this kind, `ConfigurationError`: settings or steps are, in arguments.
            TypeError: `config` stands beside what it names itself.
        """
        from policyengine.build import build_policies  # noqa: PLC0415  imports jsonschema, needed only to load

        configuration = None
        if config is not None:
            if paths or readings or settings or steps or shadow or mode != "enforce" or source_timeout is not None:
                raise TypeError("a configuration names policies, readings, settings, steps and mode itself")
            configuration = read_configuration(config)
            paths, readings, settings = configuration.policies, configuration.readings, configuration.settings
            steps, mode, source_timeout = configuration.steps, configuration.mode, configuration.source_timeout
            shadow, shadow_readings = configuration.shadow, configuration.shadow_readings
        with configuration.placing() if configuration is not None else nullcontext():
            folder = configuration.folder if configuration is not None else None
            found = Plugins(plugins, installed=installed_plugins, settings=settings, folder=folder)
            beside = list(shadow)
            other = cls(build_policies(beside, found.kinds, shadow_readings or {})) if beside else None
            policies = build_policies(paths, found.kinds, readings or {})
            return cls(policies, found, steps, mode, other, source_timeout)

    @classmethod
    def watch(
        cls, *paths: str | Path, config: str | Path | None = None, interval: float = 1.0, **options: Any
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
        from policyengine.watch import WatchedEngine  # noqa: PLC0415  needed only by those who follow files

        def followed() -> list[str | Path]:
            shadow = [*options.get("shadow", ())]
            if config is None:
                return [*paths, *shadow]
            configuration = read_configuration(config)
            return [config, *configuration.policies, *configuration.shadow]

        return WatchedEngine(followed, lambda: cls.load(*paths, config=config, **options), interval)

    def guard(self, **fields: Any) -> Callable[[F], F]:
        """Return a decorator that enforces an event before every call of a function, sync or async.

        Args:
            fields: the fields of the event (section 1 of the contract); `policyengine.arg` stands for an argument of
                the call, and `id` and `time` are filled in where they are left out.

        Raises:
            TypeError: when the function is decorated, where a field names a parameter that it does not have.
        """
        return guard(self, fields)

    def evaluate(self, event: Mapping[str, Any] | Event) -> Decision:
        """Decide one event. Gathers facts from the fact sources first; deciding is then pure.

        Args:
            event: a mapping of the form of section 1 of the contract, or an `Event`.

        Returns:
            A decision, in every case: one with outcome ``invalid`` where the event is malformed.
        """
        try:
            ready = event if type(event) is Event else Event.from_mapping(event)  # type: ignore[arg-type]
            return self._decided(ready)
        except InvalidEvent as error:
            return invalid(error)

    def evaluate_json(self, line: bytes | str) -> Decision:
        """Decide the event in one JSON text, as `evaluate` does. What is no JSON object gives an invalid decision."""
        try:
            return self._decided(Event.from_json(line))
        except InvalidEvent as error:
            return invalid(error)

    def evaluate_all(
        self, events: Iterable[Mapping[str, Any] | Event | bytes | str | InvalidEvent], batch: int = 500
    ) -> Iterator[Decision]:
        """Decide many events, in order, each as `evaluate` does; each fact source is asked once for a batch of them.

        Args:
            events: mappings, `Event`s or JSON texts, or what an event source could not read.
            batch: for how many events a source is asked at once. Without sources every event is decided as it comes.

        Yields:
            A decision for each event.
        """
        if not self._sources:
            batch = 1
        waiting = iter(events)
        while some := list(islice(waiting, batch)):
            ready: list[Event | InvalidEvent] = [read_event(event) for event in some]
            well_formed = [event for event in ready if isinstance(event, Event)]
            gathered = iter(self._gatherer.gather(well_formed) if self._sources else well_formed)
            for event in ready:
                found = next(gathered) if isinstance(event, Event) else event
                if isinstance(found, Event):
                    try:
                        found = self._decided_with(found)
                    except InvalidEvent as error:
                        found = error
                yield invalid(found) if isinstance(found, InvalidEvent) else found

    def enforce(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Decision:
        """Decide one event, run the enforcement actions that follow, and let only a permitted flow go on.

        Args:
            event: as for `evaluate`.
            payload: the host's data, for actions that keep or reduce it; `flow` hands back what became of it.

        Returns:
            The decision, a permit in mode ``enforce``; its obligations are the host's to carry out.

        Raises:
            FlowDenied: the flow is not permitted in the end, and the mode is ``enforce``.
        """
        return self._enforced(event, payload).decision

    async def enforce_async(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Decision:
        """Do what `enforce` does, in a thread: sources and actions that wait hold up no event loop."""
        import asyncio  # noqa: PLC0415  a host that awaits has it loaded already

        return (await asyncio.to_thread(self._enforced, event, payload)).decision

    @contextmanager
    def flow(self, event: Mapping[str, Any] | Event, payload: Any = None) -> Iterator[Flow]:
        """Enforce one event around a block of code, which runs only where the flow may go on.

        Args:
            event: as for `evaluate`.
            payload: the host's data.

        Yields:
            The flow that may go on: its `decision`, and its `payload` as actions have reduced it.

        Raises:
            FlowDenied: as `enforce`.
        """
        yield self._enforced(event, payload)

    def _enforced(self, event: Mapping[str, Any] | Event, payload: Any) -> Flow:
        shadow = None
        try:
            ready = event if isinstance(event, Event) else Event.from_mapping(event)
            gathered = self._gathered(ready)
            if isinstance(gathered, Decision):
                decision = gathered
            else:
                decision = self._decided_with(gathered)
                shadow = self._decided_beside(gathered)
        except InvalidEvent as error:
            decision = invalid(error)
        mapping = event.as_dict() if isinstance(event, Event) else event
        return self._enforcer.run(mapping, decision, payload, shadow)

    def explanation(self, event: Mapping[str, Any] | Event) -> Explanation:
        """Return every rule that was considered for an event, with what held and what did not, as data.

        Raises:
            InvalidEvent: the event is malformed.
        """
        from policyengine.explain import explanation  # noqa: PLC0415  needed only where somebody asks why

        ready = event if isinstance(event, Event) else Event.from_mapping(event)
        gathered = self._gathered(ready)
        if isinstance(gathered, Decision):
            return explanation((), ready, gathered)
        return self._explanation(gathered)

    def _explanation(self, event: Event) -> Explanation:
        """Explain what is decided of an event that has all its facts."""
        from policyengine.explain import explanation  # noqa: PLC0415

        self._admit(event)
        policies = [self.policies[index] for index in self._governing(event)]
        return explanation(policies, event, self._decided_with(event))

    def _decided(self, event: Event) -> Decision:
        if self._sources:
            gathered = self._gathered(event)
            if isinstance(gathered, Decision):
                return gathered
            event = gathered
        return self._decided_with(event)

    def _decided_beside(self, event: Event) -> Decision | None:
        """Return what the shadow policies say of an event that has all its facts; whatever goes wrong there is told."""
        if self._shadow is None:
            return None
        try:
            return self._shadow._decided_with(event)
        except InvalidEvent as error:
            return invalid(error)
        except Exception:
            _log.exception("the shadow policies could not decide %s", event.id)
            return None

    def _decided_with(self, event: Event) -> Decision:
        if event.attributes and self.attributes:
            self._admit_attributes(event)
        only = self._only
        if only is not None:
            policy = only.policy
            controller = event.controller
            if (
                controller is None or policy.governs is None or controller in policy.governs
            ) and policy.start <= event.instant < policy.end:
                if controller is None and self._controller is None:
                    raise self._no_controller(event)
                verdict = only.verdict(event)
                return Decision(
                    event.id,
                    verdict.outcome,
                    self._refs[0],
                    verdict.clauses,
                    verdict.rules,
                    verdict.reasons,
                    verdict.permitted_items,
                    verdict.excess_items,
                    verdict.obligations,
                    (),
                    (_explain, (self, event)),
                )
        return self._layered(event)

    def _layered(self, event: Event) -> Decision:
        """Decide an event that several policies govern, or none."""
        governing = self._governing(event)
        if not governing:
            self._admit(event)  # the facts of an event that is governed, evaluators admit: those not seen before
            return self._ungoverned(event)
        verdicts = [self._evaluators[index].verdict(event) for index in governing]
        refs = tuple(self._refs[index][0] for index in governing)
        verdict = verdicts[0] if len(verdicts) == 1 else layered(event, [ref.id for ref in refs], verdicts)
        return Decision(
            event.id,
            verdict.outcome,
            refs,
            verdict.clauses,
            verdict.rules,
            verdict.reasons,
            verdict.permitted_items,
            verdict.excess_items,
            verdict.obligations,
            (),
            (_explain, (self, event)),
        )

    def _governing(self, event: Event) -> list[int]:
        """Return the numbers of the policies that govern the event, in the order of their ids."""
        controller = event.controller or self._controller
        if controller is None:
            raise self._no_controller(event)
        return [
            index
            for index, policy in enumerate(self.policies)
            if policy.governs_controller(controller) and policy.in_force(event.instant)
        ]

    def _no_controller(self, event: Event) -> InvalidEvent:
        known = ", ".join(sorted({name for policy in self.policies for name in policy.governs or ()})) or "anyone"
        message = Text(
            ja=f"管理者が一者に定まらないため必須です（ポリシーの管理者: {known}）",
            en=f"required, since the policies do not bind exactly one controller (they bind: {known})",
        )
        return InvalidEvent([EventError("$.controller", message)], event.id)

    def _ungoverned(self, event: Event) -> Decision:
        controller = event.controller or self._controller
        bound = [policy for policy in self.policies if policy.governs_controller(controller or "")]
        if bound:
            names = ", ".join(policy.id for policy in bound)
            message = Text(
                ja=f"{event.document.time} の時点で施行されているポリシーがありません（{names} は施行期間外）",
                en=f"no policy is in force at {event.document.time} ({names} is outside its time)",
            )
        else:
            hint = did_you_mean(controller or "", {name for policy in self.policies for name in policy.governs or ()})
            message = Text(
                ja=f"管理者「{controller}」に適用されるポリシーがありません" + (f"（{hint.ja}）" if hint else ""),
                en=f'no policy governs the controller "{controller}"' + (f"; {hint.en}" if hint else ""),
            )
        reason = Reason("no-governing-policy", None, None, message)
        return Decision(
            event.id, "deny", reasons=(reason,), excess_items=event.items, explainer=(_explain, (self, event))
        )

    def _asked(self, event: Event) -> frozenset[str]:
        """Return the fact types that the rules of the policies that govern the event, shadow ones too, can ask for."""
        types = frozenset[str]().union(*(self._evaluators[index].types(event) for index in self._governing(event)))
        if self._shadow is not None:
            with suppress(InvalidEvent):  # of the shadow policies alone: they will say so when they decide
                types |= self._shadow._asked(event)
        return types

    def _gathered(self, event: Event) -> Event | Decision:
        """Return the event with what the fact sources know of it, or its denial. Raises `InvalidEvent`."""
        if not self._sources:
            return event
        (found,) = self._gatherer.gather([event])
        if isinstance(found, InvalidEvent):
            raise found
        return found

    def _admit(self, event: Event) -> None:
        """Raise `InvalidEvent` where a fact or an attribute is not of the form that the policies declare."""
        errors: list[EventError] = []
        for index, fact in enumerate(event.known):
            name = fact.data["type"]
            declared = self.fact_types.get(name)  # type: ignore[arg-type]
            if declared is None:
                hint = did_you_mean(str(name), self.fact_types)
                message = Text(
                    ja=f"「{name}」という種類の事実はありません" + (f"（{hint.ja}）" if hint else ""),
                    en=f'unknown fact type "{name}"' + (f"; {hint.en}" if hint else ""),
                )
                errors.append(EventError(f"$.facts[{index}].type", message))
            else:
                errors.extend(declared.errors(fact.data, f"$.facts[{index}]"))
            if len(errors) >= MOST:
                break
        if errors:
            raise InvalidEvent(errors[:MOST], event.id)
        self._admit_attributes(event)

    def _admit_attributes(self, event: Event) -> None:
        errors = [
            EventError(
                json_path(("attributes", name)),
                Text(ja=f"{declared.type} 型の値", en=f"expected a value of type {declared.type}"),
            )
            for name, value in event.attributes.items()
            if (declared := self.attributes.get(name)) is not None and not declared.accepts(value)
        ]
        if errors:
            raise InvalidEvent(errors, event.id)


def read_event(event: Mapping[str, Any] | Event | bytes | str | InvalidEvent) -> Event | InvalidEvent:
    """Return what an event source yielded as an event, or what is wrong with it."""
    try:
        if isinstance(event, Event | InvalidEvent):
            return event
        return Event.from_json(event) if isinstance(event, bytes | str) else Event.from_mapping(event)
    except InvalidEvent as error:
        return error


def invalid(error: InvalidEvent) -> Decision:
    """Return the decision on an event that is none."""
    return Decision(error.event, "invalid", errors=error.errors, explainer=(_say, None))


def _explain(context: tuple[Engine, Event], _decision: Decision, lang: Language) -> str:
    """Explain a decision from its engine and its event, which has the facts that were gathered for it."""
    from policyengine.report.text import explanation_text  # noqa: PLC0415  needed only where somebody asks why

    engine, event = context
    return explanation_text(engine._explanation(event), lang)


def _say(_context: None, decision: Decision, lang: Language) -> str:
    """Say a decision that no rule was considered for."""
    from policyengine.report.text import decision_text  # noqa: PLC0415

    return decision_text(decision, lang)
