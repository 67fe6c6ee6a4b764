"""Whole runs of the command: a long stream through `evaluate`, what starting costs, and how long `mutate` takes."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from random import Random
from statistics import median

import streams
from corpus import PACK
from growth import spread
from timing import Figures, Ran, progress, ran

COMMAND = (sys.executable, "-m", "policyengine")


def evaluate(*, quick: bool) -> Iterator[Figures]:
    """Yield the rows of `evaluate` on a file of JSON lines, as many as a company has in a day."""
    count = 50_000 if quick else 1_000_000
    section = "policyengine evaluate, the realistic stream, the file to nowhere"
    with tempfile.TemporaryDirectory() as folder:
        file, decided = Path(folder) / "events.jsonl", Path(folder) / "decisions.jsonl"
        progress(f"evaluate: making {count:,} events")
        _write(file, count)
        command = [*COMMAND, "evaluate", str(PACK), "--events", str(file), "--format", "jsonl", "--no-summary"]
        for jobs in ([], ["-j", "1"], ["-j", str(os.cpu_count() or 1)]):
            progress(f"evaluate: {count:,} lines, {' '.join(jobs) or 'as it is called'}")
            took = ran([*command, *jobs], 7_200, code=1, stdout=decided)  # some are denied
            what = f"{count:,} lines{', ' if jobs else ''}{' '.join(jobs)}"
            if isinstance(took, str):
                yield _left_out(f"evaluate: {what}", took)
                continue
            if not _in_order(file, decided):
                raise SystemExit(f"the decisions are not in the order of the events: {what}")
            yield Figures(
                section,
                what,
                {
                    "lines/s": count / took.wall,
                    "lines/s of CPU": count / took.processor,
                    "wall s": took.wall,
                    "CPU s": took.processor,
                    "most MB": took.most,
                },
            )


def _write(file: Path, count: int) -> None:
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with file.open("w", encoding="utf-8") as out:
        for event in islice(streams.realistic(Random(1)), count):
            out.write(encode(event) + "\n")


def _in_order(file: Path, decided: Path) -> bool:
    with file.open("rb") as events, decided.open("rb") as decisions:
        pairs = zip(events, decisions, strict=True)
        return all(json.loads(event)["id"] == json.loads(decision)["event"] for event, decision in pairs)


# ---------------------------------------------------------------- processes


ALONE = """
from policyengine.engine import installed
installed.may_be_installed = lambda: False
from policyengine.cli import main
main()
"""
"""The command as in an environment where no plugin is installed."""


def processes(*, quick: bool) -> Iterator[Figures]:
    """Yield what short commands take, as whole processes, their modules compiled before as an installation has them."""
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.jsonl"
        _write(one, 1)
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        environment["PYTHONPYCACHEPREFIX"] = str(Path(folder) / "compiled")
        calls = (
            ("--help", ("--help",)),
            ("check", ("check", str(PACK))),
            ("evaluate, one event", ("evaluate", str(PACK), "--events", str(one))),
        )
        for what, command in (
            ("python -I -S -c pass", (sys.executable, "-I", "-S", "-c", "pass")),
            ("python -c pass", (sys.executable, "-c", "pass")),
            ("import click", (sys.executable, "-c", "import click")),
            ("import click, msgspec, pluggy", (sys.executable, "-c", "import click, msgspec, pluggy")),
            ("import policyengine", (sys.executable, "-c", "import policyengine")),
            *((f"policyengine {what}", (sys.executable, "-c", ALONE, *words)) for what, words in calls),
            *((f"policyengine {what}, with the plugins installed here", (*COMMAND, *words)) for what, words in calls),
        ):
            progress(f"processes: {what}")
            yield _often(what, command, environment, 5 if quick else 51)


def _often(what: str, command: Sequence[str], environment: Mapping[str, str], repeats: int) -> Figures:
    ran(command, 60, environment=environment)  # once for nothing: the files are then in memory, and compiled
    times: list[Ran] = []
    for _ in range(repeats):
        took = ran(command, 60, environment=environment)
        if isinstance(took, str):
            return _left_out(what, took)
        times.append(took)
    spent = sorted(each.processor * 1e3 for each in times)
    figures = {"CPU ms, least": spent[0], "p50": median(spent), "p99": spent[round(0.99 * (repeats - 1))]}
    figures |= {"most": spent[-1], "wall ms, p50": median(each.wall for each in times) * 1e3}
    return Figures("whole processes", what, figures)


# ---------------------------------------------------------------- mutate


def mutate(*, quick: bool) -> Iterator[Figures]:
    """Yield how long the mutants of a pack take."""
    with tempfile.TemporaryDirectory() as folder:
        generated = Path(folder) / "generated"
        generated.mkdir()
        rules = 20 if quick else 300
        (generated / "policy.toml").write_text(spread(rules), encoding="utf-8")
        (generated / "rules.test.toml").write_text(_suite(rules), encoding="utf-8")
        packs = [(f"{rules} generated rules", generated)]
        if not quick:
            packs.append(("the reference pack", PACK))
        for what, pack in packs:
            progress(f"mutate: {what}")
            took = _mutated(pack, 180 if quick else 3_600)
            if isinstance(took, str):
                yield _left_out(f"mutate: {what}", took)
                continue
            figures = {"CPU s": took.processor, "wall s": took.wall, "most MB": took.most}
            yield Figures("policyengine mutate", what, figures)


def _mutated(pack: Path, seconds: float) -> Ran | str:
    command = [*COMMAND, "mutate", str(pack), "-j", "1", "--format", "json"]
    took = ran(command, seconds, code=1)
    return ran(command, seconds) if isinstance(took, str) and took.startswith("exit code 0") else took


def _suite(rules: int) -> str:
    """Return a suite of one case that the generated policy permits for each of its blocks."""
    first = (
        '[suite]\ntitle = {ja = "生成", en = "generated"}\n\n[events.use]\ntime = "2026-06-01T10:00:00+09:00"\n'
        'controller = "shop-kk"\noperation = "use"\nsubject = {category = "people-0", id = "p-1"}\nitems = ["name"]\n'
        'purpose = "purpose-0"\n'
    )
    cases = (
        f'\n[[case]]\nname = "block {block}"\nbase = "use"\nsubject.category = "people-{block}"\n'
        f'purpose = "purpose-{block * 7 % 100}"\nexpect = "permit"\n'
        for block in range(rules // 10)
    )
    return first + "".join(cases)


def _left_out(what: str, why: str) -> Figures:
    return Figures("what could not be measured", what, {}, why)
