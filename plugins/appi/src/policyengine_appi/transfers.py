"""What the Act asks of contractors (25, 27(5)(i)), of recipients abroad (28), and of processed data (41, 43)."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from policyengine.errors import Code
from policyengine.model.condition import Field, Holds, leaves
from policyengine.model.operation import OPERATIONS
from policyengine.model.rule import Permit, Restriction, conditions_of
from policyengine.text import Text, listed
from policyengine_appi.case import Case, at, by_clause, word
from policyengine_appi.lint import ArticleLint, Found
from policyengine_appi.provision import bare
from policyengine_appi.words import SELECTION, WATCHING

_PURPOSE: Final = Code(
    "appi-entrust-purpose",
    ja="利用目的の裏付けも同意もなしに委託します",
    en="data are entrusted with neither a purpose that licenses it nor consent",
    means=Text(
        ja="委託先が第三者でないのは、利用目的の達成に必要な範囲の委託だけです。`licensed_by` "
        "で利用目的の条項を示してください。",
        en="A contractor is no third party only within what a purpose needs. Lean the entrustment on the clause of "
        "the purpose "
        "(`licensed_by`).",
    ),
)
_SUPERVISION: Final = Code(
    "appi-entrust-supervision",
    ja="委託先の選定も、契約も、取扱いの把握も求めていません",
    en="neither is a contractor selected, nor bound by contract, nor watched",
    means=Text(
        ja="委託先の監督は、選定、契約、取扱いの把握からなります。要件（`vetting`、`contract`）"
        "と義務で求めてください。",
        en="To supervise a contractor is to select it, to bind it by contract and to watch it. Ask for it by "
        "requirements "
        "(`vetting`, `contract`) and obligations.",
    ),
    severity="warning",
)
_SUPERVISION_LACKS: Final = _SUPERVISION.also(
    ja="委託先の監督のうち、{aspects}を求めていません",
    en="of the supervision of contractors it does not ask for {aspects}",
)
_ABROAD: Final = Code(
    "appi-abroad",
    ja="{operations}: 相手がどの国にあっても許します",
    en="{operations}: permitted whatever country the recipient is in",
    means=Text(
        ja="外国にある第三者への提供には、そのための同意か、相当措置の体制が要ります。国を限るか（`countries`）、"
        "`foreign_consent` か `equivalent_system` を求めてください。",
        en="To give data to somebody abroad takes consent to that, or a system of equivalent measures. Limit the "
        "countries "
        "(`countries`), or ask for `foreign_consent` or `equivalent_system`.",
    ),
    severity="warning",
)
_PSEUDONYMISED: Final = Code(
    "appi-pseudonymised",
    ja="仮名加工情報を、法令によらずに第三者に提供できます",
    en="pseudonymised data can be provided without a law that asks for it",
    means=Text(
        ja="仮名加工情報は、同意があっても、法令による場合のほかは第三者に提供できません。ルールの `forms` "
        "で除いてください。"
        "扱うルールがあれば、利用目的の公表を `[policy.published]` の `pseudonymised` に書いてください。",
        en="Pseudonymised data go to no third party but by law, consent or not. Leave them out by `forms`. Where a "
        "rule handles "
        "them, tell in `pseudonymised` of `[policy.published]` for what that is published.",
    ),
    severity="warning",
)
_PSEUDONYMISED_UNTOLD: Final = _PSEUDONYMISED.also(
    ja="仮名加工情報を扱いますが、その利用目的の公表を述べていません",
    en="pseudonymised data are handled, and it is not told what is published of their purposes",
)
_ANONYMISED: Final = Code(
    "appi-anonymised",
    ja="匿名加工情報を提供しますが、項目と方法の公表を述べていません",
    en="anonymised data are provided, and it is not told that their items and the method are published",
    means=Text(
        ja="匿名加工情報の提供には、項目と提供の方法の公表が要ります。`[policy.published]` の `anonymised` "
        "に書いてください。",
        en="Before anonymised data are provided, their items and the method are published. Tell it in `anonymised` of "
        "`[policy.published]`.",
    ),
    severity="warning",
)

_SELECTED: Final = Text(ja="選定", en="a selection")
_BOUND: Final = Text(ja="契約", en="a contract")
_WATCHED: Final = Text(ja="取扱いの把握", en="watching how the data are handled")


def _purpose(case: Case) -> Iterator[Found]:
    for permit in case.permitting("entrust"):
        if permit.licensed_by is not None or permit.licence:
            continue
        told = case.named(permit, Field.PURPOSE)
        if told and all(map(case.serves, told)):
            continue
        if case.possible(permit, "entrust", case.personal, without=case.grounds):
            yield Found(_PURPOSE.text(), at(permit), permit.head.clause)


def _supervision(case: Case) -> Iterator[Found]:
    permits = case.permitting("entrust")
    if not permits:
        return
    asked: set[Text] = set()
    for rule in case.rules:
        if not isinstance(rule, Permit | Restriction) or not case.speaks_of(rule, "entrust"):
            continue
        conditions = (rule.unless,) if isinstance(rule, Restriction) else conditions_of(rule)
        facts = {leaf.type for condition in conditions for leaf in leaves(condition) if isinstance(leaf, Holds)}
        asked |= {_BOUND} if "contract" in facts else set()
        asked |= {_SELECTED} if any(case.fact(name, SELECTION) for name in facts) else set()
    duties = list(case.obliged("entrust"))
    asked |= {_WATCHED} if any(case.obliges(name, WATCHING) for name in duties) else set()
    asked |= {_SELECTED} if any(case.obliges(name, SELECTION) for name in duties) else set()
    lacking = [aspect for aspect in (_SELECTED, _BOUND, _WATCHED) if aspect not in asked]
    permit = permits[0]
    if not asked:
        yield Found(_SUPERVISION.text(), at(permit), permit.head.clause, "warning")
    elif lacking:
        yield Found(_SUPERVISION_LACKS.text(aspects=listed(lacking)), at(permit), permit.head.clause, "note")


def _abroad(case: Case) -> Iterator[Found]:
    without = {"foreign_consent", "equivalent_system"}
    transfers = ("joint_use", "entrust", "provide")
    for clause, permits in by_clause(case.permitting(*transfers)).items():
        found: dict[str, Permit] = {}
        for permit in permits:
            for operation in transfers:
                if operation not in permit.operations or operation in found:
                    continue
                if case.possible(permit, operation, case.personal, case.abroad, without=without):
                    found[operation] = permit
        if found:
            operations = listed([OPERATIONS[name] for name in found])
            yield Found(_ABROAD.text(operations=operations), at(next(iter(found.values()))), clause, "warning")


def _pseudonymised(case: Case) -> Iterator[Found]:
    if "pseudonymised" not in case.vocabulary.terms["forms"]:
        return
    asked = word(Field.FORM, "pseudonymised")
    without = case.succession | (case.law - {"legal_basis"})
    for clause, permits in by_clause(case.permitting("provide")).items():
        for permit in permits:
            if case.possible(permit, "provide", asked, without=without, facts=bare):
                yield Found(_PSEUDONYMISED.text(), at(permit), clause, "warning", article="41(6)")
                break
    if case.about("published", "pseudonymised") is None:
        for permit in case.permits:
            if "pseudonymised" in case.named(permit, Field.FORM):
                yield Found(_PSEUDONYMISED_UNTOLD.text(), at(permit, "forms"), permit.head.clause, "warning")


def _anonymised(case: Case) -> Iterator[Found]:
    if case.about("published", "anonymised") is not None:
        return
    for permit in case.permitting("joint_use", "entrust", "provide"):
        if "anonymised" in case.named(permit, Field.FORM):
            yield Found(_ANONYMISED.text(), at(permit, "forms"), permit.head.clause, "warning")


LINTS: Final = (
    ArticleLint(_PURPOSE, "27(5)(i)", _purpose),
    ArticleLint(_SUPERVISION, "25", _supervision),
    ArticleLint(_ABROAD, "28(1)", _abroad, "2017-05-30"),
    ArticleLint(_PSEUDONYMISED, "41(3)", _pseudonymised, "2022-04-01"),
    ArticleLint(_ANONYMISED, "43(4)", _anonymised, "2017-05-30"),
)
