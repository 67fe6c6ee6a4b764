"""What can be wrong with the words of rule files, and with a policy as a whole; their form is what schemas check."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.schema.problems import MISSING_KEY, NOT_HERE, UNKNOWN_KEY, UNKNOWN_VALUE, WRONG_TYPE
from policyengine.text import Text

# Words

UNKNOWN_KIND: Final = Code(
    "unknown-kind",
    ja="未知のルールの種類「{kind}」",
    en='unknown kind of rule "{kind}"',
    means=Text(
        ja="条項の中の表のリストの名前が、ルールの種類のどれでもありません。種類を持つプラグインが必要かもしれません。",
        en="A list of tables in a clause whose name is no kind of rule. Mend the spelling, or install the plugin that "
        "brings it.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibitions]]
items = ["name"]
""",
)
IS_CONFIGURATION: Final = Text(
    ja="エンジンの設定ファイルなら、policyengine.toml という名前にするか、`--config` で示します",
    en="a configuration of an engine is called policyengine.toml, or named with `--config`",
)
"""The hint at a key ``policies``, which configurations have and rule files do not."""

UNKNOWN_TERM: Final = Code(
    "unknown-term",
    ja="{dimension} に「{term}」はありません",
    en='unknown term "{term}" in {dimension}',
    means=Text(
        ja="語彙が宣言していない言葉か、ISO 3166-1 にない国です。綴りを直すか、`[vocabulary]` に宣言してください。",
        en="A word that the vocabulary does not declare, or a country that ISO 3166-1 does not have. Mend the "
        "spelling, or declare it in `[vocabulary]`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["adress"]
""",
)
NO_SUCH_TERM: Final = UNKNOWN_TERM.also(ja="「{term}」という言葉はありません", en='there is no term "{term}"')
UNKNOWN_RULE: Final = Code(
    "unknown-rule",
    ja="「{name}」というルールはありません",
    en='there is no rule "{name}"',
    means=Text(
        ja="所見の受け入れ（`[policy]` の `accepted`）が、ないルールの ID を挙げています。",
        en="A finding is accepted (`accepted` in `[policy]`) of a rule whose id is not there.",
    ),
    example="""
$ printf 'accepted = [{code = "open-items", rule = "deliver", until = 2027-04-01, reason = {ja = "一", en = "a"}}]' > a
$ (sed '/^governs/q' shop.toml; cat a; echo; sed '1,/^governs/d' shop.toml) > accepting.toml
$ policyengine check accepting.toml --lang en
accepting.toml:6:35: error: unknown-rule: there is no rule "deliver" (did you mean "delivery"?)
...
""",
)
UNKNOWN_ATTRIBUTE: Final = Code(
    "unknown-attribute",
    ja="未宣言の属性「{name}」",
    en='unknown attribute "{name}"',
    means=Text(
        ja="宣言されていない属性です。`[vocabulary.attributes]` に宣言してください。",
        en="An attribute that is not declared. Declare it in `[vocabulary.attributes]`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
attributes.aged.below = 16
""",
)
ATTRIBUTE_TYPE: Final = WRONG_TYPE.also(ja="属性「{name}」は {type} です", en='attribute "{name}" is of type {type}')
NONE_OF_KEYS: Final = MISSING_KEY.also(ja="{keys} のどれかが必要です", en="one of {keys} is required")
NOT_PASSING: Final = Code(
    "not-passing",
    ja="「{key}」は、述べなくても通せる項目ではありません",
    en='"{key}" is no field that an event may leave open',
    means=Text(
        ja="`pass_unstated` に書けるのは、イベントが述べなくてもよい項目（`origins`、`services`、`countries`、"
        "`acquired`）と、宣言された属性（`attributes.名前`）だけです。",
        en="Only the fields that an event may leave open (`origins`, `services`, `countries`, `acquired`) and "
        "declared attributes (`attributes.NAME`) can be listed in `pass_unstated`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
countries = ["JP"]
pass_unstated = ["country"]
""",
)
UNKNOWN_ZONE: Final = Code(
    "unknown-time-zone",
    ja="タイムゾーン「{name}」はありません",
    en='there is no time zone "{name}"',
    means=Text(
        ja="IANA のタイムゾーンの名前（`Asia/Tokyo` など）ではありません。",
        en="It is no name of a time zone of IANA, such as `Asia/Tokyo`.",
    ),
)
UNKNOWN_CONDITION: Final = Code(
    "unknown-condition",
    ja="「{name}」という条件（[conditions]）はありません",
    en='unknown condition "{name}"',
    means=Text(
        ja="宣言されていない条件の名前です。綴りを直すか、`[conditions.名前]` に宣言してください。",
        en="The name of a condition that is not declared. Mend the spelling, or declare it in `[conditions.NAME]`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
condition = "abroad"
""",
)
CYCLIC_CONDITION: Final = Code(
    "cyclic-condition",
    ja="条件「{name}」が、ほかの条件を経て自分自身を指しています",
    en='the condition "{name}" comes back to itself',
    means=Text(
        ja="名前の付いた条件が、`condition` をたどると自分に戻ります。輪を断ってください。",
        en="A named condition that leads back to itself by way of `condition`. Break the circle.",
    ),
    example="""
[conditions.here]
ja = "ここ"
en = "here"
not = {condition = "elsewhere"}
[conditions.elsewhere]
ja = "よそ"
en = "elsewhere"
not = {condition = "here"}
""",
)
UNUSED_CONDITION: Final = Code(
    "unused-condition",
    ja="条件「{name}」を使うルールはありません",
    en='no rule uses the condition "{name}"',
    means=Text(
        ja='誤りではなく注記です。`condition = "名前"` と書くルールがありません。使うか、消してください。',
        en='A note, no error: no rule says `condition = "NAME"`. Use it, or take it out.',
    ),
    severity="note",
    example="""
[conditions.minor]
ja = "未成年"
en = "minor"
items = ["name"]
""",
)
REWARDS_SILENCE: Final = Code(
    "rewards-silence",
    ja="{name}の stated = {value} は、ここでは示さない方が得になるので書けません（{side}）",
    en="stated = {value} of {name} would reward silence here ({side})",
    means=Text(
        ja="イベントが述べないことは助けになりません。許可し、求め、外すところに書けるのは `stated = true` だけ、"
        "制限するところに書けるのは `stated = false` だけです（`not` の下では逆になります）。",
        en="What an event does not say never helps. Where a rule permits, requires or lifts, only `stated = true` can "
        "stand, and where it restricts only `stated = false`; below `not` the two change places.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
attributes.age.stated = true
""",
)
UNKNOWN_FACT_FIELD: Final = Code(
    "unknown-fact-field",
    ja="{type} に項目「{field}」はありません",
    en='{type} has no field "{field}"',
    means=Text(
        ja="その種類の事実にない項目か、ルールが値を名指せない項目です。"
        '値を名指せるのは `held = "value"` の項目だけで、'
        "ほかの項目はイベントと照らされます。",
        en='A field that the type does not have, or whose value a rule cannot name: only those with `held = "value"` '
        "are named, the others are held against the event.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.provision]]
facts = {type = "contract", party = "carrier"}
""",
)
FIELD_WITHOUT_VALUE: Final = UNKNOWN_FACT_FIELD.also(
    ja="{type} の値として名指せる項目に「{field}」はありません",
    en='"{field}" is not a field of {type} whose value a rule can name',
)
ONE_FACT_ALONE: Final = Text(
    ja="type のある表は事実一つです。ほかの条件は、facts の隣か、all の別の表に書いてください",
    en="a table with a type is one fact: what else is asked stands beside `facts`, or in another table of `all`",
)
DATED_SET: Final = NOT_HERE.also(
    ja="国の集合「{name}」には期間のある国があり、ここには書けません",
    en='countries are in the set "{name}" for a time: it stands only where a rule narrows flows',
)
UNHELD_VALUE: Final = UNKNOWN_FACT_FIELD.also(
    ja="{type} の {field} は、イベントと照らされる項目ではありません",
    en='the {field} of {type} is a value, and held against nothing that "unheld" could leave out',
)
UNKNOWN_FIELD_VALUE: Final = UNKNOWN_VALUE.also(
    ja="{type} の {field} に「{value}」はありません", en='{field} of {type} cannot be "{value}"'
)
VALUES_OF_NO_VALUE: Final = UNKNOWN_KEY.also(
    ja="{key} を持てるのは held が value の項目だけです", en='only a field held against a "value" has {key}'
)
VALUES_AND_TERMS: Final = UNKNOWN_KEY.also(
    ja="values と of は同時に書けません", en="a field has values of its own, or terms of a dimension"
)
OPEN_WITHOUT_VALUES: Final = UNKNOWN_KEY.also(
    ja="open は values のある項目に書きます", en="a field is open beside the values that it lists"
)
NO_VALUES_TO_ADD: Final = UNKNOWN_KEY.also(
    ja="項目「{field}」には値の一覧がありません", en='the field "{field}" has no list of values to add to'
)
FACT_EXPRESSION: Final = Code(
    "fact-expression",
    ja="type（事実一つ）、all、any、not のどれか一つだけを書きます",
    en="expected exactly one of type (one fact), all, any, not",
    means=Text(
        ja="事実の式がどの形でもないか、複数の形を兼ねています。`all` か `any` のリストに分けてください。",
        en="A fact expression in no form, or in several. Put the parts into a list below `all` or `any`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.provision]]
facts = {type = "consent", any = [{type = "vetting"}]}
""",
)
UNKNOWN_READING: Final = Code(
    "unknown-reading",
    ja="未宣言の読み方「{name}」",
    en='unknown reading "{name}"',
    means=Text(
        ja="宣言されていない読み方です。ホストが読み方を選ぶときも同じです。",
        en="A reading that is not declared; also where a host picks it.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
under = {scopes = "wide"}
items = ["name"]
""",
)
UNKNOWN_READING_PICKED: Final = UNKNOWN_READING.also(
    ja="「{name}」という読み方はありません。あるもの: {known}", en='unknown reading "{name}"; known: {known}'
)
READING_OF_NO_POLICY: Final = UNKNOWN_READING.also(
    ja="読み方「{name}」を選ぶポリシー「{policy}」はありません。あるもの: {known}",
    en='there is no policy "{policy}" to pick a reading "{name}" of; loaded: {known}',
)
UNKNOWN_READING_OF_POLICY: Final = UNKNOWN_READING.also(
    ja="ポリシー「{policy}」に読み方「{name}」はありません。あるもの: {known}",
    en='policy "{policy}" has no reading "{name}"; it has {known}',
)
AMBIGUOUS_READING: Final = Code(
    "ambiguous-reading",
    ja="「{name}」という読み方は複数のポリシーにあります。どれかを書いてください: {known}",
    en='several policies have a reading "{name}"; name one of {known}',
    means=Text(
        ja="ホストが選ぶ読み方の名前が、一つのエンジンの複数のポリシーにあります。`ポリシー:名前` と書いてください。",
        en="A reading that a host picks by a name that several policies of the engine have. Write `POLICY:NAME`.",
    ),
    example="""
$ sed 's/id = "shop"/id = "other"/' shop.toml > other.toml
$ echo '{}' | policyengine evaluate shop.toml other.toml --events - --reading scope=wide
error: ambiguous-reading: several policies have a reading "scope"; name one of other:scope, shop:scope
""",
)
UNKNOWN_READING_VALUE: Final = Code(
    "unknown-reading-value",
    ja="読み方「{name}」に「{value}」はありません",
    en='reading "{name}" has no value "{value}"',
    means=Text(
        ja="読み方にない値です。ホストが読み方を選ぶときも同じです。",
        en="A value that the reading does not have; also where a host picks it.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
under = {scope = "wider"}
items = ["name"]
""",
)
UNKNOWN_READING_VALUE_PICKED: Final = UNKNOWN_READING_VALUE.also(
    ja="読み方「{name}」に「{value}」はありません。{known} のいずれか",
    en='reading "{name}" has no value "{value}"; it has {known}',
)
SHADOWED_NAME: Final = Code(
    "shadowed-name",
    ja="「{name}」は {file} で宣言済みです",
    en='"{name}" is already declared in {file}',
    means=Text(
        ja="宣言済みの名前です。取り込んだファイルにあるかもしれません。一つの名前の意味は一つです。",
        en="A name that is declared already, perhaps in an import. One name has one meaning.",
    ),
    example="""
[vocabulary.items]
name = {ja = "名", en = "name"}
""",
)
FIELD_IS_DECLARED: Final = SHADOWED_NAME.also(
    ja="項目「{field}」は宣言済みです。足せるのは values だけです",
    en='the field "{field}" is declared already; only values can be added to it',
)
VALUE_IS_DECLARED: Final = SHADOWED_NAME.also(
    ja="値「{value}」は宣言済みです", en='the value "{value}" is declared already'
)
NAMED_AS_COUNTRY: Final = SHADOWED_NAME.also(ja="「{name}」は国のコードです", en='"{name}" is the code of a country')
DUPLICATE_RULE: Final = Code(
    "duplicate-id",
    ja="ルール id「{name}」が二つあります",
    en='rule id "{name}" stands twice',
    means=Text(
        ja="条項・ルール・スイートの事例が二つあります。決定はその id で引くため、一つずつにしてください。",
        en="A clause, a rule or a case of a suite that stands twice. Decisions cite them by these, so each is there "
        "once.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
id = "delivery"
items = ["name"]
""",
)
DUPLICATE_CLAUSE: Final = DUPLICATE_RULE.also(ja="条項「{number}」が二つあります", en='clause "{number}" stands twice')
CYCLIC_TERM: Final = Code(
    "cyclic-hierarchy",
    ja="「{name}」が自分自身の一種になっています",
    en='"{name}" is a kind of itself',
    means=Text(
        ja="自分自身の一種である言葉か、自分自身の場合である条項です。`is_a` か `case_of` を一つ外してください。",
        en="A term that is a kind of itself, or a clause that is a case of itself. Take one `is_a` or `case_of` out.",
    ),
    example="""
[vocabulary.items]
home = {is_a = "dwelling", ja = "家", en = "home"}
dwelling = {is_a = "home", ja = "住まい", en = "dwelling"}
""",
)
CYCLIC_CLAUSE: Final = CYCLIC_TERM.also(
    ja="条項「{number}」が自分自身の場合（case_of）になっています", en='clause "{number}" is a case of itself'
)

# The policy as a whole

IDLE_CLAUSE: Final = Code(
    "idle-clause",
    ja="条項「{number}」を実行するルールも、実行できない理由（organisational）もありません",
    en='nothing carries out clause "{number}", and no reason says why not (organisational)',
    means=Text(
        ja="実行するルールのない条項です。ルールを書くか、取扱いを決めない理由を `organisational` に書いてください。",
        en="A clause that no rule carries out. Write its rule, or say in `organisational` why it decides no flow.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
""",
)
ORGANISATIONAL_CLAUSE: Final = Code(
    "organisational-clause",
    ja="条項「{number}」は organisational なのにルールを持っています",
    en='clause "{number}" is organisational and yet carried out by rules',
    means=Text(
        ja="取扱いを決めないと言いながらルールを持つ条項です。どちらかを消してください。",
        en="A clause that says that it decides nothing, and has rules. Take out one or the other.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
organisational = {ja = "取扱いを決めない", en = "It decides no flow."}
[[clause.prohibition]]
items = ["name"]
""",
)
DUPLICATE_GROUND: Final = Code(
    "duplicate-ground",
    ja="ground は条項「{number}」にもあります",
    en='clause "{number}" is the ground already',
    means=Text(
        ja="`ground = true` の条項が二つあります。どの条項も触れていない取扱いに引く条項は、一つです。",
        en="A second clause with `ground = true`. The clause to cite where no clause speaks of a flow is one alone.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
ground = true

[[clause]]
number = "3"
summary = {ja = "三", en = "three"}
ground = true
""",
)
NO_LICENCE: Final = Code(
    "no-licence",
    ja="licensed_by の条項はどれも利用目的を定めていません",
    en="no clause in licensed_by licenses anything",
    means=Text(
        ja="ルールが拠る条項が、どれも何も認めていません。`purpose-limitation` のある条項を挙げてください。",
        en="A rule leans on clauses of which none licenses anything. Name one that does, such as one with a "
        "`purpose-limitation`.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.entrustment]]
licensed_by = ["2"]
""",
)
OTHER_OPERATION: Final = Code(
    "other-operation",
    ja="{kind} が言えるのは {among} だけで、{operation} は言えません",
    en="a {kind} speaks of {among} alone, and not of {operation}",
    means=Text(
        ja="この種類のルールが言えない操作です。どの操作でも許せるのは `permission` です。",
        en="An operation of which this kind of rule cannot speak. A `permission` permits any operation.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.purpose-limitation]]
operations = ["provide"]
purposes = ["delivery"]
""",
)
REPRESENTS_NOBODY: Final = Code(
    "represents-nobody",
    ja="事実の種類「{type}」は代理を表すのに、受領者と突き合わせる項目がありません",
    en='facts of type "{type}" say who represents a person, and no field of theirs is held against the recipient',
    means=Text(
        ja="`represents = true` の種類の事実は、本人に代わって開示を受ける人を挙げます。その人を挙げる項目を、"
        '`held = "recipient"` として宣言してください。',
        en="A fact of a type with `represents = true` names who may be given data in a person's place. Declare the "
        'field that names them, with `held = "recipient"`.',
    ),
    example="""
[vocabulary.facts.mandate]
ja = "委任"
en = "mandate"
represents = true
""",
)
IMPOSSIBLE_RULE: Final = Code(
    "impossible-rule",
    ja="どんなイベントにも当てはまらないルールです。両立しない部分: {parts}",
    en="impossible rule: no event can match it; what cannot be met together: {parts}",
    means=Text(
        ja="言うことを決して行えないルールです。何も述べないイベントも含めて、どんなイベントも当てはまらないか、"
        "一度も効力を持ちません。条件が互いに矛盾していないか、期間が重なるかを見てください。",
        en="The rule could never do what it says: no event meets it, not even one that leaves things open, or it is "
        "never in force. Look for conditions that contradict one another, and for times that do not meet.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
except.items = ["name"]
""",
)
NEVER_IN_FORCE: Final = IMPOSSIBLE_RULE.also(
    ja="ポリシーの施行期間に一度も効力を持たないルールです",
    en="impossible rule: it is never in force while the policy is",
)
ENDS_BEFORE_IT_BEGINS: Final = IMPOSSIBLE_RULE.also(ja="from が until 以後です", en="from is at or after until")
NEVER_LIFTED: Final = Code(
    "contradiction",
    ja="ルールが当てはまるとき、これが満たされることはありません。両立しない部分: {parts}",
    en="this is never met where the rule is; what cannot be met together: {parts}",
    means=Text(
        ja="誤りではなく注記です。ルールは働きますが、書かれた条件のうち、挙げた部分が両立しません。禁止や条件を外すはずのものが"
        "決して満たされないか、値を述べたどのイベントも当てはまらず、述べないイベントだけが当てはまります。どれかを直してください。",
        en="A note, no error: the rule does something, but the parts named contradict one another. What should lift a "
        "prohibition or meet a requirement never can; or every event that states its values passes the rule by, and it "
        "is met only by those that leave them open. Mend one of the parts.",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.requirement]]
items = ["name"]
require.items = ["address"]
""",
)
OVER_MIDNIGHT: Final = ENDS_BEFORE_IT_BEGINS.also(
    ja="between は日をまたぎません。夜は any で二つに分けて書いてください",
    en='"between" does not go over midnight: a night is two of them in an "any"',
)
MET_BY_SILENCE: Final = NEVER_LIFTED.also(
    ja="値を述べないイベントだけが当てはまります。両立しない部分: {parts}",
    en="only an event that leaves something open meets it; what cannot be met together: {parts}",
)
OPEN_ITEMS: Final = Code(
    "open-items",
    ja='項目を挙げない許可で、これから宣言される言葉もすべて認めます。そのつもりなら items = "any" と書きます',
    en='it lists no items, and so permits every word that will ever be declared; if that is meant, say items = "any"',
    means=Text(
        ja="誤りではなく注記です。許可に `items` がありません。認める項目を挙げるか、すべてのつもりなら "
        '`items = "any"` と書いてください。注記は条項に一つです。',
        en='A note, no error: a permit without `items`. List the items that it permits, or say `items = "any"` where '
        "all are meant, those that somebody will declare later as well. It is told once for each clause.",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.purpose-limitation]]
purposes = ["delivery"]
""",
)
MEETS_NOTHING: Final = Code(
    "meets-nothing",
    ja="条項 {number} は、何も求めず、何も制限していません",
    en="clause {number} asks for nothing and restricts nothing that could be met",
    means=Text(
        ja="誤りではなく注記です。`alternative` の `meets`（または `case_of`）の挙げる条項に、条件も禁止もありません。"
        "満たし方の要る条項を挙げてください。",
        en="A note, no error: the clause that an `alternative` meets, by `meets` or as a case of it (`case_of`), "
        "requires and restricts nothing. Name the one that does.",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.alternative]]
meets = ["1"]
facts = {type = "consent"}
""",
)
ORDER_BY_DATE: Final = Code(
    "order-by-date",
    ja="{one}と{other}のどちらが長いかは日付によります",
    en="which of {one} and {other} is longer hangs on the date",
    means=Text(
        ja="誤りではなく注記です。同じ時から数える二つの期間の長短が、日付によって変わります。判断はできますが、"
        "`mutate` などの分析は、そこでは結論を出しません。同じ単位で書いてください。",
        en="A note, no error: two durations are counted from the same time, and which is longer hangs on when. Events "
        "are decided all the same; analyses such as `mutate` stay undecided there. Write both in the same unit.",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.prohibition]]
items = ["name"]
acquired_within = "P1M"
[[clause.prohibition]]
items = ["address"]
acquired_within = "P30D"
""",
)
KIND_FAILED: Final = Code(
    "kind-failed",
    ja="ルールの種類「{kind}」が失敗しました: {error}",
    en='rule kind "{kind}" failed: {error}',
    means=Text(
        ja="プラグインのルールの種類が例外を送出しました。そのプラグインを直すか、外してください（`--disable`）。",
        en="A rule kind of a plugin raised an error. Mend the plugin, or leave it out (`--disable`).",
    ),
    example=r"""
>>> from pathlib import Path
>>> from policyengine import Engine, Text, hookimpl
>>> class Odd:
...     name, title, summary = "odd", Text("奇", "odd"), Text("奇", "Odd.")
...     properties, required = {}, frozenset()
...
...     def lower(self, table):
...         raise KeyError("days")
>>> class Plugin:
...     @hookimpl
...     def policyengine_rule_kinds(self):
...         return [Odd()]
>>> table = '\n[[clause]]\nnumber = "2"\nsummary = {ja = "二", en = "two"}\n[[clause.odd]]\n'
>>> _ = Path("odd.toml").write_text(Path("shop.toml").read_text("utf-8") + table, "utf-8")
>>> Engine.load("odd.toml", plugins=[Plugin()])
Traceback (most recent call last):
policyengine.errors.PolicyError: odd.toml:…: error: kind-failed: rule kind "odd" failed: KeyError: 'days' …
""",
)
CODE_OF_THE_ENGINE: Final = Code(
    "code-of-the-engine",
    ja="「{code}」はエンジンの理由のコードです",
    en='"{code}" is the code of a reason of the engine\'s own',
    means=Text(
        ja="ルールの `reason` のコードが、エンジン自身のコードと同じです。別の語にしてください。"
        "そうでないと、処置も人も、どちらの理由か見分けられません。",
        en="The `reason` of a rule has the code of one that the engine gives. Take another word, or neither steps nor "
        "people could tell the two apart.",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}

[[clause.prohibition]]
reason = {code = "no-rule", ja = "認めない", en = "It is not allowed."}
""",
)
WRONG_STATEMENT: Final = Code(
    "wrong-statement",
    ja="ルールの種類「{kind}」は、この表をルールにしていません。{where} に期待されるもの: {expected}",
    en='rule kind "{kind}" makes no rule of this table; {where}: expected {expected}',
    means=Text(
        ja="プラグインのルールの種類が、五つの文（`Permit`、`Restriction`、`Alternative`、`Replacement`、`Duty`）でないもの、"
        "またはその中にポリシーにない項目、語、事実、属性、型の違う値、片方の言語しかない文を返しました。"
        "そのプラグインを直してください。",
        en="A rule kind of a plugin lowered a table to something that is none of the five statements (`Permit`, "
        "`Restriction`, `Alternative`, `Replacement`, `Duty`), or that has in it a field, a word, a fact or an "
        "attribute that the policy has not, a value of another type, or a text in one language. Mend the plugin.",
    ),
    example=r"""
>>> from pathlib import Path
>>> from policyengine import Engine, Text, hookimpl
>>> class Odd:
...     name, title, summary = "odd", Text("奇", "odd"), Text("奇", "Odd.")
...     properties, required = {}, frozenset()
...
...     def lower(self, table):
...         yield table.condition()
>>> class Plugin:
...     @hookimpl
...     def policyengine_rule_kinds(self):
...         return [Odd()]
>>> table = '\n[[clause]]\nnumber = "2"\nsummary = {ja = "二", en = "two"}\n[[clause.odd]]\n'
>>> _ = Path("odd.toml").write_text(Path("shop.toml").read_text("utf-8") + table, "utf-8")
>>> Engine.load("odd.toml", plugins=[Plugin()])
Traceback (most recent call last):
policyengine.errors.PolicyError: odd.toml:…: error: wrong-statement: rule kind "odd" makes no rule of this …
""",
)
OPEN_POINT: Final = Code(
    "open-point",
    ja="{point}",
    en="{point}",
    means=Text(
        ja="誤りではなく注記です。文書そのものが決めずにいること（`open`）を示します。",
        en="A note, no error: what the text itself leaves open (`open`).",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
organisational = {ja = "取扱いを決めない", en = "It decides no flow."}
open = [{ja = "責任者の名前がない", en = "Nobody responsible is named."}]
""",
)
LAYER_REACH: Final = Code(
    "layer-reach",
    ja="レイヤーです。{decided} はこのポリシーの条項が許可することも要り、{left} は下のポリシーに任せます",
    en="a layer: for {decided} one of its clauses must permit as well; {left} it leaves to the policies below",
    means=Text(
        ja="誤りではなく注記です。レイヤーが、どの操作について自ら許可しなければならず、どの操作を下のポリシーに任せるかを"
        "示します。許可するルールのどれかが（施行期間や読み方にかかわらず）挙げる操作が前者です。"
        "任せる操作については、制限と義務だけが働きます。",
        en="A note, no error: for which operations a layer must permit as well, and which it leaves to the policies "
        "below. The former are those that any of its permits names, in force or not, under any reading; of the others "
        "only its restrictions and duties count.",
    ),
    severity="note",
    example=r"""
$ sed 's/^governs = .*/governs = "anyone"\nlayer = true/' shop.toml > statute.toml
$ policyengine check statute.toml
statute.toml:6:1: note: layer-reach: a layer: for acquire, use, retain one of its clauses must permit as well; …
1 checked: 0 errors, 1 note
""",
)
LAYER_LEAVES_ALL: Final = LAYER_REACH.also(
    ja="レイヤーです。許可する条項がないので、どの操作も下のポリシーに任せます",
    en="a layer: it has no permits, and leaves every operation to the policies below",
)
LAYER_DECIDES_ALL: Final = LAYER_REACH.also(
    ja="レイヤーです。どの操作についても、このポリシーの条項が許可することも要ります",
    en="a layer: for every operation one of its clauses must permit as well",
)
