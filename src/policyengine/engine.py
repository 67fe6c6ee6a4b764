"""The engine: policies once loaded, events decided, flows enforced."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from policyengine.decide import Verdict
from policyengine.decision import Decision, PolicyRef, Reason
from policyengine.enforce import Enforcer, Flow, Mode, Step
from policyengine.errors import MOST, EventError, InvalidEvent, PolicyError, Problem, did_you_mean, json_path
from policyengine.evaluate import Evaluator
from policyengine.event import Event
from policyengine.guard import F, guard
from policyengine.hooks import FactQuery, FactSource, ReportFormat
from policyengine.plugins import Plugins
from policyengine.rule import Policy
from policyengine.text import Language, Text
from policyengine.vocabulary import Attribute, FactType

if TYPE_CHECKING:
    from policyengine.explain import Explanation
    from policyengine.watch import WatchedEngine


class Engine:
    """One or several policies, compiled. Immutable once loaded, and safe to share between threads.

    Args:
        policies: at least one policy; a flow is permitted when every one that governs it permits it.
        plugins: bring fact sources, enforcement actions, observers and report formats; None brings none.
        steps: which enforcement actions follow which decisions.
        mode: whether enforcement stops what is not permitted.

    Raises:
        PolicyError: the policies do not fit together.
        PluginError: a step names an action that is not there.
    """

    def __init__(
        self,
        policies: Iterable[Policy],
        plugins: Plugins | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
    ) -> None:
        self.policies: tuple[Policy, ...] = tuple(sorted(policies, key=lambda policy: (policy.id, policy.version)))
        _refuse_conflicts(self.policies)
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
        self.formats: Mapping[str, ReportFormat] = plugins.formats if plugins else {}
        actions, observers = (plugins.actions, plugins.observers.values()) if plugins else ({}, ())
        self._enforcer = Enforcer(actions, steps, observers, mode, self.evaluate)
        self._asked_types = frozenset[str]().union(*(evaluator.fact_types for evaluator in self._evaluators))

    @classmethod
    def load(
        cls,
        *paths: str | Path,
        readings: Mapping[str, str] | None = None,
        plugins: Iterable[object] = (),
        installed_plugins: bool = True,
        settings: Mapping[str, Mapping[str, Any]] | None = None,
        steps: Iterable[Step] = (),
        mode: Mode = "enforce",
    ) -> Engine:
        """Load policies from their packs.

        Args:
            paths: TOML files or folders of them, each one policy. Several are layered.
            readings: readings by name, each with the value to read the text under in place of its default.
            plugins: plugin objects of the host's own (`policyengine.hooks`).
            installed_plugins: whether installed packages with an entry point are used as well.
            settings: by the name of a plugin, its settings, as its own JSON Schema has them.
            steps: which enforcement actions follow which decisions of `enforce` and `flow`.
            mode: ``enforce`` stops what is not permitted; ``warn`` decides and tells, and stops nothing.

        Raises:
            PolicyError: with every problem of every pack, and unknown readings. Nothing of a broken pack is used.
            PluginError: a plugin or a setting is wrong, or a step names an action that no plugin brings.
        """
        found = Plugins(plugins, installed=installed_plugins, settings=settings)
        return cls(load_policies(paths, found, readings or {}), found, steps, mode)

    @classmethod
    def watch(cls, *paths: str | Path, interval: float = 1.0, **options: Any) -> WatchedEngine:
        """Load policies and follow their files: a change is loaded and swapped in, a broken one leaves all as it is.

        Args:
            paths: as for `load`.
            interval: how many seconds lie between two looks at the files.
            options: the other arguments of `load`.

        Raises:
            PolicyError: the packs cannot be loaded to begin with.
            PluginError: a plugin is wrong.
        """
        from policyengine.watch import WatchedEngine  # noqa: PLC0415  needed only by those who follow files

        return WatchedEngine(paths, lambda: cls.load(*paths, **options), interval)

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
        decision = self.evaluate(event)
        return self._enforcer.run(event.as_dict() if isinstance(event, Event) else event, decision, payload)

    def explanation(self, event: Mapping[str, Any] | Event) -> Explanation:
        """Return every rule that was considered for an event, with what held and what did not, as data.

        Raises:
            InvalidEvent: the event is malformed.
        """
        from policyengine.explain import explanation  # noqa: PLC0415  needed only where somebody asks why

        ready = event if isinstance(event, Event) else Event.from_mapping(event)
        with_facts = self._with_sources(ready)
        if isinstance(with_facts, Decision):
            return explanation((), ready, with_facts)
        return self._explanation(with_facts)

    def _explanation(self, event: Event) -> Explanation:
        """Explain what is decided of an event that has all its facts."""
        from policyengine.explain import explanation  # noqa: PLC0415

        self._admit(event)
        policies = [self.policies[index] for index in self._governing(event)]
        return explanation(policies, event, self._decided_with(event))

    def _decided(self, event: Event) -> Decision:
        if self._sources:
            gathered = self._with_sources(event)
            if isinstance(gathered, Decision):
                return gathered
            event = gathered
        return self._decided_with(event)

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
        self._admit(event)
        governing = self._governing(event)
        if not governing:
            return self._ungoverned(event)
        verdicts = [self._evaluators[index].verdict(event) for index in governing]
        refs = tuple(self._refs[index][0] for index in governing)
        verdict = verdicts[0] if len(verdicts) == 1 else _layer(event, [ref.id for ref in refs], verdicts)
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

    def _with_sources(self, event: Event) -> Event | Decision:
        """Return the event with what the fact sources know about it, or the denial where one of them failed."""
        self._admit(event)
        gathered: list[Mapping[str, Any]] = []
        for source in self._sources:
            try:
                (found,) = source.facts([FactQuery(event, self._asked_types)])
                found = list(found)
            except Exception as error:  # whatever a source does, it must not become a permit
                return self._source_failed(event, source, "source-unavailable", repr(error))
            try:
                self._admit(event.with_facts(found))
            except Exception as error:  # a malformed fact, or something that is no fact at all
                why = str(error) if isinstance(error, InvalidEvent) else repr(error)
                return self._source_failed(event, source, "source-invalid", why)
            gathered.extend(found)
        return event.with_facts(gathered) if gathered else event

    def _source_failed(self, event: Event, source: FactSource, code: str, why: str) -> Decision:
        what = {
            "source-unavailable": Text(ja="から事実を得られません", en="did not answer"),
            "source-invalid": Text(ja="の返した事実が不正です", en="returned a malformed fact"),
        }[code]
        message = Text(
            ja=f"事実の情報源「{source.name}」{what.ja}: {why}", en=f'fact source "{source.name}" {what.en}: {why}'
        )
        reason = Reason(code, None, None, message)
        return Decision(event.id, "deny", reasons=(reason,), excess_items=event.items, explainer=(_say, None))

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


def load_policies(paths: Iterable[str | Path], plugins: Plugins, readings: Mapping[str, str]) -> list[Policy]:
    """Return the policies of the packs at `paths`. Raises `PolicyError` with the problems of all of them."""
    from policyengine.build import build_policy  # noqa: PLC0415  imports jsonschema, needed only to load

    problems: list[Problem] = []
    policies: list[Policy] = []
    for path in paths:
        try:
            policies.append(build_policy(path, plugins.kinds, readings))
        except PolicyError as error:
            problems.extend(error.problems)
    known = {name for policy in policies for name in policy.readings}
    if not problems:
        for name in sorted(readings.keys() - known):
            names = ", ".join(sorted(known))
            message = Text(
                ja=f"「{name}」という読み方はありません。あるもの: {names}",
                en=f'unknown reading "{name}"; known: {names}',
            )
            problems.append(Problem("unknown-reading", message, hint=did_you_mean(name, known, listing=False)))
        if not policies:
            problems.append(Problem("no-policy", Text(ja="ポリシーが一つもありません", en="no policy to load")))
    if problems:
        raise PolicyError(problems)
    return policies


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


def _layer(event: Event, ids: list[str], verdicts: list[Verdict]) -> Verdict:
    """Put the verdicts of several policies together: what all of them permit is permitted."""
    permitted = tuple(item for item in event.items if all(item in verdict.permitted_items for verdict in verdicts))
    excess = tuple(item for item in event.items if item not in permitted)
    outcome = "deny" if excess else "permit"
    resting = [(policy, verdict) for policy, verdict in zip(ids, verdicts, strict=True) if verdict.outcome == outcome]
    return Verdict(
        outcome,  # type: ignore[arg-type]
        tuple(sorted(f"{policy}:{clause}" for policy, verdict in resting for clause in verdict.clauses)),
        tuple(sorted(f"{policy}:{rule}" for policy, verdict in resting for rule in verdict.rules)),
        tuple(
            Reason(
                reason.code,
                reason.clause and f"{policy}:{reason.clause}",
                reason.rule and f"{policy}:{reason.rule}",
                reason.message,
            )
            for policy, verdict in resting
            for reason in verdict.reasons
        ),
        permitted,
        excess,
        tuple(
            type(duty)(duty.id, f"{policy}:{duty.clause}", duty.parameters, duty.message)
            for policy, verdict in resting
            for duty in verdict.obligations
        ),
    )


def _refuse_conflicts(policies: tuple[Policy, ...]) -> None:
    problems: list[Problem] = []
    for first, second in ((a, b) for index, a in enumerate(policies) for b in policies[index + 1 :]):
        if first.id == second.id and max(first.start, second.start) < min(first.end, second.end):
            message = Text(
                ja=f"ポリシー「{first.id}」が二つ、同じ時に施行されています",
                en=f'two policies named "{first.id}" are in force at the same time',
            )
            problems.append(Problem("duplicate-policy", message))
        for what, ours, theirs in (
            ("fact type", first.vocabulary.facts, second.vocabulary.facts),
            ("attribute", first.vocabulary.attributes, second.vocabulary.attributes),
        ):
            for name in sorted(ours.keys() & theirs.keys()):
                if ours[name] != theirs[name]:
                    message = Text(
                        ja=f"「{name}」の宣言が {first.id} と {second.id} で異なります",
                        en=f'{what} "{name}" is declared differently by {first.id} and {second.id}',
                    )
                    problems.append(Problem("conflicting-declaration", message))
    if problems:
        raise PolicyError(problems)
