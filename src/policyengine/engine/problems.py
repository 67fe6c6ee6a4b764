"""What can be wrong with the configuration of an engine: its plugins and their settings."""

from __future__ import annotations

from typing import Final

from policyengine.errors import Code
from policyengine.schema.problems import NOT_AS_DOCUMENTED
from policyengine.text import Text

UNKNOWN_PLUGIN: Final = Code(
    "unknown-plugin",
    ja="プラグイン「{name}」はありません",
    en='there is no plugin "{name}"',
    means=Text(
        ja="ないプラグインの設定です。綴りを直すか、そのパッケージを入れてください"
        "（`policyengine plugins` が一覧です）。",
        en="Settings for a plugin that is not there. Mend the spelling, or install its package; `policyengine plugins` "
        "lists what there is.",
    ),
    example="""
policies = ["shop.toml"]

[plugins.redcat]
""",
)
NO_SETTINGS: Final = Code(
    "no-settings",
    ja="プラグイン「{name}」に設定はありません",
    en='plugin "{name}" has no settings',
    means=Text(
        ja="設定を持たないプラグインの設定です。消してください。",
        en="Settings for a plugin that has none. Take them out.",
    ),
    example="""
policies = ["shop.toml"]

[plugins.kinds]
x = 1
""",
)
UNSET_VARIABLE: Final = Code(
    "unset-variable",
    ja="環境変数 {name} がありません",
    en="the environment has no variable {name}",
    means=Text(
        ja="設定の値を持つ環境変数がありません。エンジンを読み込む前に設定してください。",
        en="A setting stands in a variable of the environment that is not set. Set it before the engine is loaded.",
    ),
    example="""
policies = ["shop.toml"]

[plugins.redact]
keep = {env = "FIELDS"}
""",
)
PLUGIN_ERROR: Final = Code(
    "plugin-error",
    ja="{error}",
    en="{error}",
    means=Text(
        ja="プラグインを使えません。メッセージはプラグイン自身のものです。",
        en="A plugin could not be used; the message is its own.",
    ),
    example=r"""
$ mkdir host; printf 'policies = ["../shop.toml"]\n[plugins.records]\ndatabase = "db2:"\n' > host/policyengine.toml
$ policyengine check host/policyengine.toml
host/policyengine.toml: error: plugin-error: …
1 checked: 1 error, 0 notes
""",
)
OTHER_THAN_PINNED: Final = Code(
    "not-as-pinned",
    ja="ポリシー「{policy}」は {found} です。digests は {pinned} と定めています",
    en='policy "{policy}" is {found}, and digests pins {pinned}',
    means=Text(
        ja="読み込んだポリシーが `digests` の定めと違うか、そこにないか、定められたポリシーが読み込まれていません。"
        "変更を見直してから、`policyengine seal` の示すダイジェストを書いてください。",
        en="A policy that was loaded is not the one that `digests` pins, or is not named there; or one that is named "
        "was not loaded. Review the change, then write the digest that `policyengine seal` shows.",
    ),
    example="""
policies = ["shop.toml"]

[digests]
shop = "sha256:0000"
""",
)
PINNED_AND_NOT_LOADED: Final = OTHER_THAN_PINNED.also(
    ja="digests が {pinned} と定めるポリシー「{policy}」は、読み込まれていません。読み込んだもの: {loaded}",
    en='digests pins policy "{policy}" to {pinned}, and it is not loaded; loaded: {loaded}',
)
LOADED_AND_NOT_PINNED: Final = OTHER_THAN_PINNED.also(
    ja="読み込んだポリシー「{policy}」（{found}）は、digests にありません",
    en='policy "{policy}" ({found}) was loaded, and digests does not name it',
)
NO_TIMEOUT: Final = NOT_AS_DOCUMENTED.also(ja="正の秒数が必要です", en="expected a positive number of seconds")
LINT_FAILED: Final = Code(
    "lint-failed",
    ja="リント「{name}」の失敗: {error}",
    en='lint "{name}" failed: {error}',
    means=Text(
        ja="プラグインのリントが例外を出したか、`Problem` でないものを返しました。そのプラグインの誤りです。",
        en="A lint of a plugin raised an error, or returned anything but a `Problem`. That is a mistake of the plugin.",
    ),
    example="""
>>> class Odd:
...     name, layer = "odd", "shop"
...
...     def find(self, query):
...         return [query.policy.contact.address]
>>> from policyengine.engine.lints import lint_problems
>>> from policyengine.engine.plugins import Plugins
>>> from policyengine.hooks import LintQuery
>>> from policyengine.language.build import policy_of
>>> from policyengine.language.pack import load_pack
>>> pack = load_pack("shop.toml")
>>> shop = policy_of(pack, Plugins(installed=False).kinds, {})
>>> print(lint_problems([Odd()], LintQuery(pack, shop, shop, 0))[0].line("en"))
shop.toml:1:2: error: lint-failed: lint "odd" failed: AttributeError: …
""",
)
NO_LAYER: Final = Code(
    "no-layer",
    ja="「{id}」はレイヤーではないので、その下の方針に何も求めません",
    en='"{id}" is no layer: it asks nothing of other policies',
    means=Text(
        ja="`check --against` に挙げたのは、ほかの方針の上にあるレイヤー（`layer = true`）ではありません。",
        en="What `check --against` names is no layer (`layer = true`), which lies above other policies.",
    ),
    example="""
$ policyengine check shop.toml --against shop.toml --lang en
shop.toml:…: error: no-layer: "shop" is no layer: it asks nothing of other policies
...
""",
)
NO_LINTS: Final = Code(
    "no-lints",
    ja="レイヤー「{id}」のリントを持つプラグインが入っていません",
    en='no plugin that is installed brings lints for the layer "{id}"',
    means=Text(
        ja="`check --against` に挙げたレイヤーが文面に何を求めるかを、どのプラグインも知りません。"
        "そのパッケージを入れてください（`policyengine plugins` が一覧です）。",
        en="No plugin knows what the layer that `check --against` names asks of a text. Install its package; "
        "`policyengine plugins` lists what there is.",
    ),
    example="""
$ sed 's/^id = "shop"/id = "house"\\nlayer = true/' shop.toml > house.toml
$ policyengine check shop.toml --against house.toml --lang en
house.toml:…: error: no-lints: no plugin that is installed brings lints for the layer "house"
...
""",
)
