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
JOINT_USE_PERMITS_NOTHING: Final = Code(
    "joint-use-scope",
    ja="この共同利用の取決めは、項目、範囲（`parties`）、目的のすべてを述べるまで、何も許しません",
    en="until this arrangement of joint use says which items, with whom and for which purposes, it permits nothing",
    means=Text(
        ja="誤りではなく注記です。共同利用の取決めに、項目、範囲、目的のどれかがありません。"
        "ほかに本人に知らせるべき事項は、法律のレイヤーのリントが見ます（`check --against`）。",
        en="A note, no error: an arrangement of joint use lacks items, parties or purposes. What else people must be "
        "told, the lints of the law look for (`check --against`).",
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
