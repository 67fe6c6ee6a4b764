"""What can be wrong with files of rules, suites and configurations before they are read as such."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from policyengine.errors import Code
from policyengine.text import Text

FILE_MISSING: Final = Code(
    "file-missing",
    ja="ファイルがありません",
    en="no such file",
    means=Text(
        ja="ファイルがないか、`imports` の先がありません。取り込むパスは、書いてあるファイルのフォルダから数えます。",
        en="There is no such file, or an import leads nowhere. Imports are taken from the folder of the file that has "
        "them.",
    ),
    example="""
imports = ["nowhere.toml"]
""",
)
FILE_UNREADABLE: Final = Code(
    "file-unreadable",
    ja="読めません: {reason}",
    en="cannot be read: {reason}",
    means=Text(
        ja="システムが読ませません。権限がないか、フォルダであるか、リンクが循環しています。",
        en="The system does not let us read it: a permission is missing, it is a folder, or links run in a circle.",
    ),
    example="""
imports = ["."]
""",
)
REVISION_UNREADABLE: Final = Code(
    "revision-unreadable",
    ja="git から読めません: {reason}",
    en="cannot be read from git: {reason}",
    means=Text(
        ja="`main~3:rules/shop` のように版とパスで示したパックが、git のリポジトリにありません。"
        "版の名前と、リポジトリの一番上から数えたパス（`./` で始めれば今のフォルダから）を確かめてください。",
        en="A pack that is named by a revision and a path, such as `main~3:rules/shop`, is not in the repository. "
        "See whether there is such a revision; the path counts from the top of the repository, or from here where it "
        "begins with `./`.",
    ),
    example="""
$ git init -q; policyengine diff no-such-branch:shop.toml shop.toml --lang en
no-such-branch:shop.toml: error: revision-unreadable: cannot be read from git: there is no revision "no-such-branch"
""",
)
NO_FILE: Final = Code(
    "not-a-file",
    ja="通常のファイルではありません",
    en="not a regular file",
    means=Text(
        ja="パイプ、ソケット、デバイスです。ルールは通常のファイルから読みます。他のものは、開くだけで待たされかねません。",
        en="It is a pipe, a socket or a device. Rules are read from regular files alone: to open anything else may "
        "wait for ever.",
    ),
    example="""
$ mkfifo pipe.toml; policyengine check pipe.toml
pipe.toml: error: not-a-file: not a regular file
1 checked: 1 error, 0 notes
""",
)
FILE_TOO_LARGE: Final = Code(
    "file-too-large",
    ja="{most} MiB より大きいファイルです",
    en="larger than {most} MiB",
    means=Text(
        ja="ルールファイルとして大きすぎます。別のファイルではありませんか。本当にルールなら、いくつかのファイルに分けてください。",
        en="No rule file is as large. It may be another file; if it is not, make several of it.",
    ),
    example="""
$ truncate --size=20M large.toml; policyengine check large.toml
large.toml: error: file-too-large: larger than 16 MiB
1 checked: 1 error, 0 notes
""",
)
IMPORT_OUTSIDE: Final = Code(
    "import-outside",
    ja="取り込むファイル {file} は {folder} の外にあります",
    en="imported file {file} lies outside {folder}",
    means=Text(
        ja="取り込めるのは、パックのフォルダが置かれたフォルダか、"
        "ホストが `imports_from` に挙げたフォルダの中のファイルだけです。"
        "リンクは、その先で判断します。",
        en="An import leads to files in the folder that the pack's own folder stands in, or in one that the host lists "
        "in `imports_from`, and nowhere else. A link counts as what it leads to.",
    ),
    example="""
imports = ["/etc/hostname"]
""",
)
DECLARE_IMPORTS: Final = Text(
    ja="そこへ移すか、設定の `imports_from` に挙げてください",
    en="move it there, or list its folder in `imports_from` of the configuration",
)
"""The hint of `IMPORT_OUTSIDE`."""

IMPORT_MISSING: Final = FILE_MISSING.also(ja="取り込むファイル {file}: {problem}", en="imported file {file}: {problem}")
IMPORT_UNREADABLE: Final = FILE_UNREADABLE.also(ja=IMPORT_MISSING.ja, en=IMPORT_MISSING.en)
IMPORT_NO_FILE: Final = NO_FILE.also(ja=IMPORT_MISSING.ja, en=IMPORT_MISSING.en)
IMPORT_TOO_LARGE: Final = FILE_TOO_LARGE.also(ja=IMPORT_MISSING.ja, en=IMPORT_MISSING.en)
IMPORTED: Final[Mapping[str, Code]] = {
    code.name: code for code in (IMPORT_MISSING, IMPORT_UNREADABLE, IMPORT_NO_FILE, IMPORT_TOO_LARGE)
}
"""What is said at an import where the file that it leads to has one of these codes."""

UNKNOWN_PACK: Final = Code(
    "unknown-pack",
    ja="{name} という名のパックやファイルはありません",
    en="no pack or file has the name {name}",
    means=Text(
        ja="コロンのある名前は、エンジンに付属するパックや、インストールされたパッケージが提供するパックを指します。"
        "`policyengine packs` に一覧があります。そのような名のファイルは `./a:b` と書きます。",
        en="A name with a colon is that of a pack, or of a file that packs share, which comes with the engine or an "
        "installed package; `policyengine packs` lists them. A file that is called so is written `./a:b`.",
    ),
    example="""
imports = ["policyengine:vocabulary/personal-date"]
""",
)
UNKNOWN_OFFER: Final = UNKNOWN_PACK.also(
    ja="{offer} という名でパックを提供するパッケージはありません", en="no installed package offers packs as {offer}"
)

NOT_UTF_8: Final = Code(
    "not-utf-8",
    ja="UTF-8 ではありません。UTF-8 で保存してください",
    en="not UTF-8; save the file as UTF-8",
    means=Text(
        ja="UTF-8 ではないファイルです。エディターで UTF-8 を選んで保存し直してください。",
        en="The file is not UTF-8. Save it as UTF-8.",
    ),
    example=r"""
$ printf '# caf\xe9\n' > latin.toml; policyengine check latin.toml
latin.toml:1:6: error: not-utf-8: not UTF-8; save the file as UTF-8
1 checked: 1 error, 0 notes
""",
)
TOML_SYNTAX: Final = Code(
    "toml-syntax",
    ja="TOML として読めません: {what}",
    en="broken TOML: {what}",
    means=Text(
        ja="TOML ではないか、入れ子が深すぎるか、大きすぎる数があります。",
        en="It is not TOML, is nested too deeply, or has a number that is too large.",
    ),
    example="""
[[clause
""",
)
NUMBER_TOO_LARGE: Final = TOML_SYNTAX.also(ja="大きすぎる数があります", en="a number is too large")
NESTED_TOO_DEEPLY: Final = TOML_SYNTAX.also(ja="入れ子が深すぎます", en="nested too deeply")
TOML_1_1: Final = Code(
    "toml-1.1",
    ja="TOML 1.1 の書き方です。ルールファイルは TOML 1.0 です",
    en="this is TOML 1.1 syntax; rule files are TOML 1.0",
    means=Text(
        ja="TOML 1.0 にない書き方です。インライン表は一行に、末尾のカンマなしで書き、時刻は秒まで書いてください。",
        en="It uses syntax that TOML 1.0 does not have. Keep an inline table on one line, without a trailing comma, "
        "and give times with seconds.",
    ),
    example="""
[vocabulary.items]
fax = {
  ja = "ファクス",
  en = "fax",
}
""",
)
WRITE_TOML_1_0: Final = Text(
    ja="インライン表は一行で末尾のカンマなし、\\e と \\x は \\u で、時刻は秒まで書きます",
    en="keep an inline table on one line without a trailing comma, write \\u for \\e and \\x, give seconds",
)
"""The hint of `TOML_1_1`."""

NO_POLICY_TABLE: Final = Code(
    "no-policy",
    ja="[policy] の表がありません",
    en="there is no table [policy]",
    means=Text(
        ja="`[policy]` の表か、フォルダに TOML ファイルか、そもそも読み込むものがありません。",
        en="There is no table `[policy]`, no TOML file in the folder, or nothing to load at all.",
    ),
    example="""
$ printf '[[clause]]\\nnumber = "1"\\nsummary = {ja = "一", en = "one"}\\n[[clause.disclosure]]\\n' > rules.toml
$ policyengine check rules.toml
rules.toml:1:1: error: no-policy: there is no table [policy] (clauses that policies share are checked with …
1 checked: 1 error, 0 notes
""",
)
CHECKED_WITH_PACKS: Final = Text(
    ja="複数のポリシーが共に使う条項は、それを取り込むパックと共に検査されます",
    en="clauses that policies share are checked with the packs that import them",
)
"""The hint of `NO_POLICY_TABLE` at a file of clauses."""

NO_TOML_FILE: Final = NO_POLICY_TABLE.also(ja="フォルダに TOML ファイルがありません", en="the folder has no TOML file")
PACKS_BELOW: Final = Text(ja="下にあるもの: {packs}", en="there are packs below it: {packs}")
"""The hint of `NO_TOML_FILE`."""

NOTHING_TO_LOAD: Final = NO_POLICY_TABLE.also(ja="ポリシーが一つもありません", en="no policy to load")
IMPORTED_POLICY: Final = Code(
    "imported-policy",
    ja="取り込まれるファイルに [policy] は書けません",
    en="an imported file cannot have a table [policy]",
    means=Text(
        ja="取り込んだファイルが、それ自身一つのポリシーです。取り込むのは、複数のポリシーが共に使う語彙や条項です。"
        "それらを別のファイルに移すか、二つのポリシーをどちらもエンジンに読み込んでください。",
        en="An imported file is a policy itself. What is imported are words and clauses that several policies share: "
        "move these into a file of their own, or load both policies into the engine.",
    ),
    example="""
$ mkdir pack; (echo 'imports = ["../shop.toml"]'; sed 's/"shop"/"other"/' shop.toml) > pack/other.toml
$ policyengine check pack
pack/../shop.toml:1:2: error: imported-policy: an imported file cannot have a table [policy]
...
""",
)
NOT_DATA: Final = Code(
    "not-data",
    ja="TOML の値にならないもの（{found}）です",
    en="{found} is no value that TOML has",
    means=Text(
        ja="メモリー上のパック（`Documents`）に、文字列、数、真偽値、時刻、リスト、文字列をキーとするマッピングの"
        "どれでもないものがあります。",
        en="In a pack in memory (`Documents`), something is neither a text, a number, a boolean, a time, a list nor a "
        "mapping whose keys are texts.",
    ),
    example=r"""
>>> from policyengine import Documents, Engine
>>> Engine.load(Documents({"shop": {"policy": {"id": "shop", "governs": {"shop"}}}}))
Traceback (most recent call last):
policyengine.errors.PolicyError: shop:policy.governs: error: not-data: set is no value that TOML has
""",
)
NO_RULE_FILE: Final = Code(
    "no-rule-file",
    ja="フォルダにルールファイルがありません",
    en="the folder has no rule file",
    means=Text(
        ja="`fmt` に渡したフォルダに、ルールファイルがありません。",
        en="`fmt` found no rule file at the path.",
    ),
    example="""
$ mkdir empty; policyengine fmt empty
empty: error: no-rule-file: the folder has no rule file
0 formatted, 0 unchanged
""",
)
FILE_UNWRITABLE: Final = Code(
    "file-unwritable",
    ja="書き込めません: {reason}",
    en="cannot be written: {reason}",
    means=Text(
        ja="`fmt` か `seal` がファイルに書き込めません。権限と空き容量を見てください。",
        en="`fmt` or `seal` may not write the file. Look at its permissions, and at the room on the disk.",
    ),
)

NOT_LOADED: Final = Code(
    "not-loaded",
    ja="どのパックもこのルールファイルを読み込みません",
    en="no pack loads this rule file",
    means=Text(
        ja="誤りではなく注記です。条項か語彙のあるファイルがあり、どのパックも読み込みません。パックが読み込むのは、そのフォルダの直下の"
        "`*.toml`（小文字）と、`imports` が挙げるものだけです。`[policy]` のないフォルダは、パックではありません。",
        en="A note, no error: a file has clauses or words, and no pack loads it. A pack loads the `*.toml` (in small "
        "letters) right in its folder, and what `imports` lists; a folder without `[policy]` is no pack.",
    ),
    severity="note",
    example="""
$ mkdir -p idle/more; cp shop.toml idle; echo '[[clause]]' > idle/more/clauses.toml
$ policyengine check idle
idle/more/clauses.toml: note: not-loaded: no pack loads this rule file (move it to idle, or …)
1 checked: 0 errors, 1 note
""",
)
PASSED_OVER: Final = NOT_LOADED.also(
    ja="[policy] がないので、このフォルダは読み込まれません: {files}",
    en="passed over for want of [policy]: {files}",
)
NAME_A_POLICY: Final = Text(
    ja="`[policy]` を書くか、語彙ならパックの `imports` に挙げてください",
    en="give it a [policy], or list a vocabulary in `imports` of a pack",
)
IMPORT: Final = Text(ja="パックの `imports` に挙げてください", en="list it in `imports` of a pack")
RENAME: Final = Text(ja="{name} と名付けてください", en="call it {name}")
MOVE_OR_IMPORT: Final = Text(
    ja="{pack} に移すか、語彙なら `imports` に挙げてください",
    en="move it to {pack}, or list it in `imports` if it is a vocabulary",
)

# Seals

SEALED_FILE_CHANGED: Final = Code(
    "not-as-sealed",
    ja="{file} は封印の後に変わりました（封印 {sealed}、現在 {found}）",
    en="{file} has changed since it was sealed ({sealed}; it is {found})",
    means=Text(
        ja="パックの `policy.lock` と違うファイルがあります。変わった、増えた、なくなったのいずれかです。"
        "変更を見直してから、`policyengine seal` で封印し直してください。見覚えがなければ、元に戻してください。",
        en="A `policy.lock` stands in the pack, and a file is not as it says: it has changed, came in, or went "
        "away. Review the change, and seal again with `policyengine seal`; or put back what nobody meant to change.",
    ),
    example="""
$ mkdir sealed; cp shop.toml sealed; policyengine seal sealed
sealed: sealed 1 file, …
$ echo '# one more' >> sealed/shop.toml; policyengine check sealed
sealed/policy.lock:3:1: error: not-as-sealed: shop.toml has changed since it was sealed (…; it is …)
1 checked: 1 error, 0 notes
""",
)
UNSEALED_FILE: Final = SEALED_FILE_CHANGED.also(
    ja="{file} は封印されていません（{lock} にありません）", en="{file} is not sealed: {lock} does not have it"
)
SEALED_FILE_MISSING: Final = SEALED_FILE_CHANGED.also(
    ja="封印された {file} が読み込まれません", en="{file} is sealed, and is not among what is loaded"
)
NOT_SEALED: Final = SEALED_FILE_CHANGED.also(ja="封印されていません", en="there is no seal")
NO_LOCK: Final = SEALED_FILE_CHANGED.also(
    ja="封印として読めません。表 [files] だけが必要です", en="this is no seal: expected the table [files] alone"
)
SEAL_AGAIN: Final = Text(ja="見直してから: policyengine seal {pack}", en="after review: policyengine seal {pack}")
"""The hint of all of these."""
