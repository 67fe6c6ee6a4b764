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
