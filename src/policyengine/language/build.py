"""From a pack to a policy: its words and clauses declared once, its rules lowered, all problems in one go."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from policyengine import calendar
from policyengine.calendar import PLAIN_ZONE
from policyengine.errors import KeyPath, PolicyError, Problem, did_you_mean, in_order
from policyengine.language import check
from policyengine.language.acceptances import acceptance_problems, acceptances
from policyengine.language.conditions import Scope
from policyengine.language.declare import Declarations, cases_of, table_of
from policyengine.language.disk import Files
from policyengine.language.documents import Documents
from policyengine.language.file_problems import CHECKED_WITH_PACKS, IMPORTED_POLICY, NO_POLICY_TABLE, NOTHING_TO_LOAD
from policyengine.language.find import STANDARD
from policyengine.language.keys import ANY
from policyengine.language.lowering import Kept, Lowered, Lowering, Written
from policyengine.language.orders import order_notes
from policyengine.language.pack import Pack, load_pack, standard
from policyengine.language.problems import (
    DUPLICATE_RULE,
    ENDS_BEFORE_IT_BEGINS,
    LAYER_DECIDES_ALL,
    LAYER_LEAVES_ALL,
    LAYER_REACH,
    OPEN_POINT,
    UNKNOWN_READING_VALUE_PICKED,
    UNKNOWN_ZONE,
    UNUSED_CONDITION,
)
from policyengine.language.readings import Placed, key_of, nowhere, picking_problems, without_ambiguous
from policyengine.language.satisfy import Events
from policyengine.language.source import Document
from policyengine.language.tells import IN_CLAUSE, IN_POLICY, told_by
from policyengine.model.acceptance import Acceptance
from policyengine.model.operation import OPERATIONS
from policyengine.model.policy import Clause, Policy, Reading
from policyengine.model.problems import ONE_FOLDER_EACH, POLICY_TABLE_TWICE, REPLACES_ITSELF
from policyengine.model.rule import Permit, Rule
from policyengine.model.vocabulary import Vocabulary
from policyengine.moment import FOREVER, instant
from policyengine.schema.problems import MISSING_KEY
from policyengine.text import text_of

if TYPE_CHECKING:
    from pathlib import Path

    from policyengine.language.kind import RuleKind

T = TypeVar("T")

_MOST_SEEN = 64
"""So many vocabularies are kept at most."""

_seen: dict[tuple[tuple[str, str], ...], Vocabulary] = {}
"""Vocabularies by their files and what these hold: those of packs that import the same words are made once."""

_NO_CARRIER = ("number", "title", "summary", "organisational", "ground", "case_of", "open", *IN_CLAUSE)


def build_policy(
    path: str | Path | Documents, kinds: Mapping[str, RuleKind], readings: Mapping[str, str] | None = None
) -> Policy:
    """Return the policy of the pack at `path`.

    Args:
        path: a TOML file, or a folder of them, or documents in memory.
        kinds: the registered rule kinds by name.
        readings: for some readings of the policy, the value to read it under, by name or ``POLICY:NAME``; those of
            other policies are ignored.

    Raises:
        PolicyError: with every problem of the pack. Nothing of a broken pack is ever used.
    """
    return policy_of(load_pack(path), kinds, readings or {})


def build_policies(
    paths: Sequence[str | Path | Documents],
    kinds: Mapping[str, RuleKind],
    readings: Mapping[str, str],
    placed: Placed = nowhere,
    imports_from: Iterable[str | Path] = (),
) -> list[Policy]:
    """Return the policies of the packs at `paths`.

    Args:
        paths: TOML files, or folders of them, or documents in memory.
        kinds: the registered rule kinds by name.
        readings: by name, or ``POLICY:NAME`` where several policies have the name, the value to read it under.
        placed: where that is said.
        imports_from: folders that imports may lead to, beside those that the packs' own stand in.

    Raises:
        PolicyError: with the problems of all packs, and the readings that there are not in any.
    """
    problems: list[Problem] = []
    packs: list[Pack] = []
    policies: list[Policy] = []
    files = Files(imports_from)
    for path in paths:
        try:
            packs.append(load_pack(path, files))
        except PolicyError as error:
            problems.extend(error.problems)
    declared = {(pack.id, name) for pack in packs for name in pack.readings}
    clear = without_ambiguous(declared, readings)
    for pack in packs:
        try:
            policies.append(policy_of(pack, kinds, clear, placed=placed))
        except PolicyError as error:
            problems.extend(error.problems)
    if len(packs) == len(paths) and all(pack.id and not pack.problems for pack in packs):
        problems.extend(picking_problems({pack.id for pack in packs}, declared, readings, placed))
    if not paths:
        problems.append(NOTHING_TO_LOAD.at(None))
    if problems:
        raise PolicyError(problems)
    return policies


def policy_of(
    pack: Pack,
    kinds: Mapping[str, RuleKind],
    readings: Mapping[str, str],
    *,
    placed: Placed = nowhere,
    trusted: bool = False,
) -> Policy:
    """Return the policy of a pack that has been read; as `build_policy`.

    Args:
        pack: the pack.
        kinds: the registered rule kinds by name.
        readings: for some readings of the policy, the value to read it under, by name or ``POLICY:NAME``; those of
            other policies are ignored.
        placed: where that is said.
        trusted: whether to leave out the checks of form and consistency. A small wrong change of a sound pack may make
            a clause idle, say, and is decided under all the same; words that do not resolve are refused even so.
    """
    return _Builder(pack, kinds, readings, placed=placed, trusted=trusted).policy()


def check_path(path: str | Path, kinds: Mapping[str, RuleKind], files: Files | None = None) -> list[Problem]:
    """Return every problem of the pack, or of the vocabulary file, at `path`; where it has none, its notes."""
    return checked(path, kinds, files)[0]


def checked(
    path: str | Path, kinds: Mapping[str, RuleKind], files: Files | None = None
) -> tuple[list[Problem], Policy | None]:
    """Return what `check_path` does, and the policy, where the pack is one and sound."""
    try:
        pack = load_pack(path, files)
        builder = _Builder(pack, kinds, {})
        if all(document.data.keys() <= {"vocabulary", "imports"} for document in pack.rules):
            return builder.vocabulary_problems(), None
        policy = builder.policy()
        return in_order((*builder.notes(policy), *builder.layer_reach(policy))), policy
    except PolicyError as error:
        return list(error.problems), None


def standard_vocabulary() -> Vocabulary:
    """Return the words that every policy has: the fact types of section 2 of the contract, and the default form."""
    return _Builder(Pack(STANDARD, (), (standard(),)), {}, {}).vocabulary()


class Variants:
    """Policies of one sound pack and of small changes of it: what they have in common is made once.

    A small wrong change may make a clause idle, say, and the policy is one all the same; words that do not resolve
    are refused even so.

    Policies have the very same rules where their clauses are the very same; their digests are not worked out.

    Args:
        pack: the sound pack; of its changes nothing is kept.
        kinds: the registered rule kinds by name.
    """

    def __init__(self, pack: Pack, kinds: Mapping[str, RuleKind]) -> None:
        self._pack = pack
        self._kinds = kinds
        self._kept = Kept()

    def policy(self, pack: Pack, readings: Mapping[str, str]) -> Policy:
        """Return the policy of a pack under some readings, as `build_policy`."""
        return self._built(pack, readings)

    def in_all_readings(self, pack: Pack) -> Policy:
        """Return the policy of a pack with its readings left open.

        A rule that is not the same under all readings stands there once for each way of reading it, and asks for that
        with `Read`. No event is decided under such a policy: it is for who looks at all readings at once.

        Raises:
            PolicyError: under some combination of readings there is no policy.
        """
        return self._built(pack, None)

    def _built(self, pack: Pack, readings: Mapping[str, str] | None) -> Policy:
        self._kept.closed = pack is not self._pack
        return _Builder(pack, self._kinds, readings, trusted=True, kept=self._kept).policy()


class _Builder(Declarations):
    """Makes the policy of one pack, or says everything that is wrong with it."""

    def __init__(
        self,
        pack: Pack,
        kinds: Mapping[str, RuleKind],
        readings: Mapping[str, str] | None,
        *,
        placed: Placed = nowhere,
        trusted: bool = False,
        kept: Kept | None = None,
    ) -> None:
        super().__init__(pack, kinds, trusted=trusted)
        self.trusted = trusted
        self.wanted = readings
        self.placed = placed
        self.tables: list[Lowered] = []
        self._kept = kept

    def vocabulary_problems(self) -> list[Problem]:
        """Return what is wrong with a pack that is a vocabulary and no policy."""
        self.vocabulary()
        return in_order(self.problems)

    def policy(self) -> Policy:
        """Put everything together, or raise with all problems."""
        if self.pack.problems:  # what is missing would make everything else look wrong
            raise PolicyError(self.problems)
        about = self._policy_table()
        vocabulary = self._once("vocabulary", self._parts("vocabulary"), self._words)
        readings = self._once("readings", self._parts("readings"), self.readings)
        said = [table.get(key) for _, _, table in self.clause_tables() for key in (*_NO_CARRIER, "defines")]
        clauses = self._once("clauses", (vocabulary, readings, *said), lambda: self.clauses(vocabulary))
        obligations = self._once(
            "obligations", (clauses, *self._parts("obligations")), lambda: self.obligations(clauses)
        )
        conditions = self._once("conditions", self._parts("conditions"), self.conditions)
        layer = about.get("layer") is True
        zone = self._zone(about)
        shared = self._once(
            ("scope", zone, layer),
            (vocabulary, clauses, obligations, readings, conditions),
            lambda: Scope(
                vocabulary,
                cases_of(clauses),
                frozenset(obligations),
                {name: frozenset(reading.values) for name, reading in readings.items()},
                zone,
                conditions=conditions,
                layer=layer,
            ),
        )
        chosen = {name: self._chosen(about.get("id", ""), reading) for name, reading in readings.items()}
        scope = shared.under(chosen, self.problems)
        for name in conditions:
            scope.known(name)  # and so is told what is wrong with it, whether a rule uses it or not
        # The tables of a layer are lowered in all ways as well.
        lowering = Lowering(scope, self._kept or (Kept() if layer else None))
        tables = self.tables = list(self._rules(lowering))
        span = _instant(about.get("from"), -FOREVER), _instant(about.get("until"), FOREVER)
        if not self.trusted:
            self._consistent(clauses, tables, span, Events(vocabulary, layer=layer))
        accepted: Sequence[Acceptance] = ()
        if about and not self.trusted:
            accepted = acceptances(self._about, lambda path: self.broken(self._about, *path))
            named = {
                "clause": clauses,
                "rule": {lowered.table.head.id for lowered in tables},
                "term": {term for terms in vocabulary.terms.values() for term in terms},
                "reading": readings,
            }
            self.problems.extend(acceptance_problems(accepted, named))
        if self.problems:
            raise PolicyError(self.problems)
        return Policy(
            id=about["id"],
            version=about["version"],
            title=text_of(about["title"]),
            digest=self.pack.digest if self._kept is None else "",
            governs=None if about["governs"] == "anyone" else frozenset(about["governs"]),
            start=span[0],
            end=span[1],
            replaces=about.get("replaces"),
            languages=self.pack.languages,
            contact=about.get("contact"),
            zone=zone,
            told=tuple(told_by(about, IN_POLICY)),
            vocabulary=vocabulary,
            clauses=clauses,
            obligations=obligations,
            readings=readings,
            chosen=chosen,
            rules=tuple(rule for lowered in tables if lowered.stands for rule in lowered.rules),
            layer=layer,
            decides=self._named_by_permits(tables, lowering) if layer else frozenset(OPERATIONS),
            accepted=tuple(accepted),
            source=(self._about.places, ("policy",)),
        )

    def _words(self) -> Vocabulary:
        """Return the words of all documents, of which another policy that has the same files may have asked before."""
        declaring = [document for document in self.pack.documents if "vocabulary" in document.data]
        seen = tuple((document.path, document.digest) for document in declaring)
        found = _seen.get(seen)
        if found is None:
            before = len(self.problems)
            found = self.vocabulary()
            if len(self.problems) == before and all(document.digest for document in declaring):
                if len(_seen) >= _MOST_SEEN:
                    _seen.clear()
                _seen[seen] = found
        return found

    def _once(self, what: Hashable, parts: Sequence[object], make: Callable[[], T]) -> T:
        """Return what is made of parts of the pack, which another pack may share; of what is wrong nothing is kept."""
        if self._kept is None:
            return make()

        def sound() -> T:
            found = make()
            if self.problems:
                raise PolicyError(self.problems)
            return found

        return self._kept.once(what, parts, sound)

    def _parts(self, key: str) -> list[object]:
        """Return what each document has at `key`."""
        return [document.data.get(key) for document in self.pack.documents]

    def _policy_table(self) -> dict[str, Any]:
        for document in self.pack.imported:
            if "policy" in document.data:
                self.problem(IMPORTED_POLICY, document, "policy")
        found = [document for document in self.pack.rules if "policy" in document.data]
        if not found:
            shared = any("clause" in document.data for document in self.pack.rules)
            self.problem(NO_POLICY_TABLE, self.pack.rules[0], hint=CHECKED_WITH_PACKS if shared else None)
            return {}
        for document in found[1:]:
            self.problem(POLICY_TABLE_TWICE, document, "policy", hint=ONE_FOLDER_EACH, file=found[0].path)
        if len(found) > 1:  # what else stands twice follows from that
            raise PolicyError(self.problems)
        about = table_of(found[0].data["policy"])
        about = {key: value for key, value in about.items() if not self.broken(found[0], "policy", key)}
        if _instant(about.get("from"), -FOREVER) >= _instant(about.get("until"), FOREVER):
            self.problem(ENDS_BEFORE_IT_BEGINS, found[0], "policy", "until")
            return {}
        if "replaces" in about and "from" not in about:
            self.problem(MISSING_KEY, found[0], "policy", "from", key="from")
        if "replaces" in about and about["replaces"] == about.get("version"):
            self.problem(REPLACES_ITSELF, found[0], "policy", "replaces")
        return about

    def _zone(self, about: Mapping[str, Any]) -> str:
        """Return the time zone of the policy; one that is not known is reported."""
        zone = about.get("time_zone", PLAIN_ZONE)
        if zone != PLAIN_ZONE and zone not in calendar.zones():
            document = next(document for document in self.pack.rules if "policy" in document.data)
            hint = did_you_mean(zone, calendar.zones(), listing=False)
            self.problem(UNKNOWN_ZONE, document, "policy", "time_zone", hint=hint, name=zone)
            return PLAIN_ZONE
        return str(zone)

    def _chosen(self, policy: str, reading: Reading) -> str:
        wanted = self.wanted or {}
        key = key_of(policy, reading.name, wanted)
        value = reading.default if key is None else wanted[key]
        if key is not None and not (isinstance(value, str) and value in reading.values):
            known = ", ".join(reading.values)
            hint = did_you_mean(str(value), reading.values, listing=False)
            self.problems.append(
                UNKNOWN_READING_VALUE_PICKED.at(self.placed(key), hint=hint, name=key, value=value, known=known)
            )
        return value

    def _named_by_permits(self, tables: Iterable[Lowered], lowering: Lowering) -> frozenset[str]:
        """Return the operations that permits name, whether they are in force or not, under any reading."""
        found = _named(rule for lowered in tables for rule in lowered.rules)
        if len(found) == len(OPERATIONS):  # no reading can name more
            return found
        return found | _named(rule for written in self._written() for rule in lowering.in_every_way(written).rules)

    def _rules(self, lowering: Lowering) -> Iterator[Lowered]:
        """Lower every rule table, those that do not stand under the chosen readings too, so that all are checked."""
        ids: dict[str, bool] = {}
        for written, lowered in self._tables(lowering):
            if self.wanted is None:
                yield lowered
                continue
            name, given = lowered.table.head.id, "id" in written.values
            twice = name in ids and (given or ids[name])  # two ids that were made up mean one clause that stands twice
            if twice:
                self.problem(DUPLICATE_RULE, written.document, *written.path, "id", name=name)
            ids[name] = given or ids.get(name, False)
            unsure = twice or self.broken(written.document, *written.path)
            yield lowered._replace(sound=False) if unsure else lowered

    def _tables(self, lowering: Lowering) -> Iterator[tuple[Written, Lowered]]:
        """Yield every rule table with what it is lowered to."""
        scope = lowering.scope
        chosen = None if self.wanted is None else tuple(scope.chosen.items())

        def lowered(document: Document, index: int, clause: Mapping[str, Any]) -> list[tuple[Written, Lowered]]:
            every = [*self._written_in(document, index, clause)]
            if chosen is None:
                return [(written, lowering.in_every_way(written)) for written in every]
            return [(written, lowering.under(written, scope.chosen)) for written in every]

        for document, index, clause in self.clause_tables():
            if self._kept is None:
                yield from lowered(document, index, clause)
            else:
                what, make = ("clause", document.path, index, chosen), partial(lowered, document, index, clause)
                yield from self._once(what, (clause, *scope.words), make)

    def _written(self) -> Iterator[Written]:
        """Yield the rule tables."""
        for document, index, clause in self.clause_tables():
            yield from self._written_in(document, index, clause)

    def _written_in(self, document: Document, index: int, clause: Mapping[str, Any]) -> Iterator[Written]:
        """Yield the rule tables of a clause, each without what the schema has something against."""
        for kind in (kind for name, kind in self.kinds.items() if name in clause):
            tables = clause[kind.name]
            for position, values in enumerate(tables if isinstance(tables, list) else ()):
                if isinstance(values, dict):
                    path: KeyPath = ("clause", index, kind.name, position)
                    default = f"{clause['number']}/{kind.name}" + (f"-{position + 1}" if position else "")
                    whole = values
                    if self.broken(document, *path):
                        whole = {key: values[key] for key in values if not self.broken(document, *path, key)}
                    yield Written(document, path, whole, kind, clause["number"], default)

    def _consistent(
        self, clauses: Mapping[str, Clause], tables: list[Lowered], span: tuple[int, int], events: Events
    ) -> None:
        """Report what is wrong with the policy as a whole, as far as what is broken in it allows."""
        places: dict[str, tuple[Document, KeyPath]] = {}
        carried: set[str] = set()
        for document, index, table in self.clause_tables():
            places.setdefault(table["number"], (document, ("clause", index)))
            unsure = self.broken(document, "clause", index, "ground")
            if unsure or any(key not in _NO_CARRIER for key in table):
                carried.add(table["number"])
        self.problems.extend(check.clause_problems(clauses, carried, places))
        fixed = [lowered for lowered in tables if self._fixed(lowered)]
        self.problems.extend(check.rule_problems([lowered.rules for lowered in fixed], span, events))
        unsure_of = frozenset(lowered.table.clause for lowered in tables if not lowered.sound)
        sound = [rule for lowered in tables if lowered.sound for rule in lowered.rules]
        self.problems.extend(check.licence_problems(sound, unsure_of))

    def _fixed(self, lowered: Lowered) -> bool:
        """Whether nothing is wrong with a table, and it says the same under all readings under which it stands."""
        return lowered.sound and not lowered.varies

    def notes(self, policy: Policy) -> Iterator[Problem]:
        """Yield what is worth knowing of a policy that was built: what it leaves open, and what it can hardly mean."""
        events = Events(policy.vocabulary, layer=policy.layer)
        rules = [(rule, lowered) for lowered in self.tables for rule in lowered.rules]
        yield from check.contradictions((rule for rule, lowered in rules if self._fixed(lowered)), events)
        permits = ((rule, lowered.table) for rule, lowered in rules if isinstance(rule, Permit))
        yield from check.open_items(((permit, table.values.get("items") == ANY) for permit, table in permits), events)
        yield from check.idle_alternatives([(rule, lowered.table) for rule, lowered in rules])
        yield from order_notes(rule for rule, _ in rules)
        used = frozenset[str]().union(*(lowered.table.used for lowered in self.tables))
        for document in self.pack.rules:
            for name in table_of(document.data.get("conditions")):
                if name not in used:
                    yield UNUSED_CONDITION.at(document.place(("conditions", name)), name=name)
        for lowered in self.tables:
            for told in lowered.table.notes:
                about = frozenset({("rule", lowered.table.head.id)})
                yield msgspec.structs.replace(told(), clause=lowered.table.clause, speaks_of=about)
        for document, index, table in self.clause_tables():
            for position, point in enumerate(table.get("open", ())):
                place = document.place(("clause", index, "open", position))
                note = OPEN_POINT.at(place, point=text_of(point))
                yield msgspec.structs.replace(note, clause=table["number"])

    @property
    def _about(self) -> Document:
        """The document that has the table ``[policy]``."""
        return next(document for document in self.pack.rules if "policy" in document.data)

    def layer_reach(self, policy: Policy) -> Iterator[Problem]:
        """Yield, of a layer, for which operations it must permit as well, and which it leaves, as a note."""
        if not policy.layer:
            return
        place = self._about.place(("policy", "layer"))
        decided, left = ([name for name in OPERATIONS if (name in policy.decides) is here] for here in (True, False))
        if not decided:
            yield LAYER_LEAVES_ALL.at(place)
        elif not left:
            yield LAYER_DECIDES_ALL.at(place)
        else:
            yield LAYER_REACH.at(place, decided=", ".join(decided), left=", ".join(left))


def _instant(value: Any, default: int) -> int:
    return instant(value) if isinstance(value, str) else default


def _named(rules: Iterable[Rule]) -> frozenset[str]:
    """Return the operations that the permits among `rules` name."""
    return frozenset[str]().union(*(rule.operations for rule in rules if isinstance(rule, Permit)))
