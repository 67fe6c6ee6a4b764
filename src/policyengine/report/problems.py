"""What `test`, `fmt` and `mutate` find, beside what is wrong with the files that they read."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

RULE_TEST_FAILED: Final = Code(
    "rule-test-failed",
    ja="{case}: {differences}",
    en="{case}: {differences}",
    means=Text(
        ja="事例の期待と判断が違います。ルールか、事例の期待のどちらかが誤りです。",
        en="A case is decided otherwise than it expects. Either the rules are wrong, or what the case expects is.",
    ),
    example="""
$ printf '[events.use]\\noperation = "use"\\npurpose = "delivery"\\n' > s.test.toml
$ printf 'time = "2026-11-24T09:00:00+09:00"\\nsubject.category = "customer"\\nitems = ["name"]\\n' >> s.test.toml
$ printf '[suite]\\npolicies = ["shop.toml"]\\n[[case]]\\nname = "a"\\nbase = "use"\\nexpect = "deny"\\n' >> s.test.toml
$ policyengine test s.test.toml --lang en
s.test.toml:9:3: error: rule-test-failed: a: outcome: expected deny, actual permit
...
0 passed, 1 failed in … s
""",
)
UNREVIEWED_CASE: Final = Code(
    "unreviewed-case",
    ja="{case}: {sentence}",
    en="{case}: {sentence}",
    means=Text(
        ja="プログラムが書いた事例で、期待が正しいかを人がまだ確かめていません（`reviewed = false`）。"
        "文を読み、正しければその行を消してください。`--fail-unreviewed` ではこれが誤りになります。",
        en="A program wrote the case, and no person has said yet that what it expects is right (`reviewed = false`). "
        "Read the sentence, and take that line away where it is. With `--fail-unreviewed` this is an error.",
    ),
    severity="note",
    example="""
$ printf '{"id":"e","time":"2026-11-24T09:00:00+09:00","operation":"use","subject":{"category":"customer"},' > e.jsonl
$ printf '"items":["name"],"purpose":"delivery"}\\n' >> e.jsonl
$ policyengine test shop.toml --record e.jsonl --out r.test.toml
$ policyengine test r.test.toml --lang en
r.test.toml:4:3: note: unreviewed-case: e: The use of name of customer (…) is permitted (clauses: [1]).
1 passed, 0 failed, 1 not reviewed in … s
""",
)
NOT_CANONICAL: Final = Code(
    "not-canonical",
    ja="標準の書式と違います（ここから）",
    en="not laid out in the canonical form, from here on",
    means=Text(
        ja="ファイルの書式が標準と違います。`policyengine fmt` が整えます。",
        en="A file is not laid out in the canonical form. `policyengine fmt` mends it.",
    ),
    example="""
$ printf '[policy]\\nid="shop"\\n' > untidy.toml; policyengine fmt --check untidy.toml --lang en
untidy.toml:2: error: not-canonical: not laid out in the canonical form, from here on
1 would change, 0 unchanged
""",
)
MUTANT_SURVIVED: Final = Code(
    "mutant-survived",
    ja="{operator}: {change}",
    en="{operator}: {change}",
    means=Text(
        ja="ルールをこう間違えても、どの事例も気づきません。違いの現れるイベントを、事例として加えてください。",
        en="No case notices where the rules are wrong in this way. Add the event on which it shows as a case.",
    ),
    example="""
$ mkdir untested; cp shop.toml untested; policyengine mutate untested -j 1 --lang en
untested/shop.toml:…: error: mutant-survived: drop-rule: rule dropped — …
...
""",
)
UNKNOWN_FINDING: Final = Code(
    "unknown-finding",
    ja="「{code}」という所見はありません",
    en='nothing ever finds "{code}"',
    means=Text(
        ja="`[policy]` の `accepted` が受け入れる所見のコードが、どのコマンドの警告・注記のコードでもありません。"
        "誤り（error）は受け入れられません。",
        en="The code of a finding that is accepted (`accepted` in `[policy]`) is none of a warning or a note of any "
        "command. Errors cannot be accepted.",
    ),
    severity="warning",
    example="""
$ printf 'accepted = [{code = "open-item", until = 2027-04-01, reason = {ja = "一", en = "a"}}]' > a
$ (sed '/^governs/q' shop.toml; cat a; echo; sed '1,/^governs/d' shop.toml) > mistaken.toml
$ policyengine check mistaken.toml --lang en
mistaken.toml:6:13: warning: unknown-finding: nothing ever finds "open-item" (did you mean "open-items"?)
...
""",
)
IDLE_ACCEPTANCE: Final = Code(
    "idle-acceptance",
    ja="受け入れる「{code}」の所見がありません",
    en='there is no finding "{code}" to accept',
    means=Text(
        ja="`[policy]` の `accepted` に当てはまる所見が、もうありません。その行を消してください。",
        en="No finding is any more of those that a line of `accepted` in `[policy]` accepts. Take the line out.",
    ),
    severity="warning",
    example="""
$ printf 'accepted = [{code = "open-items", until = 2027-04-01, reason = {ja = "一", en = "a"}}]' > a
$ (sed '/^governs/q' shop.toml; cat a; echo; sed '1,/^governs/d' shop.toml) > mended.toml
$ policyengine check mended.toml --lang en
mended.toml:6:13: warning: idle-acceptance: there is no finding "open-items" to accept
...
""",
)
ACCEPTANCE_ENDED: Final = Text(ja="{until} の前日まで受け入れられていました", en="it was accepted until {until}")
"""The hint at a finding that was accepted until a day that has come."""
