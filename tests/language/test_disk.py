"""Rule files are files, bearably large, and from where the host lets them come; a rewritten one is never half there."""

from __future__ import annotations

import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from policyengine import Engine, PolicyError
from policyengine.language.disk import LARGEST, Files, contents, put_in_place
from policyengine.language.find import find_rule_files
from policyengine.language.pack import load_pack

ROOT = Path(__file__).parents[2]
SHOP = ROOT / "rules" / "online-shop"
WORDS = '[vocabulary.items]\nfax = {ja = "ファクス", en = "fax"}\n'


def codes(path: Path, files: Files | None = None) -> list[str]:
    try:
        return [problem.code for problem in load_pack(path, files).problems]
    except PolicyError as error:
        return [problem.code for problem in error.problems]


def pack(folder: Path, imported: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "policy.toml").write_text(f"imports = ['{imported}']\n[policy]\n", "utf-8")
    return folder


@pytest.fixture
def soon() -> object:
    """Whatever waits for ever fails."""
    before = signal.signal(signal.SIGALRM, lambda *_: (_ for _ in ()).throw(AssertionError("it waits")))
    signal.alarm(20)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.usefixtures("soon")
def test_nothing_but_a_file_is_opened(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    with socket.socket(socket.AF_UNIX) as there:
        there.bind(str(tmp_path / "socket.toml"))
        (tmp_path / "link.toml").symlink_to("/dev/zero")
        for name in ("pipe", "socket", "link"):
            with pytest.raises(PolicyError) as refused:
                contents(tmp_path / f"{name}.toml")
            assert [problem.code for problem in refused.value.problems] == ["not-a-file"], name
        assert codes(tmp_path) == ["not-a-file"] * 3
        (tmp_path / "policy.toml").write_text("[policy]\n", "utf-8")
        assert len(find_rule_files(tmp_path)) == 4, "they stand beside a policy, and are looked into by nobody"
        assert codes(pack(tmp_path / "below", "../pipe.toml")) == ["not-a-file"]


def test_an_endless_file_takes_no_more_than_the_largest(tmp_path: Path) -> None:
    large = tmp_path / "policy.toml"
    with large.open("wb") as file:
        file.truncate(LARGEST)
    assert len(contents(large)) == LARGEST
    with large.open("wb") as file:
        file.truncate(1 << 40)  # it has holes alone, and no disk holds it
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert codes(tmp_path) == ["file-too-large"]
    assert codes(pack(tmp_path / "below", "../policy.toml")) == ["file-too-large"]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_imports_stay_in_the_folder_of_the_packs_or_where_the_host_says(tmp_path: Path) -> None:
    shared = tmp_path / "shared" / "words.toml"
    shared.parent.mkdir()
    shared.write_text(WORDS, "utf-8")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "link.toml").symlink_to(shared)
    (tmp_path / "rules" / "words.toml").write_text(WORDS, "utf-8")
    near = pack(tmp_path / "rules" / "near", "../words.toml")
    assert codes(near) == codes(near / "policy.toml") == []
    for number, imported in enumerate(
        ("../../shared/words.toml", str(shared), "../link.toml", "/dev/zero", "/etc/passwd")
    ):
        far = pack(tmp_path / "rules" / f"far-{number}", imported)
        assert codes(far) == codes(far / "policy.toml") == ["import-outside"], imported
        assert codes(far, Files([tmp_path / "elsewhere"])) == ["import-outside"]
        if "shared" in imported or "link" in imported:
            assert codes(far, Files([shared.parent])) == []
    (tmp_path / "elsewhere").symlink_to(tmp_path / "rules" / "near")
    assert codes(tmp_path / "elsewhere") == [], "a link to a pack stands where it leads"


def test_a_host_says_so_in_arguments_and_in_its_configuration(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared" / "words.toml").write_text(WORDS, "utf-8")
    mine = tmp_path / "rules" / "mine"
    shutil.copytree(SHOP, mine, ignore=shutil.ignore_patterns("*.test.toml"))
    shutil.copytree(SHOP.parent / "vocabulary", tmp_path / "rules" / "vocabulary")
    text = (SHOP / "policy.toml").read_text("utf-8")
    assert 'imports = ["' in text
    text = text.replace('imports = ["', 'imports = ["../../shared/words.toml", "')
    (mine / "policy.toml").write_text(text, "utf-8")
    with pytest.raises(PolicyError, match=r"import-outside.*imports_from"):
        Engine.load(mine, installed_plugins=False)
    Engine.load(mine, imports_from=[tmp_path / "shared"], installed_plugins=False)
    config = tmp_path / "policyengine.toml"
    config.write_text('policies = ["rules/mine"]\nimports_from = ["shared"]\n', "utf-8")
    Engine.load(config=config, installed_plugins=False)
    for words in (["check", "rules/mine"], ["seal", "rules/mine"], ["seal", "--check", "rules/mine"]):
        command = [sys.executable, "-m", "policyengine", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o444 | 0o200, 0o755])
def test_a_file_that_is_rewritten_keeps_its_mode_and_its_link(tmp_path: Path, mode: int) -> None:
    file, link = tmp_path / "file", tmp_path / "link"
    file.write_bytes(b"old")
    file.chmod(mode)
    link.symlink_to(file)
    put_in_place(link, b"new")
    assert (link.is_symlink(), file.read_bytes(), file.stat().st_mode & 0o7777) == (True, b"new", mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "link"]


def test_what_is_private_is_for_its_owner_alone(tmp_path: Path) -> None:
    before = os.umask(0o022)
    try:
        put_in_place(tmp_path / "private", b"", private=True)
        put_in_place(tmp_path / "public", b"")
    finally:
        os.umask(before)
    assert [(tmp_path / name).stat().st_mode & 0o777 for name in ("private", "public")] == [0o600, 0o644]


def test_a_failure_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"old")

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(PolicyError, match="No space left"):
        put_in_place(file, b"new")
    assert (file.read_bytes(), list(tmp_path.iterdir())) == (b"old", [file])


REWRITING = """\
import sys
from pathlib import Path
from policyengine.language.disk import put_in_place
print(flush=True)
while True:
    for letter in (b"a", b"b"):
        put_in_place(Path(sys.argv[1]), letter * 2_000_000)
"""


def test_a_writer_that_is_killed_leaves_the_old_file_or_the_new_one(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_bytes(b"a" * 2_000_000)
    for turn in range(12):
        writer = subprocess.Popen([sys.executable, "-c", REWRITING, str(file)], stdout=subprocess.PIPE)
        assert writer.stdout is not None
        with writer:
            writer.stdout.read(1)
            time.sleep(0.002 * turn)
            writer.kill()
        assert file.read_bytes() in (b"a" * 2_000_000, b"b" * 2_000_000)
