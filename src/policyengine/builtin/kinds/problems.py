"""What the built-in kinds of rules note of what is written in them."""

from __future__ import annotations

from typing import Final

from policyengine.language import Code
from policyengine.model import Text

NOTHING_TO_MEET: Final = Code(
    "nothing-to-meet",
    ja="満たすべき条件を持つ条項がありません。`meets` に挙げるか、`case_of` でその条項の一つの場合としてください",
    en="there is no clause whose requirement it could meet: name it in `meets`, or make its own clause a case of it",
    means=Text(
        ja="`alternative` は、ほかの条項の条件を満たします。その条項を `meets` に挙げるか、自分の条項をその場合の一つ"
        "（`case_of`）にしてください。",
        en="An `alternative` meets what another clause asks. Name that clause in `meets`, or make its own clause a "
        "case of it (`case_of`).",
    ),
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.alternative]]
facts = {type = "consent"}
""",
)
JOINT_USE_MATTER: Final = Code(
    "joint-use-matter",
    ja="共同利用の取決めに{matter}がありません（個人情報保護法 第27条第5項第3号により {since} から必要）",
    en="the joint use does not say {matter}, for which APPI article 27(5)(iii) asks since {since}",
    means=Text(
        ja="誤りではなく注記です。共同利用について本人に知らせるべき事項が、取決めにありません。項目、範囲（`parties`）、"
        "目的のどれかがなければ、その取決めは何も許しません。責任者は `responsible` に書きます。",
        en="A note, no error: a matter of which people must be told lacks in an arrangement of joint use. One without "
        "items, parties or purposes permits nothing. Who is responsible is said in `responsible`.",
    ),
    severity="note",
    example="""
[[clause]]
number = "2"
summary = {ja = "二", en = "two"}
[[clause.joint-use]]
subjects = ["customer"]
items = ["name"]
purposes = ["delivery"]
""",
)
JOINT_USE_PERMITS_NOTHING: Final = JOINT_USE_MATTER.also(
    ja="この共同利用の取決めは、それまで何も許しません",
    en="until it does, this arrangement of joint use permits nothing",
)
