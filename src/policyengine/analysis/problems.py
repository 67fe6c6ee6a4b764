"""What analyses of policies find."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

SHADOWED_RULE: Final = Code(
    "shadowed-rule",
    ja="ルール「{rule}」の決めることは、どれもほかのルールで決まっています: {others}",
    en='nothing hangs on the rule "{rule}": whatever it would decide is decided by others: {others}',
    means=Text(
        ja="このルールがなくても、どのイベントの結果も、根拠の条項も、義務も変わりません。挙げたルールを除けば、変わるようになります。",
        en="Without the rule, no event is decided otherwise: outcome, clauses and obligations are the same. Without "
        "the rules that are named, some would be.",
    ),
    severity="warning",
    example="""
$ cp shop.toml again.toml
$ printf '[[clause.purpose-limitation]]\\nitems = ["name"]\\nsubjects = ["customer"]\\n' >> again.toml
$ printf 'purposes = ["delivery"]\\n' >> again.toml
$ policyengine analyze again.toml --lang en 2>&1 | grep shadowed-rule
again.toml:…: warning: shadowed-rule: …
""",
)
CONTRADICTED_RULE: Final = Code(
    "contradicted-rule",
    ja="ルール「{rule}」の認めることは、いつも {others} が退けます",
    en='the rule "{rule}" permits nothing: {others} strike out all that it would permit',
    means=Text(
        ja="許可のルールですが、認めるはずの取扱いのすべてを、ほかのルールが禁じるか、置き換えます。",
        en="A permit whose flows other rules forbid, or replace, every one of them.",
    ),
    severity="warning",
    example="""
$ cp shop.toml torn.toml
$ printf '[[clause.prohibition]]\\npurposes = ["delivery"]\\n' >> torn.toml
$ policyengine analyze torn.toml --lang en 2>&1 | grep contradicted-rule
torn.toml:…: warning: contradicted-rule: …
""",
)
IDLE_RULE: Final = Code(
    "idle-rule",
    ja="ルール「{rule}」に変えられることは、ほかのルールがなくても、何もありません",
    en='nothing hangs on the rule "{rule}": there is no flow that it could change, even without the rules beside it',
    means=Text(
        ja="このルールがなくても、どのイベントの判断も変わりません。"
        "このルールの述べる取扱いを認めるルールがないか、有効な間に当てはまるイベントがありません。",
        en="Without the rule, no event is decided otherwise, and other rules are not why: no rule permits the flows of "
        "which it speaks, or no event meets it while it is in force.",
    ),
    severity="warning",
    example="""
$ cp shop.toml idle.toml
$ printf '[[clause.obligation]]\\noperations = ["provide"]\\noblige = ["tell"]\\n' >> idle.toml
$ policyengine analyze idle.toml --lang en 2>&1 | grep idle-rule
idle.toml:…: warning: idle-rule: …
""",
)
ONLY_CITED: Final = Code(
    "only-cited",
    ja="ルール「{rule}」がなくても結果と義務は変わらず、根拠に挙がる条項だけが変わります",
    en='no outcome hangs on the rule "{rule}", and no obligation: only which clauses are cited',
    means=Text(
        ja="誤りとは限らない注記です。同じ取扱いを、ほかのルールも同じに決めます。例は、根拠の条項が変わるイベントです。",
        en="A note, and often meant: other rules decide the same flows likewise. The witness is an event of which "
        "other "
        "clauses would be cited.",
    ),
    severity="note",
    example="""
$ cp shop.toml cited.toml
$ printf '[[clause]]\\nnumber = "2"\\nsummary = {ja = "二", en = "two"}\\n' >> cited.toml
$ printf '[[clause.purpose-limitation]]\\nitems = ["name"]\\nsubjects = ["customer"]\\n' >> cited.toml
$ printf 'purposes = ["delivery"]\\n' >> cited.toml
$ policyengine analyze cited.toml --lang en 2>&1 | grep only-cited
cited.toml:…: note: only-cited: …
""",
)
IMPLIED_RULE: Final = Code(
    "implied-requirement",
    ja="ルール「{rule}」の求めることは、いつも {others} も求めます",
    en='whatever the rule "{rule}" asks, {others} ask as well: only which clauses are cited hangs on it',
    means=Text(
        ja="誤りとは限らない注記です。この要件を満たさない取扱いは、ほかのルールのために、この要件がなくても認められません。",
        en="A note: what does not meet the requirement is not permitted without it either, because of other rules.",
    ),
    severity="note",
    example="""
$ cp shop.toml implied.toml
$ printf '[[clause]]\\nnumber = "2"\\nsummary = {ja = "二", en = "two"}\\n' >> implied.toml
$ printf '[[clause.requirement]]\\nrequire.facts = {type = "consent"}\\n[[clause]]\\n' >> implied.toml
$ printf 'number = "3"\\nsummary = {ja = "二", en = "two"}\\n[[clause.requirement]]\\n' >> implied.toml
$ printf 'require.facts.all = [{type = "consent"}, {type = "notice"}]\\n' >> implied.toml
$ policyengine analyze implied.toml --lang en 2>&1 | grep implied-requirement
implied.toml:…: note: implied-requirement: …
""",
)
VACUOUS_CLAUSE: Final = Code(
    "vacuous-clause",
    ja="条項「{number}」のどのルールも、何も決めません: {rules}",
    en='nothing hangs on clause "{number}": none of its rules decides anything ({rules})',
    means=Text(
        ja="条項のどのルールも、一つずつ除いて何も変わりません。",
        en="None of the rules of the clause decides anything, each by itself.",
    ),
    severity="warning",
    example="""
$ cp shop.toml vacuous.toml
$ printf '[[clause]]\\nnumber = "2"\\nsummary = {ja = "二", en = "two"}\\n' >> vacuous.toml
$ printf '[[clause.obligation]]\\noperations = ["provide"]\\noblige = ["tell"]\\n' >> vacuous.toml
$ printf '[[clause.obligation]]\\noperations = ["provide"]\\noblige = ["tell"]\\n' >> vacuous.toml
$ policyengine analyze vacuous.toml --lang en 2>&1 | grep vacuous-clause
vacuous.toml:…: warning: vacuous-clause: …
""",
)
UNDECIDED: Final = Code(
    "undecided",
    ja="ルール「{rule}」が何かを決めるかは、判断できませんでした: {why}",
    en='whether anything hangs on the rule "{rule}" could not be told: {why}',
    means=Text(
        ja="注記です。許した回数のうちに答えが出なかったか、差の探索が扱えない条件があります。黙って飛ばすことはありません。",
        en="A note: the bound was hit before there was an answer, or a rule asks what the difference finder cannot "
        "decide. Nothing is left out silently.",
    ),
    severity="note",
    example="""
$ cp shop.toml far.toml
$ printf '[[clause.requirement]]\\nrequire.facts = {type = "consent"}\\n' >> far.toml
$ policyengine analyze far.toml --regions 1 --lang en 2>&1 | grep -m 1 undecided
far.toml:…: note: undecided: …
""",
)
NEVER_PERMITTED: Final = Code(
    "never-permitted",
    ja="{dimension} の「{word}」の取扱いは、どれも認められません",
    en='nothing permits any flow with "{word}" of {dimension}',
    means=Text(
        ja="注記です。この語（とその種類）を述べるイベントは、どの読み方でも、どのような事実があっても、認められません。",
        en="A note: no event that states the word, or a kind of it, is ever permitted, under any reading and "
        "whatever facts there "
        "are.",
    ),
    severity="note",
    example="""
$ policyengine analyze shop.toml --lang en 2>&1 | grep -m 1 never-permitted
shop.toml:…: note: never-permitted: …
""",
)
OPERATION_NEVER_PERMITTED: Final = NEVER_PERMITTED.also(
    ja="「{operation}」は、どれも認められません", en="nothing permits any flow of this operation: {operation}"
)
UNUSED_WORD: Final = Code(
    "unused-word",
    ja="{dimension} の「{word}」を使うルールはありません",
    en='no rule uses "{word}" of {dimension}',
    means=Text(
        ja="宣言した語ですが、どのルールも、事実の条件も、条項の定義も挙げず、認める取扱いもありません。属性と義務では、試すルール・課すルールがありません。",
        en="A word that is declared, and that no rule, no condition on facts and no definition of a clause names; "
        "nor is any flow "
        "with it permitted. Of attributes and obligations: no rule tests, or imposes, it.",
    ),
    severity="warning",
    example="""
$ policyengine analyze shop.toml --lang en 2>&1 | grep -m 1 unused-word
shop.toml:…: warning: unused-word: …
""",
)
LOOK_ALIKE: Final = Code(
    "look-alike",
    ja="「{word}」は「{other}」と見分けがつきません（{signs}）",
    en='"{word}" looks like "{other}" ({signs})',
    means=Text(
        ja="Unicode の表（UTS 39）で見分けのつかない文字だけが違う語が、二つあります。"
        "人は一つの語と読みますが、エンジンには別の語です。",
        en="Two words that differ only in signs which people cannot tell apart, by the table of Unicode (UTS 39). "
        "People read one "
        "word, and the engine knows two.",
    ),
    severity="warning",
    example="""
$ mkdir twice; cp shop.toml twice
$ printf '[vocabulary.items]\\n"n\\u0430me" = {ja = "氏名", en = "name"}\\n' > twice/words.toml
$ policyengine analyze twice --lang en 2>&1 | grep look-alike
twice/words.toml:2:1: warning: look-alike: …
""",
)
IDLE_READING: Final = Code(
    "idle-reading",
    ja="読み方「{name}」は、何も変えません",
    en='the reading "{name}" changes nothing',
    means=Text(
        ja="ほかの読み方が何であっても、この読み方のどの値でも、どのイベントの結果も、根拠の条項も、義務も同じです。",
        en="Under each of its values, whatever the other readings are, every event has the same outcome, clauses and "
        "obligations.",
    ),
    severity="warning",
    example="""
$ policyengine analyze shop.toml --lang en 2>&1 | grep -m 1 idle-reading
shop.toml:…: warning: idle-reading: …
""",
)
DATE_GAP: Final = Code(
    "date-gap",
    ja="「{before}」の終わる {start} から「{after}」の始まる {end} まで、前後と違う判断になります",
    en='from {start}, where "{before}" ends, until {end}, where "{after}" begins, '
    "it is decided otherwise than before and after",
    means=Text(
        ja="同じ条項のルールが、ある時に終わり、後の時にまた始まります。例は、前にも後にも同じく判断され、その間だけ違う判断になるイベントです。",
        en="A rule of a clause ends at one time, and another begins at a later one. The witness is an event that is "
        "decided alike "
        "before and after, and otherwise in between.",
    ),
    severity="warning",
    example="""
$ cp shop.toml gap.toml
$ printf '[[clause]]\\nnumber = "2"\\nsummary = {ja = "二", en = "two"}\\n' >> gap.toml
$ printf '[[clause.provision]]\\nitems = ["name"]\\nuntil = 2026-04-01T00:00:00Z\\n' >> gap.toml
$ printf '[[clause.provision]]\\nitems = ["name"]\\nfrom = 2026-05-01T00:00:00Z\\n' >> gap.toml
$ policyengine analyze gap.toml --lang en 2>&1 | grep date-gap
gap.toml:…: warning: date-gap: …
""",
)
ESCAPED: Final = Code(
    "escaped-by-silence",
    ja="{fields} を述べないイベントは、ルール「{rule}」の制限を逃れます（pass_unstated）",
    en='an event that leaves {fields} open escapes the rule "{rule}" (pass_unstated)',
    means=Text(
        ja="注記です。例は、項目を述べないことで認められるイベントです。`pass_unstated` がなければ拒否されます。",
        en="A note: the witness is an event that is permitted because it leaves the field open; without "
        "`pass_unstated` it would be "
        "denied.",
    ),
    severity="note",
    example="""
$ cp shop.toml silent.toml
$ printf '[[clause.prohibition]]\\nattributes.age.below = 16\\n' >> silent.toml
$ printf 'pass_unstated = ["attributes.age"]\\n' >> silent.toml
$ policyengine analyze silent.toml --lang en 2>&1 | grep escaped-by-silence
silent.toml:…: note: escaped-by-silence: …
""",
)
UNMET_CLAUSE: Final = Code(
    "unmet-clause",
    ja="{events} 件のイベントの判断のどれも、条項「{number}」のルールを根拠としません",
    en='none of the decisions on {events} events rests on a rule of clause "{number}"',
    means=Text(
        ja="`analyze --used` の注記です。その条項のどのルールも、判断に引かれず、義務を課していません。",
        en="A note of `analyze --used`: no rule of the clause is cited by a decision, and none has "
        "imposed its obligations.",
    ),
    severity="note",
    example="""
$ printf '{"id":"e","time":"2026-11-24T09:00:00+09:00","operation":"use","subject":' > u.jsonl
$ printf '{"category":"stranger"},"items":["name"],"purpose":"delivery"}\\n' >> u.jsonl
$ policyengine analyze shop.toml --used u.jsonl --lang en 2>&1 | grep unmet-clause
shop.toml:…: note: unmet-clause: …
""",
)
UNMET_RULE: Final = Code(
    "unmet-rule",
    ja="{events} 件のイベントの判断のどれも、ルール「{rule}」を根拠としません",
    en='none of the decisions on {events} events rests on the rule "{rule}"',
    means=Text(
        ja="`analyze --used` の注記です。そのルールは、判断に引かれず、義務を課していません。"
        "条項のほかのルールは使われています。",
        en="A note of `analyze --used`: no decision cites the rule, and it has imposed no obligation. Others of its "
        "clause have.",
    ),
    severity="note",
    example="""
$ printf '{"id":"e","time":"2026-11-24T09:00:00+09:00","operation":"use","subject":' > v.jsonl
$ printf '{"category":"customer"},"items":["name"],"purpose":"delivery"}\\n' >> v.jsonl
$ cp shop.toml unmet.toml
$ printf '[[clause.prohibition]]\\nattributes.age.below = 16\\npass_unstated = ["attributes.age"]\\n' >> unmet.toml
$ policyengine analyze unmet.toml --used v.jsonl --lang en 2>&1 | grep unmet-rule
unmet.toml:…: note: unmet-rule: …
""",
)
UNDECIDED_WORD: Final = UNDECIDED.also(
    ja="「{word}」の取扱いが認められるかは、判断できませんでした: {why}",
    en='whether any flow with "{word}" is permitted could not be told: {why}',
)
UNDECIDED_READING: Final = UNDECIDED.also(
    ja="読み方「{name}」が何かを変えるかは、判断できませんでした: {why}",
    en='whether the reading "{name}" changes anything could not be told: {why}',
)
UNDECIDED_GAP: Final = UNDECIDED.also(
    ja="「{before}」と「{after}」の間で判断が変わるかは、判断できませんでした: {why}",
    en='whether it is decided otherwise between "{before}" and "{after}" could not be told: {why}',
)
UNDECIDED_ESCAPE: Final = UNDECIDED.also(
    ja="述べないことでルール「{rule}」を逃れるイベントがあるかは、判断できませんでした: {why}",
    en='whether an event escapes the rule "{rule}" by what it leaves open could not be told: {why}',
)
