"""What of a policy some events never meet: rules and clauses on which no decision on them rests."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from policyengine.analysis.problems import UNMET_CLAUSE, UNMET_RULE
from policyengine.analysis.study import Remark, Study
from policyengine.model.decision import Decision


def unmet(study: Study, decisions: Iterable[Decision]) -> Iterator[Remark]:
    """Yield the clauses on which no decision rests, and of the others the rules.

    A decision rests on the rules that it cites, and on those whose obligations it imposes. Rules that do not stand
    under the default readings are not asked.

    Args:
        study: the policy.
        decisions: what was decided under it.
    """
    rules: set[str] = set()
    owed: set[str] = set()
    number = 0
    for decision in decisions:
        number += 1
        rules.update(rule.removeprefix(f"{study.policy.id}:") for rule in decision.rules)
        owed.update(obligation.id for obligation in decision.obligations)
    heads = {rule.head.id: rule.head for rule in study.policy.rules}
    met = {table for table, head in heads.items() if table in rules or not owed.isdisjoint(head.obligations)}
    clauses = {heads[table].clause for table in met}
    told: set[str] = set()
    for table, head in heads.items():
        if head.clause not in clauses and head.clause not in told:
            told.add(head.clause)
            problem = UNMET_CLAUSE.at(head.place, number=head.clause, events=number)
            yield Remark(replace(problem, clause=head.clause))
        elif head.clause in clauses and table not in met:
            problem = UNMET_RULE.at(head.place, rule=table, events=number)
            yield Remark(replace(problem, clause=head.clause, speaks_of=frozenset({("rule", table)})))
