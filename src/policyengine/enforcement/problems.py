"""What can be wrong with what an engine shall do about decisions: its mode and its steps."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

UNKNOWN_MODE: Final = Code(
    "unknown-mode",
    ja="モード「{mode}」はありません",
    en='there is no mode "{mode}"',
    means=Text(
        ja="引数に、ないモードがあります。ファイルにあれば、スキーマが `unknown-value` と言います。",
        en="A mode that there is not, in an argument; in a file, the schema says so (`unknown-value`).",
    ),
    example="""
>>> from policyengine import Engine
>>> Engine.load("shop.toml", mode="wran")
Traceback (most recent call last):
policyengine.errors.ConfigurationError: mode: error: unknown-mode: there is no mode "wran" (did you mean "warn"?)
""",
)
UNKNOWN_ACTION: Final = Code(
    "unknown-action",
    ja="処置「{action}」はありません",
    en='there is no enforcement action "{action}"',
    means=Text(
        ja="段（step）が挙げる処置を、どのプラグインも持たないか、その設定がありません。",
        en="A step names an enforcement action that no plugin brings, or that is not configured.",
    ),
    example="""
policies = ["shop.toml"]

[[step]]
action = "redcat"
""",
)
UNKNOWN_OUTCOME: Final = Code(
    "unknown-outcome",
    ja="結果「{outcome}」はありません",
    en='there is no outcome "{outcome}"',
    means=Text(
        ja="引数の段（step）が、ない結果に続こうとしています。"
        "ファイルにあれば、スキーマが `unknown-value` と言います。",
        en="A step in an argument follows an outcome that there is not; in a file, the schema says so "
        "(`unknown-value`).",
    ),
    example="""
>>> from policyengine import Engine, Step
>>> Engine.load("shop.toml", steps=[Step("log", on=frozenset({"permitted"}))])
Traceback (most recent call last):
policyengine.errors.ConfigurationError: step.0.on: error: unknown-outcome: there is no outcome "permitted" (did you …
""",
)
UNKNOWN_REASON: Final = Code(
    "unknown-reason",
    ja="理由のコード「{code}」はありません",
    en='no decision gives a reason with code "{code}"',
    means=Text(
        ja="段（step）が挙げる理由のコードが、エンジンのコードにも、読み込んだポリシーの `reason` にもありません。",
        en="A step names the code of a reason that neither the engine nor a rule of the policies (`reason`) gives.",
    ),
    example="""
policies = ["shop.toml"]

[[step]]
action = "log"
reasons = ["prohibitted"]
""",
)
