"""``policyengine facts`` and ``policyengine requests``: a ledger at the command line."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any, Final

import click

from policyengine import Text
from policyengine.cli.common import language_option, tell, write
from policyengine.text import Language, visible
from policyengine_records.commands.common import Group, database_option, format_option, opened, session, settings
from policyengine_records.errors import RecordsError
from policyengine_records.ledger.entry import Entry, Stated

if TYPE_CHECKING:
    from policyengine import Engine
    from policyengine.model.fact import FactType
    from policyengine_records.ledger.ledger import Ledger

_WORDS: Final = {
    "add": Text(ja="追加", en="added"),
    "withdraw": Text(ja="撤回", en="withdrawn"),
    "correct": Text(ja="訂正", en="corrected"),
    "answer": Text(ja="回答", en="answered"),
    "open": Text(ja="未回答", en="open"),
    "answered": Text(ja="回答済み", en="answered"),
}
_STANDARD_TYPES: Final = Text(
    ja="設定されたポリシーがないため、標準の種類の事実として検査します",
    en="no policies are configured, so facts are checked against the standard types",
)
_BY_NAME: Final = Text(
    ja="設定されたポリシーがないため、目的はその名前だけで照合し、綴りも下位・上位の目的も確かめません",
    en="no policies are configured, so the purpose is compared by its name alone: its spelling and kinds are not known",
)


_subjects_option = click.option(
    "--subjects", metavar="FILE|-", type=click.File("r", encoding="utf-8-sig"), help="The ids of persons, a line each."
)


@click.group(cls=Group)
def facts() -> None:
    """Keep a ledger of facts: consents, contracts, requests and others.

    \b
    Example:
      policyengine facts add '{"type": "vetting", "party": "mailer-kk"}' --database sqlite:///records.db
      policyengine facts list --subject c-102
    """


@facts.command()
@click.argument("fact")
@click.option(
    "--days",
    type=click.FloatRange(0, min_open=True),
    help="A request: in how many days it is to be answered.  [default: as the policies say]",
)
@database_option
@format_option
@language_option
def add(fact: str, days: float | None, database: str | None, form: str, lang: Language) -> None:
    """Add FACT, a JSON object, or - to read it from standard input. Prints its id.

    It must have the form that the configured policies declare. A request gets the due date that they, or the settings
    of the ledger, give it.

    \b
    Example:
      policyengine facts add '{"type": "consent", "subject": "c-102", "operations": ["provide"]}'
      policyengine facts add '{"type": "request", "kind": "disclose", "subject": "c-102"}' --days 14
    """
    text = click.open_file("-", encoding="utf-8").read() if fact == "-" else fact
    found = _object(text, "FACT")
    types, engine = _policies(lang)
    _refuse_wrong(found, types)
    with ledger_of(database) as ledger:
        for one in ledger.alike(found):
            tell(Text(ja=f"同じ事実が既に効力を持っています: {one.id}", en=f"in effect already, as {one.id}").say(lang))
        identifier = ledger.add(found, days=days, engine=engine)
    _print([identifier] if form == "text" else [json.dumps({"id": identifier})])


@facts.command()
@click.argument("id", required=False)
@click.option("--subject", "subject", metavar="ID", multiple=True, help="End what agrees with this person.")
@_subjects_option
@click.option("--purpose", metavar="TERM", help="End what agrees with this purpose.")
@click.option("--recipient", metavar="ID", help="End what agrees with this recipient.")
@click.option("--type", "kinds", metavar="TYPE", multiple=True, help="Of these types.  [default: consent]")
@click.option("--at", metavar="TIME", help="From when it does not count any more.  [default: now]")
@click.option("--dry-run", is_flag=True, help="Show what would end, and end nothing.")
@database_option
@format_option
@language_option
def withdraw(
    id: str | None,  # noqa: A002
    subject: Sequence[str],
    subjects: IO[str] | None,
    purpose: str | None,
    recipient: str | None,
    kinds: Sequence[str],
    at: str | None,
    dry_run: bool,
    database: str | None,
    form: str,
    lang: Language,
) -> None:
    """End the fact ID, or every fact that agrees with a person, a purpose and a recipient. Their history stays.

    What still permits afterwards is listed: consents and legal bases in effect that agree as well, of the person or of
    nobody in particular. A fact that names no purpose or recipient is for all of them, and ends as a whole.

    \b
    Example:
      policyengine facts withdraw 0f6c… --at 2026-12-01T00:00:00+09:00
      policyengine facts withdraw --subject c-102 --purpose publicity --dry-run
      policyengine facts withdraw --subjects ids.txt --recipient mailer-kk
    """
    persons = _persons(subject, subjects)
    general = persons is not None or purpose is not None or recipient is not None
    if (id is not None) == general:
        raise click.UsageError("name one fact by its ID, or say whose facts end, for which purpose or recipient")
    if id is not None:
        with ledger_of(database) as ledger:
            show_entries(ledger.history(id)[-1:] if dry_run else [ledger.withdraw(id, at)], form, lang)
        return
    from policyengine_records.ledger.policies import declared_type  # noqa: PLC0415  imports the rules
    from policyengine_records.ledger.withdrawal import Agreeing  # noqa: PLC0415  imports SQLAlchemy

    types, engine = _policies(lang)
    if engine is None and purpose is not None:
        tell(_BY_NAME.say(lang))
    which = Agreeing(persons, purpose, recipient, frozenset(kinds or ("consent",)))
    for one in which.types:
        declared_type(one, types)
    with ledger_of(database) as ledger:
        done = ledger.withdraw_agreeing(which, at, engine=engine, dry_run=dry_run)
    if form == "json":
        told = {"ended": [one.as_dict() for one in done.ended], "left": [one.as_dict() for one in done.left]}
        _print([json.dumps(told, ensure_ascii=False, indent=2)])
        return
    ended = Text(ja=f"{len(done.ended)} 件が終わり", en=f"{len(done.ended)} {'would end' if dry_run else 'ended'}")
    _print([ended.say(lang), *(f"  {visible(_line(one, lang))}" for one in done.ended)])
    left = Text(ja=f"{len(done.left)} 件がなお許可します", en=f"{len(done.left)} still permit")
    _print([left.say(lang), *(f"  {visible(_line(one, lang))}" for one in done.left)])


@facts.command()
@click.argument("id")
@click.option("--at", metavar="TIME", help="When it was answered.  [default: now]")
@database_option
@format_option
@language_option
def answer(id: str, at: str | None, database: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Note that the request ID was answered. It stays in effect.

    \b
    Example:
      policyengine facts answer 0f6c… --at 2026-12-01T10:00:00+09:00
    """
    with ledger_of(database) as ledger:
        show_entries([ledger.answer(id, at)], form, lang)


@facts.command("list")
@click.option("--subject", metavar="ID", multiple=True, help="Only facts about this person.")
@_subjects_option
@click.option("--type", "kind", metavar="TYPE", help="Only facts of this type.")
@click.option("--as-of", metavar="TIME", help="As the ledger was known then.")
@database_option
@format_option
@language_option
def list_(
    subject: Sequence[str],
    subjects: IO[str] | None,
    kind: str | None,
    as_of: str | None,
    database: str | None,
    form: str,
    lang: Language,
) -> None:
    """List facts, each as it is known now.

    \b
    Example:
      policyengine facts list --subject c-102 --as-of 2026-11-01T00:00:00Z
    """
    persons = _persons(subject, subjects)
    with ledger_of(database) as ledger:
        if persons is None:
            found = ledger.facts(type=kind, as_of=as_of)
        else:
            found = [one for person in persons for one in ledger.facts(subject=person, type=kind, as_of=as_of)]
    show_entries(found, form, lang)


@facts.command()
@click.argument("id")
@database_option
@format_option
@language_option
def history(id: str, database: str | None, form: str, lang: Language) -> None:  # noqa: A002
    """Show every entry about the fact ID, the oldest first.

    \b
    Example:
      policyengine facts history 0f6c…
    """
    with ledger_of(database) as ledger:
        show_entries(ledger.history(id), form, lang)


@facts.command("import")
@click.argument("file", type=click.File("r", encoding="utf-8-sig"))
@database_option
@format_option
@language_option
def import_(file: IO[str], database: str | None, form: str, lang: Language) -> None:
    """Add the facts in FILE (JSONL; - is standard input), or what export wrote: all of them, or none.

    \b
    Example:
      policyengine facts import facts.jsonl
    """
    types, engine = _policies(lang)
    objects = []
    for number, one in _lines(file):
        try:
            _refuse_wrong(one.get("fact", one), types)
        except RecordsError as error:
            raise RecordsError(f"line {number}: {error.text.en}", f"{number} 行目: {error.text.ja}") from None
        objects.append(one)
    with ledger_of(database) as ledger, _progress(len(objects)) as told:
        ids = ledger.import_(objects, engine=engine, told=told)
    said = Text(ja=f"{len(ids)} 件の事実", en=f"{len(ids)} {'fact' if len(ids) == 1 else 'facts'}")
    _print([said.say(lang)] if form == "text" else [json.dumps({"ids": ids})])


@facts.command()
@database_option
@language_option
def export(database: str | None, lang: Language) -> None:  # noqa: ARG001  errors are told in it
    """Write every fact with its id and state as JSONL.

    \b
    Example:
      policyengine facts export > facts.jsonl
    """
    with ledger_of(database) as ledger:
        _print(json.dumps(one, ensure_ascii=False) for one in ledger.export())


def _persons(named: Sequence[str], file: IO[str] | None) -> list[str] | None:
    """Return the persons that a call names, in a file or by themselves; None where it names none."""
    if not named and file is None:
        return None
    try:
        lines = [line.strip() for line in file or ()]
    except UnicodeDecodeError as error:
        raise RecordsError(f"not UTF-8: {error}", f"UTF-8 ではありません: {error}") from None
    return list(dict.fromkeys([*named, *(line for line in lines if line)]))


@contextmanager
def ledger_of(database: str | None) -> Iterator[Ledger]:
    """Open the ledger that the call or the configuration names."""
    from policyengine_records.ledger.ledger import Ledger  # noqa: PLC0415  imports SQLAlchemy

    with opened(database) as store:
        yield Ledger(store, answer_within_days=settings().get("ledger", {}).get("answer_within_days"))


def _policies(lang: Language) -> tuple[Mapping[str, FactType], Engine | None]:
    """Return the declared types of facts, and the engine of the configuration; without one, the standard types."""
    call = session()
    if call.file is not None:
        engine = call.engine()
        return engine.fact_types, engine
    from policyengine.language.build import standard_vocabulary  # noqa: PLC0415  imports jsonschema, needed only here

    tell(_STANDARD_TYPES.say(lang))
    return standard_vocabulary().facts, None


def _refuse_wrong(fact: Mapping[str, Any], types: Mapping[str, FactType]) -> None:
    """Refuse a fact that is malformed, or of no declared form."""
    from policyengine_records.ledger.policies import refuse_strange  # noqa: PLC0415  imports the rules

    Stated.of(fact)
    refuse_strange(fact, types)


def _object(text: str, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise RecordsError(f"{where}: no JSON: {error}", f"{where}: JSON ではありません: {error}") from None
    if not isinstance(found, dict):
        raise RecordsError(f"{where}: expected a JSON object", f"{where}: JSON のオブジェクトではありません")
    return found


def _lines(file: Iterable[str]) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        for number, line in enumerate(file, 1):
            if line.strip():
                yield number, _object(line, f"line {number}")
    except UnicodeDecodeError as error:
        raise RecordsError(f"not UTF-8: {error}", f"UTF-8 ではありません: {error}") from None


@contextmanager
def _progress(total: int) -> Iterator[Callable[[int, int], None]]:
    """Show on standard error how many facts are written, where that is a terminal."""
    if not sys.stderr.isatty():
        yield lambda _done, _total: None
        return
    with click.progressbar(length=total, file=sys.stderr) as bar:
        yield lambda done, _total: bar.update(done - bar.pos)


def show_entries(entries: Sequence[Entry], form: str, lang: Language) -> None:
    """Print entries: a line each, or one JSON array."""
    if form == "json":
        _print([json.dumps([entry.as_dict() for entry in entries], ensure_ascii=False, indent=2)])
    else:
        _print(visible(_line(entry, lang)) for entry in entries)


def _line(entry: Entry, lang: Language) -> str:
    """Return an entry for people."""
    parts = [
        entry.id,
        f"{entry.recorded_at} {_WORDS[entry.change].say(lang)}",
        json.dumps(dict(entry.fact), ensure_ascii=False),
    ]
    if entry.state is not None:
        parts.append(_WORDS[entry.state].say(lang))
    if entry.due_at is not None:
        parts.append(Text(ja=f"期限 {entry.due_at}", en=f"due {entry.due_at}").say(lang))
    if entry.withdrawn_at is not None:
        parts.append(Text(ja=f"{entry.withdrawn_at} に撤回", en=f"withdrawn {entry.withdrawn_at}").say(lang))
    return "  ".join(parts)


def _print(lines: Iterable[str]) -> None:
    for line in lines:
        write(line)
    sys.stdout.buffer.flush()
