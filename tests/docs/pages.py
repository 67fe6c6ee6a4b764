"""The pages of the documentation, and what their code blocks claim. `CONTRIBUTING.md` has the words after a fence."""

from __future__ import annotations

import contextlib
import doctest
import importlib
import io
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple

import jsonschema

import forked
from policyengine import Engine, Event, PolicyError, Problem
from policyengine.builtin.files import read_events
from policyengine.cli import COMMANDS
from policyengine.engine.plugins import Plugins
from policyengine.language.build import build_policy, check_path
from policyengine.language.find import CONFIGURATION
from policyengine.model.flow_schema import event_schema
from policyengine.suite.load import load_suite
from policyengine.suite.run import Engines, run
from policyengine.suite.run import load as load_cases

ROOT = Path(__file__).parents[2]
PAGES = sorted((*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")))
PACK = "rules/alc-smart-learning"
SCHEMAS = {
    name: json.loads((ROOT / "schemas" / f"{name}.schema.json").read_text("utf-8")) for name in ("event", "decision")
}

FENCE = re.compile(r"^(?P<indent> *)```(?P<info>[^\n`]*)\n(?P<text>.*?)^ *```\s*?$", re.MULTILINE | re.DOTALL)
NOT_RUN = frozenset({"cd", "git", "make", "pip", "python3.11"})
"""Commands of a console block that would change the machine; that what they name exists is tested elsewhere."""
PROSE = frozenset({"text", "mermaid", "yaml", "sh", "xml", "ini"})


class Block(NamedTuple):
    """One code block.

    Args:
        page: the page.
        line: where its first line stands.
        language: the first word after the fence.
        words: the other words.
        named: those of the form ``name=value``.
        text: what stands in it.
    """

    page: Path
    line: int
    language: str
    words: tuple[str, ...]
    named: Mapping[str, str]
    text: str

    def __str__(self) -> str:
        return f"{self.page.relative_to(ROOT)}:{self.line}"


def blocks_of(page: Path) -> Iterator[Block]:
    """Yield the code blocks of a page in order."""
    whole = page.read_text("utf-8")
    for found in FENCE.finditer(whole):
        language, *words = found["info"].split() or [""]
        text = re.sub(rf"^{found['indent']}", "", found["text"], flags=re.MULTILINE)
        plain = tuple(word for word in words if "=" not in word)
        named = dict(word.split("=", 1) for word in words if "=" in word)
        yield Block(page, whole.count("\n", 0, found.start("text")) + 1, language, plain, named, text)


def agrees(shown: Any, real: Any) -> bool:
    """Whether what a page shows is so, as far as it shows it: keys may be left out, a text may end in an ellipsis."""
    if isinstance(shown, Mapping):
        return isinstance(real, Mapping) and all(key in real and agrees(shown[key], real[key]) for key in shown)
    if isinstance(shown, list):
        return isinstance(real, list) and len(shown) == len(real) and all(map(agrees, shown, real))
    if isinstance(shown, str) and shown.endswith("…"):
        return isinstance(real, str) and real.startswith(shown[:-1])
    return shown == real


def same_output(shown: str, real: str) -> bool:
    """Whether a printed output is the one that a page shows; a line of three dots stands for lines, … for anything."""
    lines = [re.escape(line.rstrip()).replace("…", ".*") for line in shown.rstrip().split("\n")]
    pattern = "".join("(?:.*\n)*?" if line == r"\.\.\." else f"{line}\n" for line in lines)
    found = "".join(f"{line.rstrip()}\n" for line in real.rstrip().split("\n"))
    return re.fullmatch(pattern, found) is not None


class Reader:
    """Reads one page from top to bottom, and does what its blocks say.

    Args:
        folder: where it is read: the page's files go there, beside the rules, examples and schemas of the checkout.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        page = sys.modules["__page__"] = ModuleType("__page__")  # frameworks find things by the names of modules
        self.names: dict[str, Any] = vars(page)
        self.printed = ""
        self.event: dict[str, Any] | None = None
        self.base: Path | None = None
        self.kinds = Plugins(installed=False).kinds
        for name in ("rules", "examples", "schemas"):
            shutil.copytree(ROOT / name, folder / name)  # a copy: a page may write
        commands = folder / ".bin"
        commands.mkdir()
        forked.program(commands)
        self.environment = {
            **os.environ,
            "PATH": f"{commands}:{os.environ['PATH']}",
            "LANG": "C.UTF-8",
            "NO_COLOR": "1",
        }
        for name in ("LC_ALL", "LC_MESSAGES"):
            self.environment.pop(name, None)

    def read(self, block: Block) -> None:
        """Do what `block` says. Raises `AssertionError` where that is not so."""
        if block.language in PROSE and "output" not in block.words:
            return
        method = getattr(self, f"_{block.language}", None)
        assert method is not None, f"{block}: a block of {block.language or 'nothing'} tests nothing"
        method(block)

    def _toml(self, block: Block) -> None:
        """``toml``, with ``file=FILE`` or ``more=FILE``, ``[unfinished]``, ``fragment [of=FILE]``, or ``problem=CODE``.

        A file with the usual name of a configuration is loaded as one; so is one with a problem that has ``file=FILE``.
        """
        if "fragment" in block.words:
            data = tomllib.loads(block.text)
            if of := block.named.get("of"):
                assert _stands_in(data, tomllib.loads((self.folder / of).read_text("utf-8"))), f"{block}: not so"
        elif "problem" in block.named:
            self._problem(block, block.named["problem"])
        elif "more" in block.named:
            file = self.folder / block.named["more"]
            file.write_text(file.read_text("utf-8") + "\n" + block.text, "utf-8")
            if "unfinished" not in block.words:
                self._load(block, file)
        else:
            file = self.folder / block.named.get("file", "policy.toml")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(self._pinned(block.text) if file.name == CONFIGURATION else block.text, "utf-8")
            if "unfinished" not in block.words:
                self.base = self.base or file
                self._load(block, file)

    def _pinned(self, text: str) -> str:
        """A configuration in which each digest that a page leaves out as ``sha256:…`` is that of the pack today."""

        def pinned(found: re.Match[str]) -> str:
            policy = build_policy(self.folder / "rules" / found[1], self.kinds, {})
            return f'{found[1]} = "{policy.digest}"'

        return re.sub(r'^(\S+) = "sha256:…"$', pinned, text, flags=re.MULTILINE)

    def _load(self, block: Block, file: Path) -> None:
        """Load what stands in a file now, with the loader that reads such files."""
        if file.name.endswith(".test.toml"):
            engines = Engines()
            failed = [result for result in run(list(load_cases(file, engines).cases), engines) if not result.passed]
            assert not failed, f"{block}: {failed}"
        else:
            if file.name == CONFIGURATION:
                Engine.load(config=file)
                return
            errors = [problem for problem in check_path(file, self.kinds) if problem.severity == "error"]
            assert not errors, f"{block}: {[problem.line() for problem in errors]}"

    def _problem(self, block: Block, code: str) -> None:
        """A block in which something is wrong: what reads such a file says so, and nothing else."""
        name = block.named.get("file", "case.toml")
        pack = self.folder / "wrong"
        shutil.rmtree(pack, ignore_errors=True)
        pack.mkdir()
        assert self.base is not None, f"{block}: no policy to stand beside"
        shutil.copy(self.base, pack)
        file = pack / name
        file.write_text(block.text, "utf-8")
        found: Iterable[Problem]
        try:
            if name == CONFIGURATION:
                Engine.load(config=file)
            elif name.endswith(".test.toml"):
                load_suite(file)
            elif name.endswith(".csv"):
                with file.open("rb") as stream:
                    list(read_events(stream, name))
            found = check_path(pack, self.kinds)
        except PolicyError as error:
            found = error.problems
        codes = {problem.code for problem in found}
        assert codes == {code}, f"{block}: {code} is shown, {codes} is said"

    def _csv(self, block: Block) -> None:
        """``csv problem=CODE``."""
        self._problem(block._replace(named={"file": "events.csv", **block.named}), block.named["problem"])

    def _json(self, block: Block) -> None:
        """``json event``, ``json event invalid``, ``json fact``, ``json decision``; each with ``of=PACK``."""
        data = json.loads(block.text)
        pack = self.folder / block.named.get("of", PACK)
        if "event" in block.words:
            self.event = data
            schema = SCHEMAS["event"]
            if "of" in block.named:  # it has facts of the pack's own types
                schema = event_schema(Engine.load(pack, installed_plugins=False).fact_types.values())
            valid = jsonschema.Draft202012Validator(schema).is_valid(data)
            assert valid is ("invalid" not in block.words), f"{block}: valid {valid}"
            if valid:
                Event.from_mapping(data)
        elif "fact" in block.words:
            engine = Engine.load(pack, installed_plugins=False)
            declared = engine.fact_types[data["type"]]
            assert not list(declared.errors(data, "$")), f"{block}: {list(declared.errors(data, '$'))}"
        else:
            assert "decision" in block.words and self.event is not None, f"{block}: what is it?"
            decision = Engine.load(pack, installed_plugins=False).evaluate(self.event).as_dict()
            jsonschema.validate(decision, SCHEMAS["decision"])
            assert agrees(data, decision), f"{block}: {json.dumps(decision, ensure_ascii=False, indent=1)}"

    def _jsonl(self, block: Block) -> None:
        """``jsonl file=FILE``: events, a line each, for commands further down."""
        for line in block.text.splitlines():
            Event.from_json(line)
        (self.folder / block.named["file"]).write_text(block.text, "utf-8")

    def _python(self, block: Block) -> None:
        out = io.StringIO()
        code = compile("\n" * (block.line - 1) + block.text, str(block.page), "exec")
        with contextlib.redirect_stdout(out):
            exec(code, self.names)
        self.printed = out.getvalue()

    def _pycon(self, block: Block) -> None:
        """A session of Python: what each command prints, or the error that it raises."""
        session = doctest.DocTestParser().get_doctest(
            block.text, {}, block.named.get("file", ""), str(block), block.line
        )
        for example in session.examples:
            out = io.StringIO()
            try:
                with contextlib.redirect_stdout(out):
                    exec(compile(example.source, str(block), "single"), self.names)
            except Exception as error:
                out.write(f"{type(error).__module__}.{type(error).__qualname__}: {error}")
            shown = (example.exc_msg or example.want).strip()
            assert same_output(shown, out.getvalue()), f"{block}: {example.source} it says\n{out.getvalue()}"

    def _text(self, block: Block) -> None:
        """``text output``: what the block before it printed."""
        assert same_output(block.text, self.printed), f"{block}: it prints\n{self.printed}"

    def _console(self, block: Block) -> None:
        commands = list(_commands(block.text))
        assert commands, f"{block}: no line begins with $"
        if any(_first_word(command) in NOT_RUN for command, _ in commands):
            return
        mark = "--- end of output ---"
        script = "".join(f"{command}\nlast=$?; printf '\\n{mark}\\n'; (exit $last)\n" for command, _ in commands)
        done = subprocess.run(
            ["bash", "-c", script],
            check=False,
            cwd=self.folder,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        outputs = done.stdout.decode("utf-8").split(f"\n{mark}\n")
        for (command, shown), real in zip(commands, outputs, strict=False):
            assert same_output(shown, real), f"{block}: $ {command}\n{real}"


def _stands_in(part: Any, whole: Any) -> bool:
    """Whether a fragment stands in a rule file, which may say more: other keys, other tables of a list."""
    if isinstance(part, Mapping):
        return isinstance(whole, Mapping) and all(key in whole and _stands_in(part[key], whole[key]) for key in part)
    if isinstance(part, list) and all(isinstance(member, Mapping) for member in part):
        return all(any(_stands_in(member, other) for other in whole) for member in part)
    return part == whole


def _commands(text: str) -> Iterator[tuple[str, str]]:
    """Yield each command of a console block, after its ``$``, with the output below it."""
    for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        lines = part.split("\n")
        command = [lines.pop(0)]
        while command[-1].endswith("\\") and lines:
            command.append(lines.pop(0))
        yield "\n".join(command), "\n".join(lines)


def _first_word(command: str) -> str:
    return shlex.split(command, comments=True)[0]


def commands_of(page: Path) -> Iterator[tuple[Block, Sequence[str]]]:
    """Yield each call of ``policyengine`` in a page's shell blocks, which are not run, as its words."""
    for block in blocks_of(page):
        if block.language == "sh":
            for line in block.text.replace("\\\n", " ").splitlines():
                for part in re.split(r"[|;&]", line):
                    words = shlex.split(part, comments=True)
                    if words[:1] == ["policyengine"]:
                        yield block, words[1:]


def known(words: Sequence[str]) -> bool:
    """Whether a subcommand has the options with which a page calls it."""
    if not words or words[0].startswith("-"):
        return True
    if words[0] not in COMMANDS:
        return False
    command = importlib.import_module(f"policyengine.cli.{words[0]}").command
    options = {option for parameter in command.params for option in parameter.opts} | {"--help", "-h"}
    return all(word.partition("=")[0] in options for word in words[1:] if re.match(r"--?[a-z]", word))
