"""The desk of an online shop, over HTTP: its policy says what may be done with members' data, request by request."""

import hmac
import os
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from policyengine import Engine, Flow
from policyengine_asgi import (
    DenialMiddleware,
    RequestContext,
    engine_of,
    lifespan,
    liveness,
    readiness,
)
from policyengine_asgi.fastapi import flow_of

CONFIGURATION = Path(__file__).with_name("policyengine.toml")

MEMBERS: dict[str, dict[str, Any]] = {  # in earnest, a database
    "m-1": {"number": "m-1", "name": "Hanako", "mail": "hanako@example.jp", "orders": ["tea"], "allergies": ["nuts"]},
    "m-2": {"number": "m-2", "name": "Taro", "mail": "taro@example.jp", "orders": [], "allergies": []},
}
AGES = {"m-1": 34, "m-2": 13}
CONTRACTS = [
    {"type": "contract", "kind": kind, "party": "parcel-kk", "from": "2025-04-01T00:00:00+09:00"}
    for kind in ("service", "confidentiality")
]


def staff(bearer: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
    """Let the staff alone pass."""
    if not hmac.compare_digest(bearer.credentials.encode(), os.environ["DESK_KEY"].encode()):
        raise HTTPException(401, "this is for the staff")


def member_of(member: str) -> dict[str, Any]:
    """Return what the shop has of a member: the payload of flows about them."""
    if member not in MEMBERS:
        raise HTTPException(404, "no member of this number")
    return MEMBERS[member]


def subject(request: Any) -> dict[str, Any]:
    """Return whose data it is, as the path says."""
    return {"category": "member", "id": request.path_params["member"]}


def age(request: Any) -> int | None:
    """Return how old that member is; None where that is not known."""
    return AGES.get(request.path_params["member"])


flows = RequestContext(
    {"controller": "kumo-shop", "subject": subject},
    actor=lambda request: request.headers.get("x-desk"),  # which desk of the shop asks
    attributes={"age": age},
)
app = FastAPI(
    title="Shop desk",
    lifespan=lifespan(lambda: Engine.watch(config=CONFIGURATION)),
)
app.add_middleware(DenialMiddleware)
app.add_route("/livez", liveness)
app.add_route("/readyz", readiness)

recommending = flow_of(
    flows, member_of, operation="use", purpose="recommendation", items=["member_number", "name", "order_history"]
)


@app.get("/members/{member}/recommendations", dependencies=[Depends(staff)])
async def recommend(flow: Annotated[Flow, Depends(recommending)]) -> dict[str, Any]:
    """Show what recommendations are made of: of the member's record, what the policy lets through."""
    return {"from": flow.payload, "clauses": flow.decision.clauses}


@app.post("/members/{member}/parcels/{contractor}", dependencies=[Depends(staff)])
async def send(
    request: Request, contractor: str, record: Annotated[dict[str, Any], Depends(member_of)]
) -> dict[str, Any]:
    """Hand a member's name to whoever carries the parcel. What the shop does not know of them is in nobody's hands."""
    async with flows.flow(
        request,
        record,
        operation="entrust",
        purpose="order-delivery",
        items=["name"],
        recipient={"id": contractor, "service": "parcel-delivery", "country": "JP"},
        facts=CONTRACTS,
    ) as flow:
        return {"handed_over": flow.payload, "duties": [duty.id for duty in flow.decision.obligations]}


@app.get("/members/{member}/offers", dependencies=[Depends(staff)])
def offers(request: Request) -> dict[str, bool]:
    """Say which purposes a member's orders may serve. A question alone: nothing is done, so nothing is enforced."""
    engine = engine_of(request)
    asked = {
        purpose: flows.event(request, operation="use", purpose=purpose, items=["order_history"])
        for purpose in ("order-handling", "membership", "advertising")
    }
    return {purpose: engine.evaluate(event).permitted for purpose, event in asked.items()}
