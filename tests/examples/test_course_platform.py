"""The course platform, over real HTTP from end to end: what it answers, and what really leaves the house."""

from __future__ import annotations

import json
import logging
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from policyengine_records import Ledger, Quarantine, Store
from tethered import tether

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "course_platform"
PACK = ROOT / "rules" / "alc-smart-learning"
PARTNERS = ("mailer-kk", "alc", "publisher-kk")
STAFF = {"Authorization": "Bearer the-key-of-the-staff"}
HANAKO = {"name": "Hanako Yamada", "mobile_email": "hanako@example.jp", "phone_number": "090-0000-1111"}
TARO = {"name": "Taro Sato", "mobile_email": "taro@example.jp", "phone_number": "090-0000-2222", "grade": "third year"}
MAIL = {"contractor": "mailer-kk", "title": "spring", "items": ["name", "mobile_email", "phone_number"]}


@pytest.fixture(autouse=True, scope="module")
def importable() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(EXAMPLE.parent)
        yield


class Partners:
    """The servers of contractors and partners: one real server, with a path for each of them."""

    def __init__(self) -> None:
        self.got: dict[str, list[Any]] = {partner: [] for partner in PARTNERS}
        self.status = 204
        partners = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                partners.got[self.path.strip("/")].append(json.loads(body))
                self.send_response(partners.status)
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()
        address = f"http://127.0.0.1:{self._server.server_port}"
        self.addresses = " ".join(f"{partner}={address}/{partner}" for partner in PARTNERS)

    @property
    def nothing(self) -> bool:
        return not any(self.got.values())

    def close(self) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class Member:
    """Somebody who has signed up, and is known by the token."""

    def __init__(self, platform: Platform, answer: dict[str, Any]) -> None:
        self.id: str = answer["id"]
        self.headers = {"Authorization": f"Bearer {answer['token']}"}
        self._http = platform.http

    def asks(self, kind: str, **more: Any) -> None:
        done = self._http.post("/me/requests", json={"kind": kind, **more}, headers=self.headers)
        assert done.status_code == 201, done.text

    def consents(self, **fields: Any) -> str:
        done = self._http.post("/me/consents", json={"operations": ["provide"], **fields}, headers=self.headers)
        assert done.status_code == 201, done.text
        return str(done.json()["id"])

    def withdraws(self, consent: str) -> httpx.Response:
        return self._http.delete(f"/me/consents/{consent}", headers=self.headers)

    def reads(self, person: str) -> httpx.Response:
        return self._http.get(f"/people/{person}/data", headers=self.headers)


class Platform:
    """The running platform, and all that is around it."""

    def __init__(self, http: httpx.Client, partners: Partners, folder: Path, config: Path) -> None:
        self.http = http
        self.partners = partners
        self.folder = folder
        self.config = config
        self.ledger = Ledger(Store(f"sqlite:///{folder / 'records.db'}"))

    def signs_up(self, data: dict[str, str], category: str = "applicant") -> Member:
        form = {"category": category, "purpose": "proposal-fulfilment", "data": data}
        answer = self.http.post("/people", json=form)
        assert answer.status_code == 201, answer.text
        return Member(self, answer.json())

    def vets(self, contractor: str) -> str:
        contract = self.ledger.add({"type": "contract", "kind": "confidentiality", "party": contractor})
        self.ledger.add({"type": "vetting", "party": contractor})
        return contract

    def sends(self, **changes: Any) -> httpx.Response:
        return self.http.post("/campaigns", json={**MAIL, **changes}, headers=STAFF)

    def writes(self, person: str, purpose: str = "after-care") -> httpx.Response:
        letter = {"purpose": purpose, "text": "how do you do"}
        return self.http.post(f"/people/{person}/letters", json=letter, headers=STAFF)

    def shares(self, partner: str, person: str, **changes: Any) -> httpx.Response:
        form = {"operation": "provide", "person": person, "items": ["name"], "purpose": "publicity", **changes}
        return self.http.post(f"/partners/{partner}/shares", json=form, headers=STAFF)

    def kept(self) -> list[str]:
        """Return what waits for a person, the oldest first."""
        return [kept.id for kept in Quarantine(self.ledger.store).list("open")]

    def carries_out(self) -> Any:
        return self.http.post("/shares/released", headers=STAFF).json()

    def todos(self) -> list[tuple[str, str]]:
        rows = self.http.get("/todos", headers=STAFF).json()
        return [(row["obligation"], row["about"]) for row in rows]

    def rows(self, table: str) -> int:
        with closing(sqlite3.connect(self.folder / "course.db")) as database:
            return int(database.execute(f"SELECT count(*) FROM {table}").fetchone()[0])

    def run(self, *command: str) -> str:
        program = Path(sys.executable).with_name("policyengine")
        done = subprocess.run([program, "--config", self.config, *command], capture_output=True, text=True, check=True)
        return done.stdout


@contextmanager
def running(folder: Path, config: Path) -> Iterator[Platform]:
    from course_platform.app import create_app  # noqa: PLC0415  importable only while these tests run

    partners = Partners()
    with pytest.MonkeyPatch.context() as patch:
        for name, value in environment(folder, config, partners.addresses).items():
            patch.setenv(name, value)
        app = create_app(config, interval=0.05)
        server = uvicorn.Server(uvicorn.Config(app, port=0, log_config=None))
        thread = threading.Thread(target=server.run)
        thread.start()
        try:
            until(lambda: server.started or not thread.is_alive())
            port = server.servers[0].sockets[0].getsockname()[1]
            with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=30) as http:
                yield Platform(http, partners, folder, config)
        finally:
            server.should_exit = True
            thread.join()
            partners.close()


def environment(folder: Path, config: Path, partners: str) -> dict[str, str]:
    here = "" if config.parent == folder else f"{folder}/"  # a relative path is taken from the configuration's folder
    return {
        "COURSE_DATABASE": str(folder / "course.db"),
        "COURSE_RECORDS": f"sqlite:///{here}records.db",
        "COURSE_STAFF_KEY": STAFF["Authorization"].removeprefix("Bearer "),
        "COURSE_PARTNERS": partners,
    }


def until(true: Callable[[], object]) -> None:
    """Wait for what must come; a minute is long past what it takes."""
    end = time.monotonic() + 60
    while not true():
        assert time.monotonic() < end, "it did not come"
        time.sleep(0.02)


def denial(answer: httpx.Response, status: int = 403) -> dict[str, Any]:
    """Return the problem document of a denial."""
    assert (answer.status_code, answer.headers["content-type"]) == (status, "application/problem+json"), answer.text
    document: dict[str, Any] = answer.json()
    assert document["status"] == status
    return document


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with running(tmp_path, EXAMPLE / "policyengine.toml") as found:
        yield found


@pytest.fixture
def own(tmp_path: Path) -> Iterator[Platform]:
    """A platform with a policy of its own to change: a copy of the pack, and of the configuration."""
    shutil.copytree(ROOT / "rules", tmp_path / "rules")
    text = (EXAMPLE / "policyengine.toml").read_text("utf-8")
    config = tmp_path / "policyengine.toml"
    config.write_text(text.replace('"../../rules/', '"rules/'), "utf-8")
    with running(tmp_path, config) as found:
        yield found


def change(file: Path, before: str, after: str) -> None:
    text = file.read_text("utf-8")
    assert before in text
    file.write_text(text.replace(before, after), "utf-8")


# ---------------------------------------------------------------- sign-up


def test_sign_up(platform: Platform) -> None:
    def post(purpose: str, data: dict[str, Any], **more: Any) -> httpx.Response:
        return platform.http.post("/people", json={"purpose": purpose, "data": data, **more})

    done = post("elearning-operation", {"name": "Hanako", "grade": "3"})
    assert done.status_code == 201
    assert done.json()["notices"] == [
        "Tell the person that giving the data is their choice, and what cannot be offered without it."
    ]
    assert platform.rows("people") == 1

    beyond = denial(post("elearning-operation", HANAKO))
    assert (beyond["clauses"], beyond["items"]) == (["2-1", "4"], ["phone_number"])
    assert denial(post("publicity", HANAKO))["clauses"] == ["2-1"]
    unknown = denial(post("after-care", {"name": "Hanako", "shoe_size": "23"}))
    assert (unknown["codes"], unknown["items"]) == (["unknown-term"], [])
    assert denial(post("after-care", HANAKO, category="passer-by"))["clauses"] == ["P-1"]
    assert post("after-care", {}).status_code == 422
    assert platform.rows("people") == 1


def test_who_is_who(platform: Platform) -> None:
    hanako = platform.signs_up(HANAKO)
    post, get = platform.http.post, platform.http.get
    assert get(f"/people/{hanako.id}/data").status_code == 401
    assert get(f"/people/{hanako.id}/data", headers=STAFF).status_code == 401
    assert post("/campaigns", json=MAIL, headers=hanako.headers).status_code == 401
    assert get("/todos", headers=hanako.headers).status_code == 401
    assert hanako.reads("p-nobody").status_code == 404
    assert platform.shares("stranger-kk", hanako.id).status_code == 404
    assert platform.sends(contractor="stranger-kk").status_code == 404
    assert platform.shares("alc", hanako.id, items=["name", "name"]).status_code == 422
    assert post("/me/requests", json={"kind": "sing"}, headers=hanako.headers).status_code == 422
    assert platform.partners.nothing


# ---------------------------------------------------------------- the campaign


def test_a_campaign_hands_over_what_the_contractor_may_get(platform: Platform) -> None:
    platform.signs_up(HANAKO)
    customer = platform.signs_up(TARO, "customer")
    stopped = platform.signs_up({"name": "Jiro Suzuki", "phone_number": "090-0000-3333"})
    platform.signs_up({"grade": "first year"})  # nothing to hand over
    stopped.asks("stop_use")

    assert denial(platform.sends())["clauses"] == ["5", "6"]
    assert platform.partners.nothing

    contract = platform.vets("mailer-kk")
    sent = platform.sends()
    assert sent.status_code == 200, sent.text
    assert sent.json() == {"handed_over": 2, "left_out": 1, "clauses": {"5": 1, "7": 1}}
    # Applicants are covered by eight items, of which the phone number is none; other customers are not bound by those.
    assert platform.partners.got["mailer-kk"] == [
        {
            "title": "spring",
            "recipients": [
                {"name": "Hanako Yamada", "mobile_email": "hanako@example.jp"},
                {"name": "Taro Sato", "mobile_email": "taro@example.jp", "phone_number": "090-0000-2222"},
            ],
        }
    ]
    assert platform.todos() == [("supervise-contractor", "mailer-kk")]

    customer.asks("stop_use", items=["phone_number", "name"])
    assert platform.sends(title="summer").json()["handed_over"] == 2
    assert platform.partners.got["mailer-kk"][1]["recipients"][1] == {"mobile_email": "taro@example.jp"}

    platform.ledger.withdraw(contract)
    assert denial(platform.sends(items=["name"]))["clauses"] == ["6"]
    assert len(platform.partners.got["mailer-kk"]) == 2
    assert platform.run("quarantine", "list", "--format", "json").strip() in ("", "[]")


def test_a_campaign_to_nobody(platform: Platform) -> None:
    platform.vets("mailer-kk")
    assert platform.sends().json() == {"handed_over": 0, "left_out": 0, "clauses": {}}
    assert platform.partners.nothing


def test_a_contractor_that_does_not_take_it(platform: Platform) -> None:
    platform.signs_up(HANAKO)
    platform.vets("mailer-kk")
    platform.partners.status = 500
    assert platform.sends().status_code == 502
    assert platform.todos() == []


# ---------------------------------------------------------------- requests to stop


def test_who_asks_to_stop_is_written_to_no_more(platform: Platform) -> None:
    hanako, taro = platform.signs_up(HANAKO), platform.signs_up(TARO)
    assert platform.writes(hanako.id).status_code == 201
    assert denial(platform.writes(hanako.id, "publicity"))["clauses"] == ["2-1"]
    hanako.asks("stop_use", purposes=["product-information"])
    assert platform.writes(hanako.id).status_code == 201
    hanako.asks("stop_use")
    stopped = denial(platform.writes(hanako.id))
    assert (stopped["clauses"], stopped["codes"]) == (["7"], ["request-in-effect"])
    assert platform.writes(taro.id).status_code == 201
    assert platform.rows("letters") == 3
    assert len(platform.ledger.due("2999-01-01T00:00:00Z")) == 2  # in fourteen days, as the configuration says


# ---------------------------------------------------------------- shares


def test_joint_use(platform: Platform) -> None:
    taro = platform.signs_up(TARO)
    joint = {"operation": "joint_use", "purpose": "elearning-operation"}
    done = platform.shares("alc", taro.id, items=["name", "grade"], **joint)
    assert (done.status_code, done.json()) == (200, {"clauses": ["4"]})
    for partner, changes in (
        ("publisher-kk", joint),
        ("alc", {**joint, "items": ["name", "phone_number"]}),
        ("alc", {**joint, "purpose": "statistics"}),
    ):
        answer = denial(platform.shares(partner, taro.id, **changes))
        assert (answer["clauses"], answer["kept"]) == (["4"], False)
    assert platform.partners.got == {
        "alc": [{"name": "Taro Sato", "grade": "third year"}],
        "mailer-kk": [],
        "publisher-kk": [],
    }


def test_consent_and_its_withdrawal(platform: Platform) -> None:
    hanako, taro = platform.signs_up(HANAKO), platform.signs_up(TARO)
    assert denial(platform.shares("publisher-kk", hanako.id))["clauses"] == ["5"]

    consent = hanako.consents(recipients=["publisher-kk"], items=["name"])
    assert platform.shares("publisher-kk", hanako.id).json() == {"clauses": ["5(6)"]}
    assert denial(platform.shares("alc", hanako.id))["clauses"] == ["5"]
    assert denial(platform.shares("publisher-kk", taro.id))["clauses"] == ["5"]
    more = denial(platform.shares("publisher-kk", hanako.id, items=["name", "mobile_email"]))
    assert more["items"] == ["mobile_email"]

    assert taro.withdraws(consent).status_code == 404  # it is not his
    assert platform.shares("publisher-kk", hanako.id).status_code == 200
    assert hanako.withdraws(consent).status_code == 204
    assert denial(platform.shares("publisher-kk", hanako.id))["clauses"] == ["5"]
    assert platform.partners.got["publisher-kk"] == [{"name": "Hanako Yamada"}] * 2
    assert not platform.partners.got["alc"]


def test_a_denied_share_waits_for_a_person(platform: Platform) -> None:
    hanako, taro = platform.signs_up(HANAKO), platform.signs_up(TARO)
    for one in (hanako, taro, hanako):
        assert denial(platform.shares("publisher-kk", one.id))["kept"]
    kept = platform.kept()
    assert len(set(kept)) == 3
    assert platform.carries_out() == []

    by = ("--by", "S. Abe", "--reason", "consent on paper, ticket 118")
    platform.run("quarantine", "release", kept[0], *by)
    platform.run("quarantine", "release", kept[1], *by)
    platform.run("quarantine", "reject", kept[2], *by)
    taro.asks("stop_provision")
    assert platform.carries_out() == [kept[0]]
    assert platform.carries_out() == []
    assert platform.partners.got["publisher-kk"] == [{"name": "Hanako Yamada"}]

    stopped = platform.shares("publisher-kk", taro.id)
    assert "7" in denial(stopped)["clauses"]
    assert denial(platform.shares("publisher-kk", hanako.id))["clauses"] == ["5"]  # a release changes no rule


# ---------------------------------------------------------------- disclosure


def test_disclosure_to_the_person_alone(platform: Platform) -> None:
    hanako, taro = platform.signs_up(HANAKO), platform.signs_up(TARO)
    assert denial(hanako.reads(hanako.id))["clauses"] == ["7"]
    taro.asks("disclose", items=["grade", "name"])
    assert taro.reads(taro.id).json() == {"name": "Taro Sato", "grade": "third year"}
    hanako.asks("disclose")
    shown = hanako.reads(hanako.id)
    assert (shown.status_code, shown.json()) == (200, HANAKO)
    assert denial(taro.reads(hanako.id))["clauses"] == ["7"]
    assert denial(hanako.reads(taro.id))["clauses"] == ["7"]
    assert platform.todos() == [("respond-without-delay", taro.id), ("respond-without-delay", hanako.id)]


# ---------------------------------------------------------------- a policy that changes


def test_a_changed_policy_is_taken_up(own: Platform, caplog: pytest.LogCaptureFixture) -> None:
    hanako = own.signs_up(HANAKO)
    own.vets("mailer-kk")
    rules = own.folder / "rules" / "alc-smart-learning" / "policy.toml"
    assert own.sends().status_code == 200
    change(rules, '"customer-contact", "product-information"]', '"customer-contact"]')
    until(lambda: own.sends().status_code == 403)
    assert "2-1" in denial(own.sends())["clauses"]
    assert own.writes(hanako.id).status_code == 201

    change(rules, '"customer-contact"]', '"customer-contact", "product-informatoin"]')  # broken: nothing changes
    until(lambda: "what was before stays in force" in caplog.text)
    assert denial(own.sends())["clauses"] == ["2-1", "5"]

    change(rules, "product-informatoin", "product-information")
    until(lambda: own.sends().status_code == 200)


def test_a_changed_configuration_too(own: Platform) -> None:
    own.signs_up(TARO, "customer")
    own.vets("mailer-kk")
    assert own.sends().status_code == 200
    change(own.config, "source_timeout = 5", 'source_timeout = 5\nreadings = {clause-5-conditions = "strict"}')
    reduced = {"name": "Taro Sato", "mobile_email": "taro@example.jp"}
    until(lambda: own.sends().status_code == 200 and own.partners.got["mailer-kk"][-1]["recipients"] == [reduced])
    assert own.partners.got["mailer-kk"][0]["recipients"] == [{**reduced, "phone_number": "090-0000-2222"}]


def test_relative_paths_are_those_of_the_configuration(own: Platform) -> None:
    hanako = own.signs_up(HANAKO)
    hanako.consents(recipients=["publisher-kk"])
    assert own.shares("publisher-kk", hanako.id).status_code == 200  # the engine reads what the platform has written
    assert denial(own.shares("alc", hanako.id))["kept"]
    (kept,) = own.kept()
    own.run("quarantine", "release", kept, "--by", "S. Abe", "--reason", "consent on paper, ticket 119")
    assert own.carries_out() == [kept]
    assert {"records.db"} <= {file.name for file in own.config.parent.iterdir()}


def test_an_event_that_is_none_is_our_own_fault(own: Platform, caplog: pytest.LogCaptureFixture) -> None:
    own.signs_up(HANAKO)
    own.vets("mailer-kk")
    words = own.folder / "rules" / "alc-smart-learning" / "vocabulary.toml"
    declared = '[vocabulary.attributes]\ncampaign = {type = "integer", ja = "番号", en = "number"}\n'
    change(words, "[vocabulary.subjects]", f"{declared}\n[vocabulary.subjects]")
    until(lambda: own.sends().status_code != 200)
    own.partners.got["mailer-kk"].clear()
    assert denial(own.sends(), 500)["type"].endswith("malformed-event")
    assert "by what is no event: $.attributes" in caplog.text
    assert own.partners.nothing


# ---------------------------------------------------------------- when something is away


def test_without_its_ledger_nothing_goes_out(platform: Platform) -> None:
    hanako = platform.signs_up(HANAKO)
    platform.vets("mailer-kk")
    hanako.consents()
    hanako.asks("disclose")
    away = platform.folder / "records.away"
    (platform.folder / "records.db").rename(away)
    for answer in (
        platform.sends(),
        platform.shares("publisher-kk", hanako.id),
        platform.writes(hanako.id),
        hanako.reads(hanako.id),
    ):
        assert denial(answer, 503)["codes"] == ["source-unavailable"]
    consent = platform.http.post("/me/consents", json={"operations": ["provide"]}, headers=hanako.headers)
    assert consent.status_code == 503
    assert platform.partners.nothing
    assert (platform.todos(), platform.rows("letters")) == ([], 0)

    away.rename(platform.folder / "records.db")
    assert platform.sends().json()["handed_over"] == 1
    assert platform.shares("publisher-kk", hanako.id).status_code == 200
    assert hanako.reads(hanako.id).json() == HANAKO


# ---------------------------------------------------------------- what is logged


def test_no_values_of_people_in_logs(platform: Platform, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    for name in ("policyengine", "course_platform", "uvicorn"):
        caplog.set_level(logging.DEBUG, logger=name)
    hanako = platform.signs_up(HANAKO)
    platform.vets("mailer-kk")
    platform.http.post("/people", json={"purpose": "publicity", "data": HANAKO})
    platform.http.post("/people", json={"purpose": 1, "data": HANAKO})
    hanako.asks("disclose")
    hanako.reads(hanako.id)
    platform.sends()
    platform.shares("publisher-kk", hanako.id)
    platform.partners.status = 500
    assert platform.sends().status_code == 502
    logged = "\n".join(f"{record.getMessage()} {vars(record)}" for record in caplog.records)
    names = {record.name for record in caplog.records}
    assert {"policyengine.decisions", "course_platform", "uvicorn.access"} <= names
    decisions = [record.getMessage().split()[0] for record in caplog.records if record.name == "policyengine.decisions"]
    assert decisions == ["permit", "deny", "permit", "permit", "deny", "permit"]
    for value in (*HANAKO.values(), hanako.headers["Authorization"].removeprefix("Bearer ")):
        assert value not in logged


# ---------------------------------------------------------------- many at once


def test_ten_clients_at_once(platform: Platform) -> None:
    platform.vets("mailer-kk")
    start = threading.Barrier(10)

    def client(number: int) -> str:
        start.wait()
        name = f"member-{number}"
        one = platform.signs_up({"name": name, "mobile_email": f"{number}@example.jp"})
        assert platform.shares("publisher-kk", one.id).status_code == 403
        consent = one.consents(recipients=["publisher-kk"])
        assert platform.shares("publisher-kk", one.id).status_code == 200
        assert platform.sends().status_code == 200
        one.withdraws(consent)
        assert platform.shares("publisher-kk", one.id).status_code == 403
        one.asks("stop_use")
        assert denial(platform.writes(one.id))["clauses"] == ["7"]
        sent = platform.sends(title=f"after {number}")
        assert sent.status_code in (200, 403), sent.text  # the last of them finds that nobody is left
        return name

    with ThreadPoolExecutor(10) as pool:
        names = list(pool.map(client, range(10)))
    assert sorted(body["name"] for body in platform.partners.got["publisher-kk"]) == sorted(names)
    for mail in platform.partners.got["mailer-kk"]:
        if mail["title"].startswith("after "):  # what was stopped before the campaign began is not in it
            assert f"member-{mail['title'].removeprefix('after ')}" not in {one["name"] for one in mail["recipients"]}
    assert denial(platform.sends())["clauses"] == ["7"]


# ---------------------------------------------------------------- as the README has it


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not there: apt-get install -y curl")
def test_the_readme(tmp_path: Path) -> None:
    text = (EXAMPLE / "README.md").read_text("utf-8")
    blocks = [block.partition("```")[0] for block in text.split("```bash\n")[1:]]
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "rules").symlink_to(ROOT / "rules")
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        port = str(free.getsockname()[1])
    *variables, command = blocks[0].replace("8000", port).strip().splitlines()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    shell: dict[str, Any] = {"cwd": tmp_path, "env": {**os.environ, "PATH": path}, "text": True}
    given = "\n".join(variables)
    server = subprocess.Popen(
        ["bash", "-c", f"{given}\nexec {command}"], stderr=subprocess.PIPE, stdout=subprocess.PIPE, **shell
    )
    let_go = tether("kill", "-9", str(server.pid))
    try:
        assert server.stderr is not None
        assert any("Uvicorn running" in line for line in server.stderr)
        rest = "\n".join(blocks[1:]).replace("8000", port)
        script = f"set -euo pipefail\nshopt -s expand_aliases\n{given}\n{rest}"
        done = subprocess.run(["bash", "-c", script], check=False, capture_output=True, **shell)
    finally:
        server.terminate()
        server.communicate()
        let_go()
    assert done.returncode == 0, done.stderr
    assert '{"name":"Hanako","grade":"3"}' in done.stdout
    assert '"obligation":"respond-without-delay"' in done.stdout
    assert '"kept":true' in done.stdout
    assert "open" in done.stdout.splitlines()[-1]


def test_it_is_small() -> None:
    lines = [line for file in EXAMPLE.glob("*.py") for line in file.read_text("utf-8").splitlines() if line.strip()]
    assert len(lines) < 400
