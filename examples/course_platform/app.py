"""A course platform over HTTP. Nothing is done with anybody's data before the policy has said so."""

import hmac
import logging
import os
import uuid
from collections import Counter
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import httpx
from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.concurrency import run_in_threadpool
from fastapi.responses import JSONResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from policyengine import Decision, Engine, FlowDenied, Obligation, WatchedEngine
from policyengine_asgi import DenialMiddleware, lifespan, liveness, readiness
from policyengine_records import Ledger, Quarantine, RecordsError, RecordsUnavailable
from policyengine_records import Store as Records

from . import flows
from .forms import Campaign, Consent, Demand, Letter, Share, SignUp
from .store import Person, Store

CONFIGURATION = Path(__file__).with_name("policyengine.toml")
UNKNOWN = {"source-unavailable", "source-invalid", "action-failed"}
log = logging.getLogger("course_platform")

Bearer = Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]


@dataclass(frozen=True)
class Platform:
    """What the platform is made of.

    Args:
        engine: decides and enforces, and follows its policy's files.
        store: people and their data.
        ledger: what they consented to and asked for; the engine finds it there.
        quarantine: shares that wait for a person of the staff.
        partners: the address of each contractor and partner.
        staff_key: known to the staff.
    """

    engine: WatchedEngine
    store: Store
    ledger: Ledger
    quarantine: Quarantine
    partners: dict[str, str]
    staff_key: str

    def me(self, bearer: Bearer) -> str:
        """Return who is asking."""
        who = self.store.whose(bearer.credentials)
        if who is None:
            raise HTTPException(401, "sign up first")
        return who

    def staff(self, bearer: Bearer) -> None:
        """Let the staff alone pass."""
        if not hmac.compare_digest(bearer.credentials.encode(), self.staff_key.encode()):
            raise HTTPException(401, "this is for the staff")

    def person(self, person: str) -> Person:
        """Return somebody who signed up."""
        for found in self.store.people(person):
            return found
        raise HTTPException(404, "nobody of this id")

    def state(self, type: str, person: str, form: Consent | Demand) -> dict[str, str]:  # noqa: A002
        """Write into the ledger what a person states. It counts from now on."""
        fact = {"type": type, "subject": person, "from": flows.now(), **form.model_dump(exclude_none=True)}
        return {"id": self.ledger.add(fact, engine=self.engine.engine)}

    def deliver(self, partner: str, body: Any) -> None:
        """Send data out of the house. Every caller has asked the policy."""
        httpx.post(self.partners[partner], json=body, timeout=10).raise_for_status()

    def refuse_stranger(self, partner: str) -> None:
        """Refuse to send to somebody without an address."""
        if partner not in self.partners:
            raise HTTPException(404, "no partner of this name")


def create_app(config: Path = CONFIGURATION, interval: float = 1.0) -> FastAPI:
    """Build the platform. Where its files are, who its partners are and the staff's key, the environment says.

    Args:
        config: the configuration of its engine.
        interval: how many seconds lie between two looks at the policy's files.
    """
    engine = Engine.watch(config=config, interval=interval)
    settings = engine.engine.settings["records"]
    records = Records(settings["database"])
    records.upgrade()
    ledger = Ledger(records, answer_within_days=settings["ledger"]["answer_within_days"])
    platform = Platform(
        engine,
        Store(os.environ["COURSE_DATABASE"]),
        ledger,
        Quarantine(records),
        dict(pair.split("=", 1) for pair in os.environ["COURSE_PARTNERS"].split()),
        os.environ["COURSE_STAFF_KEY"],
    )

    @asynccontextmanager
    async def keeping(_app: FastAPI) -> AsyncIterator[None]:
        yield
        records.close()

    app = FastAPI(title="Course platform", lifespan=lifespan(lambda: engine, keeping))
    app.add_middleware(DenialMiddleware)
    app.add_route("/livez", liveness)
    app.add_route("/readyz", readiness)
    app.add_exception_handler(
        RecordsUnavailable, _answered(503, "the ledger does not answer: nothing is known for sure")
    )
    app.add_exception_handler(RecordsError, _answered(422, "no such fact can be stated"))
    app.add_exception_handler(httpx.HTTPError, _answered(502, "the recipient did not take it"))
    _for_everybody(app, platform)
    _for_staff(app, platform)
    return app


def _for_everybody(app: FastAPI, platform: Platform) -> None:
    engine, store, ledger = platform.engine, platform.store, platform.ledger
    me = Depends(platform.me)

    @app.post("/people", status_code=201)
    async def sign_up(form: SignUp) -> dict[str, Any]:
        person = Person(f"p-{uuid.uuid4().hex[:12]}", form.category, "direct", form.data)
        decision = await engine.enforce_async(flows.sign_up(person, form.purpose))
        token = await run_in_threadpool(store.add, person)
        return {"id": person.id, "token": token, "notices": [duty.message.en for duty in decision.obligations]}

    @app.post("/me/consents", status_code=201)
    def consent(form: Consent, person: str = me) -> dict[str, str]:
        return platform.state("consent", person, form)

    @app.delete("/me/consents/{consent}", status_code=204)
    def withdraw(consent: str, person: str = me) -> None:
        if all(fact.id != consent for fact in ledger.facts(subject=person, type="consent")):
            raise HTTPException(404, "you gave no such consent")
        ledger.withdraw(consent)

    @app.post("/me/requests", status_code=201)
    def demand(form: Demand, person: str = me) -> dict[str, str]:
        return platform.state("request", person, form)

    @app.get("/people/{person}/data")
    def disclose(person: str, reader: str = me) -> dict[str, str]:
        whose = platform.person(person)
        event = flows.disclosure(whose, reader)
        with engine.flow(event, payload=whose.data) as flow:  # that it must be the reader's own, the policy says
            store.oblige(flow.decision.obligations, whose.id, event["id"])
            return dict(flow.payload)


def _for_staff(app: FastAPI, platform: Platform) -> None:
    engine, store = platform.engine, platform.store
    staff = [Depends(platform.staff)]

    @engine.guard(**flows.letter(person="person", purpose="purpose"))
    async def write(person: Person, purpose: str, text: str) -> None:
        await run_in_threadpool(store.write_letter, person.id, purpose, text)

    @app.post("/people/{person}/letters", status_code=201, dependencies=staff)
    async def write_letter(person: str, form: Letter) -> None:
        await write(await run_in_threadpool(platform.person, person), form.purpose, form.text)

    @app.post("/campaigns", dependencies=staff)
    def campaign(form: Campaign) -> dict[str, Any]:
        """Hand over of each person what the contractor may get, and of some nothing."""
        platform.refuse_stranger(form.contractor)
        payloads = [(person, _data(person, form.items)) for person in store.people()]
        batch = [(flows.campaign(person, data, form.contractor, form.title), data) for person, data in payloads if data]
        plan = list(engine.evaluate_all(event for event, _ in batch))  # asks the ledger once for everybody
        _refuse_unknown(plan)
        left_out = [decision for decision in plan if not decision.permitted_items]
        handed: dict[str, Any] = {}
        duties: dict[str, Obligation] = {}
        for (event, data), planned in zip(batch, plan, strict=True):
            if planned.permitted_items:
                try:
                    with engine.flow(event, payload=data) as flow:
                        handed[event["id"]] = flow.payload
                        duties |= {duty.id: duty for duty in flow.decision.obligations}
                except FlowDenied as denied:  # something was asked or withdrawn since
                    _refuse_unknown([denied.decision])
                    left_out.append(denied.decision)
        if handed:
            platform.deliver(form.contractor, {"title": form.title, "recipients": [*handed.values()]})
            store.oblige(duties.values(), form.contractor, next(iter(handed)))
        elif left_out:
            raise FlowDenied(left_out[0])
        log.info("campaign: %d handed over, %d left out", len(handed), len(left_out))
        clauses = Counter(clause for decision in left_out for clause in decision.clauses)
        return {"handed_over": len(handed), "left_out": len(left_out), "clauses": clauses}

    @app.post("/partners/{partner}/shares", dependencies=staff)
    async def share(partner: str, form: Share) -> dict[str, Any]:
        platform.refuse_stranger(partner)
        person = await run_in_threadpool(platform.person, form.person)
        event = flows.share(form.operation, person, form.items, partner, form.purpose)
        decision = await engine.enforce_async(event)
        await run_in_threadpool(platform.deliver, partner, _data(person, form.items))
        return {"clauses": decision.clauses}

    @app.post("/shares/released", dependencies=staff)
    def carry_out() -> list[str]:
        """Carry out what the staff released; what the person has stopped since, the quarantine does not hand out."""
        done = []
        for kept in platform.quarantine.take(by="course-platform", engine=engine):
            person = platform.person(kept.event["subject"]["id"])
            platform.deliver(kept.event["recipient"]["id"], _data(person, kept.event["items"]))
            done.append(kept.id)
        return done

    @app.get("/todos", dependencies=staff)
    def todos() -> list[dict[str, Any]]:
        return store.todos()


def _data(person: Person, items: Iterable[str]) -> dict[str, str]:
    return {item: person.data[item] for item in items if item in person.data}


def _refuse_unknown(decisions: Iterable[Decision]) -> None:
    """Stop where what would be permitted cannot be known: a ledger is away, or we have built no event."""
    for decision in decisions:
        if decision.outcome == "invalid" or UNKNOWN & {reason.code for reason in decision.reasons}:
            raise FlowDenied(decision)


def _answered(status: int, detail: str) -> Any:
    async def handler(_request: Request, _error: Exception) -> JSONResponse:
        return JSONResponse({"detail": detail}, status)

    return handler
