"""The engine's side of the playground: what is in the editors goes in, and what they mean comes out, step by step.

A request is a mapping, as the page sends it in JSON: ``files`` by name, the text of an ``event``, the language ``lang``
and the ``view`` that is open. Each answer is a mapping with its ``kind``. The first is what is wrong with the files and
the decision. What takes longer follows, and after a ``rest`` what nobody waits for. Whoever asked may stop listening at
any time.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any, Final

import policyengine
from policyengine import Engine, InvalidEvent, PolicyError, Problem
from policyengine.decision.decider import invalid, read_event
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policies, checked
from policyengine.language.find import find_packs, find_suites
from policyengine.text import Line, visible

Answer = dict[str, Any]

VERSION: Final = policyengine.__version__
TURN: Final = 0.1
"""So many seconds pass at most before whoever asked can say that they no longer want to know."""


class Playground:
    """The files of one person, and the engine of what they say.

    Args:
        folder: where the files are written: policies and suites are found in it, as the command line finds them.
    """

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        os.chdir(self._folder)
        self._plugins = Plugins(installed=False)
        self._files: dict[str, str] = {}
        self._engine: Engine | None = None
        self._problems: tuple[Problem, ...] = ()

    def answers(self, request: str) -> Iterator[str]:
        """Yield, as JSON, what a request means."""
        for answer in self._answers(json.loads(request)):
            yield json.dumps(answer, ensure_ascii=False)

    def _answers(self, request: Mapping[str, Any]) -> Iterator[Answer]:
        lang, view = request["lang"], request["view"]
        changed = self._load(request["files"])
        decision: Answer | None = None
        event = None
        if self._engine is not None and request["event"].strip():
            event = read_event(request["event"].encode())
            found = invalid(event) if isinstance(event, InvalidEvent) else self._engine.evaluate(event)
            decision = found.as_dict()
        yield {"kind": "decision", "decision": decision, "problems": _told(self._problems, lang), "fresh": changed}
        if self._engine is None:
            return
        if view == "explanation" and event is not None and not isinstance(event, InvalidEvent):
            yield {"kind": "explanation", "lines": list(_explained(self._engine, event, lang))}
        if view == "tests":
            yield from self._tested(lang)
        if view == "notice":
            yield from _noticed(self._engine, lang)
        yield {"kind": "rest"}
        notes = [problem for pack in find_packs(".") for problem in checked(pack, self._plugins.kinds)[0]]
        yield {"kind": "notes", "problems": _told(notes, lang)}

    def _load(self, files: Mapping[str, str]) -> bool:
        """Make an engine of the files, where they are not those of before; return whether they are not."""
        if files == self._files:
            return False
        for name in self._files.keys() - files.keys():
            (self._folder / name).unlink(missing_ok=True)
        for name, text in files.items():
            if self._files.get(name) != text:
                path = self._folder / safe(name)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, "utf-8", newline="")
        self._files = dict(files)
        self._engine, self._problems = None, ()
        try:
            policies = build_policies(list(find_packs(".")), self._plugins.kinds, {})
            self._engine = Engine(policies, self._plugins)
        except PolicyError as error:
            self._problems = tuple(error.problems)
        return True

    def _tested(self, lang: str) -> Iterator[Answer]:
        from policyengine.report.coverage import write_html  # noqa: PLC0415  needed only where somebody asks for it
        from policyengine.report.results import failure, summary_line  # noqa: PLC0415
        from policyengine.suite.coverage import Collector  # noqa: PLC0415
        from policyengine.suite.run import Engines, load, run_case  # noqa: PLC0415

        engines, start = Engines(self._suite_engine), time.perf_counter()
        try:
            cases = [case for suite in find_suites(".") for case in load(suite, engines).cases]
        except PolicyError as error:
            yield {"kind": "tests", "problems": _told(error.problems, lang)}
            return
        results, collector, turn = [], Collector(), start
        for policies in dict.fromkeys(case.policies for case in cases):
            for engine in engines.in_all_readings(policies):
                collector.expect(engine.policies)
        for case in cases:
            engine = engines.of(case.policies, case.readings)
            results.append(run_case(case, engine))
            collector.watch(engine, case.event)
            if time.perf_counter() - turn > TURN:
                turn = time.perf_counter()
                yield {"kind": "progress", "done": len(results), "of": len(cases)}
        failed = [result for result in results if not result.passed]
        lines = [line for result in failed for line in failure(result).lines(lang)]
        page = Path(write_html(Path("/tmp/policyengine-coverage"), collector.found.values(), lang))
        yield {
            "kind": "tests",
            "cases": len(cases),
            "lines": _said((summary_line(results, time.perf_counter() - start, lang), *lines)),
            "page": page.read_text("utf-8") if cases else None,
        }
        shutil.rmtree(page.parent)

    def _suite_engine(self, paths: tuple[Path, ...], readings: Mapping[str, str]) -> Engine:
        from policyengine.suite.run import judged_alone  # noqa: PLC0415

        return Engine(judged_alone(build_policies(paths, self._plugins.kinds, readings)), self._plugins)


def safe(name: str) -> str:
    """Return the name of a file, which must lead to below the folder. Raises `ValueError` where it does not."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts:
        raise ValueError(f"no name of a file: {name}")
    return name


def _explained(engine: Engine, event: Any, lang: str) -> Iterator[list[tuple[str, str]]]:
    from policyengine.decision.text import explanation_lines  # noqa: PLC0415

    yield from _said(explanation_lines(engine.explanation(event), lang))


def _noticed(engine: Engine, lang: str) -> Iterator[Answer]:
    """Yield what people are told of the policies, with the map and the matrix of their flows: a page each."""
    from policyengine.report.html import as_html  # noqa: PLC0415  needed only where somebody asks for it
    from policyengine.report.notice import notice  # noqa: PLC0415

    pages = []
    for policy in engine.policies:
        pages.append({"title": policy.title.say(lang), "page": as_html(notice(policy, lang), lang)})
        yield {"kind": "progress", "done": len(pages), "of": len(engine.policies)}
    yield {"kind": "notice", "pages": pages}


def _said(lines: Iterable[Line]) -> list[list[tuple[str, str]]]:
    return [[(visible(words.text), words.style) for words in line] for line in lines]


def _told(problems: Iterable[Problem], lang: str) -> list[Answer]:
    """Return problems as an editor shows them."""
    return [
        {
            "file": problem.place.file if problem.place else None,
            "line": problem.place.line if problem.place else 0,
            "column": problem.place.column if problem.place else 0,
            "severity": problem.severity,
            "code": problem.code,
            "said": visible(problem.said(lang)),
        }
        for problem in dict.fromkeys(problems)
    ]
