"""Followed files: what no complete set of files says is never in force, and what is broken holds back only itself."""

from __future__ import annotations

import gc
import itertools
import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import little_shop
from engine.little_shop import PURPOSES, event, policy, write
from policyengine import Engine, PolicyError, WatchedEngine, hookimpl
from policyengine.engine import watch
from policyengine.language import build
from policyengine.language.pack import load_pack
from policyengine.language.seal import digests, lock_text


def followed(*paths: Path, **options: Any) -> WatchedEngine:
    return Engine.watch(*paths, interval=3600, installed_plugins=False, **options)


def permitted(engine: WatchedEngine, controller: str = "shop") -> int:
    return sum(engine.evaluate(event(purpose, controller)).permitted for purpose in PURPOSES)


def version(engine: WatchedEngine) -> str:
    return engine.engine.policies[0].version


def turn(engine: WatchedEngine) -> bool:
    """Look once, as the thread does."""
    return engine._followed.turn()


# A writer that is looked at while it writes

Steps = Iterator[None]


def pieces(text: str, sizes: Iterable[int]) -> Iterator[str]:
    start = 0
    for size in itertools.cycle(sizes):
        if start >= len(text):
            return
        yield text[start : start + size]
        start += size


def in_place(file: Path, text: str, sizes: list[int]) -> Steps:
    """Write over a file, a piece at a time."""
    with file.open("w", encoding="utf-8") as out:
        yield
        for piece in pieces(text, sizes):
            out.write(piece)
            out.flush()
            yield


def by_deletion(file: Path, text: str, sizes: list[int]) -> Steps:
    file.unlink()
    yield
    yield from in_place(file, text, sizes)


def by_rename(file: Path, text: str, sizes: list[int]) -> Steps:
    yield from in_place(file.with_suffix(".new"), text, sizes)
    file.with_suffix(".new").replace(file)
    yield


def by_link(file: Path, text: str, sizes: list[int]) -> Steps:
    """Write as a ConfigMap is: a folder of its own, to which a link is turned round."""
    folder = file.parent / f"..{hash(text)}"
    folder.mkdir(exist_ok=True)
    yield from in_place(folder / file.name, text, sizes)
    link = file.parent / "..new"
    link.symlink_to(folder.name)
    link.replace(file.parent / "..data")
    yield
    if not file.is_symlink():
        file.unlink()
        yield
        file.symlink_to(Path("..data") / file.name)
    yield


WAYS = [in_place, by_deletion, by_rename, by_link]


@given(
    writes=st.lists(
        st.tuples(st.sampled_from(WAYS), st.lists(st.integers(90, 700), min_size=1, max_size=3), st.integers(1, 3)),
        min_size=1,
        max_size=2,
    ),
    data=st.data(),
)
def test_what_no_complete_file_said_is_never_in_force(
    tmp_path_factory: pytest.TempPathFactory, writes: list[Any], data: st.DataObject
) -> None:
    """While a writer moves between two looks, none of its half-written files is taken; and what it ends with is."""
    folder = write(tmp_path_factory.mktemp("pack"), 0)
    with followed(folder) as engine:
        complete = {"v0": 1}
        number = 0
        for way, sizes, rest in writes:
            number += 1
            complete[f"v{number}"] = number % len(PURPOSES) + 1
            for looked, _ in enumerate(way(folder / "policy.toml", policy(number), sizes), 1):
                if looked % rest == 0:
                    turn(engine)
                    assert permitted(engine) == complete[version(engine)]
            for _ in range(data.draw(st.integers(0, 3))):
                turn(engine)
                assert permitted(engine) == complete[version(engine)]
        assert engine.look() or version(engine) == f"v{number}"
        assert (version(engine), engine.error) == (f"v{number}", None)
        assert permitted(engine) == complete[f"v{number}"]


WRITER = """\
import itertools, random, sys, time
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from engine import little_shop
from policyengine.language.seal import digests, lock_text
from policyengine.language.source import Document
import hashlib

folder, rounds = Path(sys.argv[1]), int(sys.argv[3])
drawn = random.Random(7)
def digest(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()
def put(file, text):
    with file.open("w", encoding="utf-8") as out:
        while text:
            size = drawn.randint(1, 600)
            out.write(text[:size]); out.flush()
            text = text[size:]
            if drawn.random() < 0.1:
                time.sleep(drawn.choice((0, 0.001, 0.003)))
for number in range(1, rounds + 1):
    rules = little_shop.policy(number, imports="../words.toml")
    words = little_shop.WORDS + f"# {number}\\n"
    lock = lock_text({"../words.toml": digest(words), "policy.toml": digest(rules)})
    parts = [(folder / "policy.toml", rules), (folder.parent / "words.toml", words), (folder / "policy.lock", lock)]
    drawn.shuffle(parts)
    for file, text in parts:
        if drawn.random() < 0.2:
            file.unlink(missing_ok=True)
        put(file, text)
"""


def sealed_pack(folder: Path) -> Path:
    (folder / "words.toml").write_text(little_shop.WORDS, "utf-8")
    pack = write(folder / "pack", 0, imports="../words.toml")
    (pack / "policy.lock").write_text(lock_text(digests(pack / "policy.lock", load_pack(pack).own)), "utf-8")
    return pack


def test_a_sealed_pack_is_taken_whole_however_it_is_written(tmp_path: Path, longer: int) -> None:
    """A process writes three files of a pack in pieces, thousands of times, and takes some of them away in between."""
    pack, rounds = sealed_pack(tmp_path), 100 * longer
    tests = str(Path(__file__).parents[1])
    seen = set()
    with followed(pack) as engine:
        writer = subprocess.Popen([sys.executable, "-c", WRITER, str(pack), tests, str(rounds)])
        while writer.poll() is None:
            turn(engine)
            number = int(version(engine)[1:])
            seen.add(number)
            assert permitted(engine) == number % len(PURPOSES) + 1
        assert writer.returncode == 0
        engine.look()
        assert (version(engine), engine.error) == (f"v{rounds}", None)
        assert permitted(engine) == rounds % len(PURPOSES) + 1


def test_a_seal_that_goes_away_takes_nothing_with_it(tmp_path: Path) -> None:
    pack = sealed_pack(tmp_path)
    with followed(pack) as engine:
        (pack / "policy.lock").unlink()
        write(pack, 2, imports="../words.toml")
        assert not engine.look()
        assert "there is no seal" in str(engine.error)
        assert version(engine) == "v0"


def test_a_link_that_is_turned_round_by_another_process(tmp_path: Path, longer: int) -> None:
    """As Kubernetes does with a ConfigMap: what is in force is one of its folders, whole."""
    for number in range(2):
        write(tmp_path / f"..{number}", number)
        (tmp_path / f"..{number}" / "more.toml").write_text(f"# more of {number}\n", "utf-8")
    (tmp_path / "..data").symlink_to("..0")
    for name in ("policy.toml", "more.toml"):
        (tmp_path / name).symlink_to(f"..data/{name}")
    turning = (
        "import os, sys\nfor number in range(int(sys.argv[2])):\n"
        "    os.symlink(f'..{number % 2}', sys.argv[1] + '/..new')\n"
        "    os.replace(sys.argv[1] + '/..new', sys.argv[1] + '/..data')\n"
    )
    with followed(tmp_path) as engine:
        writer = subprocess.Popen([sys.executable, "-c", turning, str(tmp_path), str(8_000 * longer + 1)])
        while writer.poll() is None:
            turn(engine)
            assert permitted(engine) == {"v0": 1, "v1": 2}[version(engine)]
        engine.look()
        assert (version(engine), engine.error) == ("v0", None)


# By content, and by nothing else


def test_a_change_of_the_same_size_and_time_is_seen(tmp_path: Path) -> None:
    file = write(tmp_path, 0) / "policy.toml"
    before = file.stat()
    with followed(tmp_path) as engine:
        file.write_text(policy(0).replace('"v0"', '"w0"'), "utf-8")
        os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
        assert file.stat().st_size == before.st_size
        assert engine.look()
        assert version(engine) == "w0"


def test_a_file_that_is_only_touched_is_no_change(tmp_path: Path) -> None:
    file = write(tmp_path, 0) / "policy.toml"
    with followed(tmp_path) as engine:
        for _ in range(3):
            file.write_text(policy(0), "utf-8")
            os.utime(file, (0, time.time() + 1e6))
            assert not engine.look()
        (tmp_path / "notes.txt").write_text("none of ours", "utf-8")
        assert not engine.look()


def test_one_look_of_the_thread_takes_nothing(tmp_path: Path) -> None:
    write(tmp_path, 0)
    with followed(tmp_path) as engine:
        write(tmp_path, 1)
        assert not turn(engine)
        assert version(engine) == "v0"
        write(tmp_path, 2)
        assert not turn(engine), "it has changed again"
        assert turn(engine)
        assert version(engine) == "v2"


def test_a_file_that_appears_and_one_that_goes(tmp_path: Path) -> None:
    write(tmp_path, 0)
    more = tmp_path / "more.toml"
    with followed(tmp_path) as engine:
        more.write_text('[[clause]]\nnumber = "2"\nsummary = {ja = "二", en = "two"}\nground = true\n', "utf-8")
        assert engine.look()
        assert set(engine.engine.policies[0].clauses) == {"1", "2"}
        more.unlink()
        assert engine.look()
        assert set(engine.engine.policies[0].clauses) == {"1"}
        shutil.rmtree(tmp_path)
        assert not engine.look()
        assert engine.error is not None
        write(tmp_path, 1)
        assert engine.look()
        assert (version(engine), engine.error) == ("v1", None)


def test_a_clock_that_jumps_changes_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 0)
    with Engine.watch(tmp_path, interval=0.02, installed_plugins=False) as engine:
        for number, now in enumerate((0.0, 4e9, 1.0), 1):
            monkeypatch.setattr(time, "time", lambda now=now: now)
            write(tmp_path, number)
            until(lambda number=number: version(engine) == f"v{number}")  # type: ignore[misc]
            assert 0 <= engine.status().looked < 20


def until(met: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not met():
        assert time.monotonic() < end
        time.sleep(0.005)


# Failures


def test_a_broken_tenant_holds_back_itself_alone(tmp_path: Path) -> None:
    tenants = [write(tmp_path / name, 0, name=name, controller=name) for name in ("one", "two", "three")]
    with followed(*tenants) as engine:
        write(tenants[0], 1, name="one", controller="one")
        (tenants[1] / "policy.toml").write_text("[policy", "utf-8")
        write(tenants[2], 2, name="three", controller="three")
        assert engine.look()
        assert [permitted(engine, name) for name in ("one", "two", "three")] == [2, 1, 3]
        assert isinstance(engine.error, PolicyError)
        assert {problem.place.file for problem in engine.error.problems if problem.place} == {
            str(tenants[1] / "policy.toml")
        }
        write(tenants[0], 2, name="one", controller="one")
        assert engine.look()
        assert [permitted(engine, name) for name in ("one", "two", "three")] == [3, 1, 3]
        write(tenants[1], 2, name="two", controller="two")
        assert engine.look()
        assert ([permitted(engine, name) for name in ("one", "two", "three")], engine.error) == ([3, 3, 3], None)


def test_so_does_a_broken_shadow_and_a_pin(tmp_path: Path) -> None:
    one, two = (write(tmp_path / name, 0, name=name, controller=name) for name in ("one", "two"))
    shadow = write(tmp_path / "shadow", 0, name="shadow", controller="one")
    pins = {policy.id: policy.digest for policy in Engine.load(one, two, installed_plugins=False).policies}
    with followed(one, two, shadow=[shadow]) as engine:
        (shadow / "policy.toml").write_text("[policy", "utf-8")
        write(one, 1, name="one", controller="one")
        assert engine.look()
        assert (permitted(engine, "one"), "shadow" in str(engine.error)) == (2, True)
    write(one, 0, name="one", controller="one")
    with followed(one, two, digests=pins) as engine:
        write(one, 1, name="one", controller="one")
        (two / "policy.toml").write_text(policy(0, name="two", controller="two") + "# reviewed\n", "utf-8")
        assert engine.look(), "a comment changes no digest"
        assert "not-as-pinned" in str(engine.error)
        assert permitted(engine, "one") == 1


def test_a_broken_configuration_holds_back_itself_alone(tmp_path: Path) -> None:
    write(tmp_path / "pack", 0)
    other = write(tmp_path / "other", 0, name="other", controller="other")
    config = tmp_path / "policyengine.toml"
    config.write_text('policies = ["pack"]\n', "utf-8")
    with Engine.watch(config=config, interval=3600, installed_plugins=False) as engine:
        for text in ("policies = [", 'policies = ["pack"]\nmode = "none"\n', 'policies = ["pack", "nowhere"]\n'):
            config.write_text(text, "utf-8")
            assert not engine.look()
            assert engine.error is not None, text
        write(tmp_path / "pack", 1)
        assert engine.look()
        assert (permitted(engine), engine.error is None) == (2, False)
        config.write_text('policies = ["pack", "other"]\n', "utf-8")
        assert engine.look()
        assert (permitted(engine), permitted(engine, "other"), engine.error) == (2, 1, None)
        config.write_text('policies = ["other"]\n', "utf-8")
        (other / "policy.toml").write_text("[policy", "utf-8")
        assert engine.look(), "what was sound of a pack goes on under another configuration"
        assert [policy.id for policy in engine.engine.policies] == ["other"]
        assert engine.error is not None


@pytest.mark.parametrize("error", [OSError(5, "Input/output error"), RecursionError(), MemoryError(), KeyError("x")])
def test_whatever_fails_is_told_and_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """And again it is tried although no file has changed since: it was not the files' fault."""
    write(tmp_path, 0)
    original = build.policy_of
    with followed(tmp_path) as engine:

        def broken(*_: Any, **__: Any) -> Any:
            raise error

        monkeypatch.setattr(build, "policy_of", broken)
        write(tmp_path, 1)
        assert not engine.look()
        assert engine.error is error
        assert (version(engine), permitted(engine)) == ("v0", 1)
        monkeypatch.setattr(build, "policy_of", original)
        assert engine.look()
        assert (version(engine), engine.error) == ("v1", None)


class Fussy:
    """A plugin that fails as often as it is told."""

    name = "fussy"

    def __init__(self) -> None:
        self.failures = 0

    @hookimpl
    def policyengine_observers(self) -> Iterable[Any]:
        if self.failures:
            self.failures -= 1
            raise ConnectionError("no route to host")
        return ()


def test_a_plugin_that_fails_is_asked_again(tmp_path: Path) -> None:
    write(tmp_path / "pack", 0)
    config, fussy = tmp_path / "policyengine.toml", Fussy()
    config.write_text('policies = ["pack"]\n', "utf-8")
    with Engine.watch(config=config, interval=3600, plugins=[fussy], installed_plugins=False) as engine:
        before, fussy.failures = engine.engine, 3
        config.write_text('policies = ["pack"]\n# changed\n', "utf-8")
        errors = [(turn(engine), str(engine.error))[1] for _ in range(8)]
        assert any("no route to host" in error for error in errors)
        assert (engine.error, engine.engine is before) == (None, False)


def test_a_mistake_of_ours_stops_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, 0)
    with Engine.watch(tmp_path, interval=0.01, installed_plugins=False) as engine:
        wrong = ZeroDivisionError("ours")

        def turn(_self: Any) -> bool:
            raise wrong

        with monkeypatch.context() as patched:
            patched.setattr(watch.Followed, "_turn", turn)
            until(lambda: engine.error is wrong)
        write(tmp_path, 1)
        until(lambda: version(engine) == "v1")
        assert engine.error is None


def test_the_status_says_what_is_in_force(tmp_path: Path) -> None:
    write(tmp_path, 0)
    with followed(tmp_path) as engine:
        engine.look()
        first = engine.status()
        (ref,) = first.policies
        assert (ref.id, ref.version, ref.digest) == ("little", "v0", engine.engine.policies[0].digest)
        assert (first.error, first.looked < 20) == (None, True)
        time.sleep(0.02)
        assert engine.status().looked > first.looked
        (tmp_path / "policy.toml").write_text("[policy", "utf-8")
        engine.look()
        status = json.loads(json.dumps(engine.status().as_dict()))
        assert status["policies"] == [{"id": "little", "version": "v0", "digest": ref.digest}]
        assert "toml-syntax" in status["error"]


# Nothing stays behind


class Connected:
    """A plugin whose source holds a descriptor and a thread, until it is closed."""

    name = "connected"

    @hookimpl
    def policyengine_fact_sources(self) -> Iterable[Any]:
        return [Connection()]


class Connection:
    """A fact source."""

    name = "connection"
    open = 0

    def __init__(self) -> None:
        self.ends = os.pipe()
        self.over = threading.Event()
        threading.Thread(target=self.over.wait, daemon=True).start()
        Connection.open += 1

    def facts(self, queries: list[Any]) -> list[list[Mapping[str, Any]]]:
        os.fstat(self.ends[0])  # fails where it is closed
        return [[] for _ in queries]

    def close(self) -> None:
        for end in self.ends:
            os.close(end)
        self.over.set()
        Connection.open -= 1


def held() -> tuple[int, int, int]:
    """Return how many descriptors, threads and connections there are, once those that are ending have."""
    gc.collect()
    time.sleep(0.1)
    return len(list(Path("/proc/self/fd").iterdir())), threading.active_count(), Connection.open


def test_reloads_leave_nothing_behind(tmp_path: Path, longer: int) -> None:
    write(tmp_path / "pack", 0)
    config = tmp_path / "policyengine.toml"
    config.write_text('policies = ["pack"]\nsource_timeout = 5.0\n', "utf-8")
    before = held()
    rest, watch.REST = watch.REST, 0.0
    try:
        with Engine.watch(config=config, interval=3600, plugins=[Connected()], installed_plugins=False) as engine:
            assert permitted(engine) == 1  # asked in a thread, since its time is limited
            during = held()
            for number in range(60 * longer):
                if number % 10 == 0:
                    config.write_text(f'policies = ["pack"]\nsource_timeout = 5.0\n# {number}\n', "utf-8")
                else:
                    write(tmp_path / "pack", number)
                assert engine.look()
                assert engine.evaluate(event()).permitted
            assert held() == during
    finally:
        watch.REST = rest
    assert held() == before


def test_a_flow_under_way_keeps_its_connections(tmp_path: Path) -> None:
    write(tmp_path / "pack", 0)
    config = tmp_path / "policyengine.toml"
    config.write_text('policies = ["pack"]\n', "utf-8")
    before = held()
    with Engine.watch(config=config, interval=3600, plugins=[Connected()], installed_plugins=False) as engine:
        old = engine.engine
        config.write_text('policies = ["pack"]\n# other\n', "utf-8")
        assert engine.look()
        assert held()[2] == before[2] + 2
        assert old.evaluate(event()).permitted
        del old
        assert held()[2] == before[2] + 1
    assert held() == before


def test_engines_leave_nothing_behind(tmp_path: Path, longer: int) -> None:
    write(tmp_path, 0)
    before = held()
    for number in range(60 * longer):
        options: dict[str, Any] = {"plugins": [Connected()], "installed_plugins": False}
        if number % 3:
            with Engine.load(tmp_path, **options) as engine:
                engine.evaluate(event())
        else:
            with Engine.watch(tmp_path, interval=3600, **options) as engine:
                engine.evaluate(event())
    assert held() == before


def test_a_watched_engine_that_nobody_has_any_more_ends(tmp_path: Path) -> None:
    write(tmp_path, 0)
    before = held()
    engine: WatchedEngine | None = followed(tmp_path)
    assert held()[1] == before[1] + 1
    assert engine is not None
    del engine
    assert held() == before
