"""Several processes: whatever their number, what is written is the same, byte for byte, and so is the exit code."""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import pytest

from cli.running import DENIED, INVALID, MODULE, PACK, PERMITTED, ROOT, environment, evaluate, lines, on_terminal, run
from policyengine import Engine
from policyengine.cli.parallel import JobFailed, decided
from policyengine.cli.writing import Call, Writing

TABLE = "id,time,operation,subject.category,items,purpose\n"
ROW = "e-1,2026-11-24T09:00:00+09:00,use,customer,name,after-care\n"


def mixed(count: int, *, seed: int) -> str:
    """Return lines of every sort, in no order."""
    draw = random.Random(seed)
    sorts = [PERMITTED, DENIED, INVALID, {**PERMITTED, "items": ["nmae"]}, {**DENIED, "items": ["name", "sex"]}]
    texts = [json.dumps({**draw.choice(sorts), "id": f"e-{number}"}) for number in range(count)]
    return "".join(f"{draw.choice([text] * 30 + ['', '   ', 'null', text[:-1]])}\n" for text in texts)


@pytest.mark.parametrize(("jobs", "form"), [(2, "jsonl"), (3, "text")])
def test_the_output_is_that_of_one_process(jobs: int, form: str, tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(mixed(1_700, seed=jobs))
    args = ["evaluate", PACK, "--events", str(file), "--format", form, "--lang", "ja", "--summary"]
    alone = run(*args)
    assert alone.code == 2 and "イベント" in alone.err
    assert run(*args, "-j", str(jobs)) == alone


@pytest.mark.parametrize(
    "text",
    [
        "",
        lines(PERMITTED),
        lines(DENIED, PERMITTED),
        json.dumps([PERMITTED, 5, DENIED] * 700),
        json.dumps(PERMITTED, indent=2),
    ],
    ids=["nothing", "a line", "two lines", "a list", "a document"],
)
def test_so_it_is_for_whatever_a_pipe_carries(text: str) -> None:
    assert evaluate(text, "-j", "2", "--expect-events") == evaluate(text, "--expect-events")


ONE = json.dumps(PERMITTED).encode()


BROKEN = {
    b"\xef\xbb\xbf" + ONE: "permit",  # a byte-order mark, at the beginning
    b"\xef\xbb\xbf" + ONE[:-1] + b" }": "permit",  # and where files were put together
    b"\x00": "invalid",
    ONE.replace(b"name", b"na\x00me"): "invalid",
    ONE[:-9]: "invalid",
    b"\xff\xfe": "invalid",
    ONE + b"\r": "permit",
    b"nonsense": "invalid",
}


def test_so_it_is_for_what_is_broken_too_long_or_cut_off() -> None:
    text = b"\n".join([*BROKEN, b"x" * (65 << 20), ONE, ONE[:-5]])
    alone = evaluate(text)
    assert evaluate(text, "-j", "2") == alone
    assert alone.outcomes == [*BROKEN.values(), "invalid", "permit", "invalid"]


@pytest.mark.parametrize(
    "rows",
    [ROW * 1_200, ROW * 700 + '"x"y' + ROW * 700, ROW * 700 + '"' + ROW * 9, ROW * 20 + "short\n" + ROW * 600],
    ids=["sound", "a broken quotation", "one that is never closed", "a short row"],
)
def test_so_it_is_for_a_table_and_where_it_breaks(rows: str, tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text(TABLE + rows)
    alone = run("evaluate", PACK, "--events", str(file))
    assert len(alone.ids) >= 700 or alone.code == 2
    assert run("evaluate", PACK, "--events", str(file), "-j", "2") == alone


def test_so_it_is_for_an_event_source_and_what_the_configuration_says(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(TABLE + ROW * 1_100)
    configuration = tmp_path / "policyengine.toml"
    configuration.write_text(
        f'policies = ["{PACK}"]\nreadings = {{"stages-of-2-2" = "excluded"}}\n'
        '[plugins.files.month]\nfile = "events.csv"\n'
    )
    args = ["--config", str(configuration), "evaluate", "--source", "month"]
    alone = run(*args)
    assert len(alone.ids) == 1_100 and alone.decisions[0]["policies"][0]["readings"] == {"stages-of-2-2": "excluded"}
    assert run(*args, "-j", "2") == alone


def test_zero_is_one_for_each_processor() -> None:
    assert evaluate(lines(PERMITTED, DENIED), "-j", "0") == evaluate(lines(PERMITTED, DENIED))


def test_a_form_that_needs_all_decisions_goes_with_one_process() -> None:
    ran = evaluate(lines(PERMITTED), "-j", "2", "--format", "json")
    assert (ran.code, ran.out) == (2, "")
    assert "--jobs" in ran.err and "jsonl" in ran.err
    assert evaluate(lines(PERMITTED), "-j", "1", "--format", "json").code == 0


def test_what_cannot_be_loaded_is_said_once(tmp_path: Path) -> None:
    (tmp_path / "policy.toml").write_text("[policy\n")
    args = ["evaluate", str(tmp_path), "--events", "-"]
    alone = run(*args)
    assert alone.code == 2
    assert run(*args, "-j", "2") == alone


def test_long_work_shows_how_far_it_is(tmp_path: Path) -> None:
    file = tmp_path / "events.jsonl"
    file.write_text(lines(*[PERMITTED] * 8000))
    code, shown = on_terminal("evaluate", PACK, "--events", str(file), "-j", "2", stdout_too=False)
    assert code == 0
    assert "events.jsonl" in shown and "8000 events" in shown


@contextmanager
def shared_out(*args: str, **streams: int) -> Iterator[subprocess.Popen[bytes]]:
    """Run ``evaluate -j 2`` on a pipe; nothing of it is left at the end."""
    process = subprocess.Popen(
        [*MODULE, "evaluate", PACK, "--events", "-", "-j", "2", *args],
        **{"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams},  # type: ignore[call-overload]
        env=environment(),
        cwd=ROOT,
        start_new_session=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509  a job in the background ignores it
    )
    try:
        yield process
        process.wait(60)
        until = time.monotonic() + 10
        while others(process):  # one of the interpreter's own sees the end a moment later
            assert time.monotonic() < until, "processes are left"
            time.sleep(0.05)
    finally:
        for left in others(process):
            os.kill(left, signal.SIGKILL)
        process.kill()
        process.wait()
        for stream in (process.stdin, process.stdout, process.stderr):
            if stream is not None:
                with suppress(BrokenPipeError):  # what was not taken cannot be given
                    stream.close()


def others(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the other processes of its session."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            session = int((entry / "stat").read_text().rpartition(")")[2].split()[3]) if entry.name.isdigit() else 0
        except OSError:
            continue
        if session == process.pid != int(entry.name if entry.name.isdigit() else 0):
            found.append(int(entry.name))
    return found


def test_on_a_stream_that_is_followed_each_line_is_decided_at_once() -> None:
    with shared_out() as process:
        assert process.stdin and process.stdout
        for line, outcome in BROKEN.items():
            process.stdin.write(line + b"\n")
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["outcome"] == outcome
        process.stdin.write(ONE[:-5])  # and what is cut off at the end
        process.stdin.close()
        assert json.loads(process.stdout.readline())["outcome"] == "invalid"


SLOW = """
import json, time
from policyengine.hooks import hookimpl

class Slow:
    name = "slow"
    def events(self):
        for number in range(3):
            yield {**json.loads(%r), "id": f"e-{number}"}
        time.sleep(600)

@hookimpl
def policyengine_event_sources(settings):
    return [Slow()]
"""


def test_what_an_event_source_has_is_decided_before_it_has_more(tmp_path: Path) -> None:
    (tmp_path / "slow_source.py").write_text(SLOW % ONE.decode())
    installed = tmp_path / "slow_source-1.dist-info"
    installed.mkdir()
    (installed / "METADATA").write_text("Metadata-Version: 2.1\nName: slow-source\nVersion: 1\n")
    (installed / "entry_points.txt").write_text("[policyengine]\nslow = slow_source\n")
    inherited = environment()
    path = os.pathsep.join([str(tmp_path), *filter(None, [inherited.get("PYTHONPATH")])])
    for jobs in ("1", "2"):
        process = subprocess.Popen(
            [*MODULE, "evaluate", PACK, "--source", "slow", "-j", jobs],
            stdout=subprocess.PIPE,
            env={**inherited, "PYTHONPATH": path},
            cwd=ROOT,
        )
        try:
            assert process.stdout
            assert [json.loads(process.stdout.readline())["event"] for _ in range(3)] == ["e-0", "e-1", "e-2"]
        finally:
            process.kill()
            process.wait()
            process.stdout.close()  # type: ignore[union-attr]


def children(process: subprocess.Popen[bytes]) -> list[int]:
    """Return the processes that decide: of those that it has started, the ones that have loaded policies."""
    named = {number: Path(f"/proc/{number}/cmdline").read_bytes() for number in others(process)}
    return sorted(number for number, line in named.items() if b"spawn_main" in line)


def asked(process: subprocess.Popen[bytes], *events: object) -> bytes:
    """Write events, and return the first line of the answer."""
    assert process.stdin and process.stdout
    process.stdin.write(lines(*events).encode())
    process.stdin.flush()
    return process.stdout.readline()


def test_who_waits_for_a_decision_gets_it_before_the_next_event() -> None:
    with shared_out() as process:
        for event, outcome in ((PERMITTED, "permit"), (DENIED, "deny"), (PERMITTED, "permit"), (INVALID, "invalid")):
            assert json.loads(asked(process, event))["outcome"] == outcome
        assert process.stdin
        process.stdin.close()
        assert process.wait(60) == 2


def test_a_process_that_dies_is_an_error_and_nothing_is_permitted_for_it() -> None:
    with shared_out() as process:
        assert b"permit" in asked(process, PERMITTED)
        os.kill(children(process)[0], signal.SIGKILL)
        os.kill(children(process)[-1], signal.SIGKILL)
        time.sleep(0.2)
        assert asked(process, PERMITTED) == b""
        assert process.wait(60) == 2
        assert process.stderr
        assert b"SIGKILL" in process.stderr.read()


def test_an_interrupted_command_leaves_quietly_with_130() -> None:
    with shared_out() as process:
        assert b"e-1" in asked(process, PERMITTED)
        os.killpg(process.pid, signal.SIGINT)  # as a terminal does: to all of them
        assert process.wait(60) == 130
        assert process.stderr
        assert process.stderr.read().strip() == b"interrupted"


def test_a_reader_that_has_gone_is_no_error() -> None:
    with shared_out() as process:
        assert b"e-1" in asked(process, PERMITTED)
        assert process.stdin and process.stdout and process.stderr
        process.stdout.close()
        process.stdin.write(lines(*[PERMITTED] * 5).encode())
        process.stdin.flush()
        assert process.wait(60) == 141
        assert process.stderr.read() == b""


def test_no_more_is_read_than_there_is_room_for() -> None:
    with shared_out() as process:
        assert process.stdin and process.stdout
        text, given, waited = lines(*[PERMITTED] * 300).encode(), 0, 0.0
        os.set_blocking(process.stdin.fileno(), False)
        while waited < 3:
            try:
                given += os.write(process.stdin.fileno(), text)
                waited = 0
            except BlockingIOError:
                time.sleep(0.1)
                waited += 0.1
            assert given < 20_000_000, "all of it is read, though nobody takes what is decided"
        process.stdout.close()
        process.stdin.close()
        assert process.wait(60) == 141


def test_processes_that_have_loaded_other_policies_decide_nothing() -> None:
    engine = Engine.load(ROOT / "rules" / "online-shop")
    call = Call(None, (), (PACK,), (), Writing("jsonl", "en", colour=False), reasons=False)
    with pytest.raises(click.ClickException, match="changed"):
        next(decided(call, 2, engine, [[lines(PERMITTED).encode()]]))


def test_a_mistake_of_ours_is_told_with_its_place() -> None:
    call = Call(None, (), (PACK,), (), Writing("no such form", "en", colour=False), reasons=False)
    with pytest.raises(JobFailed, match="no such form"):
        next(decided(call, 2, Engine.load(PACK), [[lines(PERMITTED).encode()]]))
