"""``policyengine new``: a pack to begin with, its suite, an event, and the schemas for editors."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Final

import click

from policyengine.cli.common import fail, language_option, show
from policyengine.cli.session import Session
from policyengine.errors import PolicyError, did_you_mean
from policyengine.text import LANGUAGES, Language, Text

if TYPE_CHECKING:
    from policyengine.cli.beginning import Answers, Beginning

_QUESTIONS: Final = "questions"


@click.command("new")
@click.argument("folder", required=False, type=click.Path(path_type=Path), metavar="[FOLDER]")
@click.option("--from", "pack", metavar="PACK", help="Copy this pack: a name of `policyengine packs`.")
@click.option("--pattern", metavar="PATTERN", help="Take this pattern of the documentation.")
@language_option
@click.pass_context
def command(context: click.Context, folder: Path | None, pack: str | None, pattern: str | None, lang: Language) -> None:
    """Begin a policy: write a pack with its suite, events and schemas for editors into FOLDER.

    Asks a few questions where neither --from nor --pattern says what to begin with. Nothing is ever written over. A
    name that is not known lists those that are.

    \b
    Example:
      policyengine new shop --from online-shop
      policyengine new --pattern joint-use
    """
    from policyengine.cli.beginning import of_answers, of_pack, of_pattern  # noqa: PLC0415  needed only here
    from policyengine.language.patterns import patterns  # noqa: PLC0415

    session = context.find_object(Session)
    assert session is not None
    if pack is not None and pattern is not None:
        raise click.UsageError("--from and --pattern do not go together.")
    asked = pack is None and pattern is None
    if asked:
        if not sys.stdin.isatty():
            raise click.UsageError("Missing --from PACK or --pattern PATTERN: without a terminal nothing can be asked.")
        pack, pattern = _begun_with(lang)
    if pattern is not None and pattern not in patterns():
        hint = did_you_mean(pattern, patterns(), most=len(patterns()))
        raise click.BadParameter(f'no pattern "{pattern}"' + (f" ({hint.en})" if hint else ""), param_hint="--pattern")
    plugins = session.plugins
    name = pattern or (pack or "policy").rpartition(":")[2].rpartition("/")[2]
    if folder is None:
        folder = Path(click.prompt(_FOLDER.say(lang), default=name) if asked else name)
    try:
        if pack is not None:
            found = of_pack(pack, plugins)
        elif pattern is not None:
            found = of_pattern(patterns()[pattern], plugins)
        else:
            found = of_answers(_answers(lang), plugins, lang if lang in LANGUAGES else "en")
    except PolicyError as error:
        fail(error.problems, lang)
    _write(found.files, folder, lang)
    _tell(found, folder, lang)
    sys.stdout.buffer.flush()


def _begun_with(lang: Language) -> tuple[str | None, str | None]:
    """Ask for what to begin with; return the pack, or the pattern, or neither where questions are to be answered."""
    from policyengine.language.offered import OWN, offered  # noqa: PLC0415  needed only to ask
    from policyengine.language.patterns import patterns  # noqa: PLC0415
    from policyengine.text import text_of  # noqa: PLC0415

    packs = {
        one.name.removeprefix(f"{OWN}:"): text_of(one.policy.get("title", {})).say(lang)
        for one in offered()
        if one.kind == "pack"
    }
    known = {
        _QUESTIONS: _OWN_POLICY.say(lang),
        **{name: f"{title} ({_PACK.say(lang)})" for name, title in packs.items()},
        **{name: f"{one.title.say(lang)} ({_PATTERN.say(lang)})" for name, one in patterns().items()},
    }
    width = max(map(len, known))
    for name, title in known.items():
        show(f"  {name:{width}}  {title}")
    sys.stdout.buffer.flush()

    def one_of(typed: str) -> str:
        if typed in known:
            return typed
        hint = did_you_mean(typed, known)
        raise click.UsageError(f'"{typed}"' + (f": {hint.say(lang)}" if hint else ""))

    chosen = click.prompt(_BEGIN_WITH.say(lang), default=_QUESTIONS, value_proc=one_of)
    return (chosen if chosen in packs else None), (chosen if chosen in patterns() else None)


def _answers(lang: Language) -> Answers:
    """Ask what a policy of one's own says."""
    from policyengine.cli.beginning import Answers  # noqa: PLC0415  needed only to ask

    def words(question: Text, default: Text) -> list[str]:
        typed = click.prompt(question.say(lang), default=default.say(lang))
        found = [word for part in typed.replace("、", ",").split(",") if (word := part.strip())]
        return found or words(question, default)

    return Answers(
        click.prompt(_COMPANY.say(lang), default="my-company"),
        words(_ITEMS, _SOME_ITEMS),
        words(_PURPOSES, _SOME_PURPOSES),
        click.confirm(_PROVIDES.say(lang), default=False),
    )


def _write(files: Mapping[str, bytes], folder: Path, lang: Language) -> None:
    """Write files that are not there yet; where one is, write none."""
    there = [str(folder / name) for name in files if (folder / name).exists()]
    if there or (folder.exists() and not folder.is_dir()):
        raise click.ClickException(_THERE.say(lang).format(files=", ".join(there) or folder))
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        with (folder / name).open("xb") as file:
            file.write(content)


def _tell(found: Beginning, folder: Path, lang: Language) -> None:
    """Say what was written, and what to do with it."""
    from policyengine.cli.beginning import EVENTS  # noqa: PLC0415  loaded by now

    for name in found.files:
        show(str(folder / name))
    show("")
    show(_NEXT.say(lang))
    packs = shlex.join([str(folder), *found.beside])
    for line in (
        f"evaluate {packs} --events {shlex.quote(str(folder / EVENTS))}",
        f"test {shlex.quote(str(folder))}",
        f"check {shlex.quote(str(folder))}",
    ):
        show(f"  policyengine {line}")


_BEGIN_WITH: Final = Text(ja="何から始めますか", en="What to begin with")
_OWN_POLICY: Final = Text(ja="質問に答えて作る自社のポリシー", en="a policy of your own, from a few answers")
_PACK: Final = Text(ja="パック", en="pack")
_PATTERN: Final = Text(ja="パターン", en="pattern")
_FOLDER: Final = Text(ja="どのフォルダに書きますか", en="Into which folder")
_COMPANY: Final = Text(ja="会社の id", en="The company's id")
_ITEMS: Final = Text(ja="お客様のどの情報がありますか（読点で区切る）", en="Which data of customers, with commas")
_SOME_ITEMS: Final = Text(ja="氏名、メールアドレス、住所", en="name, email, postal address")
_PURPOSES: Final = Text(ja="何のために使いますか（読点で区切る）", en="For which purposes, with commas")
_SOME_PURPOSES: Final = Text(ja="配送、問い合わせ対応", en="delivery, support")
_PROVIDES: Final = Text(ja="本人の同意があれば第三者に提供しますか", en="Are they given to third parties with consent")
_THERE: Final = Text(
    ja="すでにあるものの上には書かず、何も書いていません: {files}",
    en="nothing is written over, and nothing was written: {files}",
)
_NEXT: Final = Text(ja="次に:", en="Next:")
