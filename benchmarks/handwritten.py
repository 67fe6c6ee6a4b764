"""The limit: the reference policy as one person would write it by hand, for this policy and no other.

Dispatch on the operation, dicts and frozensets made once, set arithmetic on the items, and a prebuilt ruling for
every combination of clauses and obligations. It answers the whole policy under its default readings: outcome,
clauses, items and obligations, what an event leaves open, unknown words and times out of force included. It gives no
reasons, rules or explanation, and knows no reading but the default: that is what an engine adds to it.

`Ready` is the form that suits it best: times as numbers, lists as frozensets, facts sorted by type. Nothing of the
policy is in it. `from_mapping` and `from_json` make one, checking no more than is needed to decide safely: types,
required fields, unknown fields and times by msgspec; a repeated item, a missing purpose or recipient, what only an
acquisition can state by hand. How ids are spelled is not looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Any, Literal, NamedTuple

import msgspec
from msgspec import Meta, Struct

# ---------------------------------------------------------------- what it answers


class Ruling(NamedTuple):
    """What an answer says, but for the items: built once for each combination that occurs, and found again."""

    outcome: str
    clauses: tuple[str, ...]
    obligations: tuple[str, ...]


Answer = tuple[Ruling, tuple[str, ...], tuple[str, ...]]
"""The ruling, the permitted items and the excess items, in the event's order."""

_CLAUSES = (
    "2-1",
    "2-2",
    "2-3",
    "2-4",
    "2-5",
    "2-note-1",
    "3",
    "4",
    "5",
    "5(1)",
    "5(2)",
    "5(3)",
    "5(4)",
    "5(5)",
    "5(6)",
)
_CLAUSES += ("6", "7", "P-1")
_BIT = {clause: 1 << number for number, clause in enumerate(_CLAUSES)}
_NOTE, _C3, _C4, _C5, _C6, _C7, _GROUND = (_BIT[name] for name in ("2-note-1", "3", "4", "5", "6", "7", "P-1"))
_CLIENTS, _WORKERS_HEALTH, _STATISTICS, _LAW, _CONSENT = (_BIT[name] for name in ("2-2", "2-4", "5(4)", "5(5)", "5(6)"))

_OBLIGATIONS = ("forward-request-to-client", "inform-voluntary-provision", "respond-without-delay")
_OBLIGATIONS += ("supervise-contractor",)
_FORWARD, _INFORM, _RESPOND, _SUPERVISE = (1 << (len(_CLAUSES) + number) for number in range(len(_OBLIGATIONS)))


class _Rulings(dict[int, Ruling]):
    """Rulings of one outcome by the bits of their clauses and obligations."""

    def __init__(self, outcome: str) -> None:
        self.outcome = outcome

    def __missing__(self, bits: int) -> Ruling:
        names = [name for number, name in enumerate((*_CLAUSES, *_OBLIGATIONS)) if bits >> number & 1]
        clauses = tuple(sorted(name for name in names if name in _BIT))
        ruling = self[bits] = Ruling(self.outcome, clauses, tuple(name for name in names if name not in _BIT))
        return ruling


_PERMIT, _DENY = _Rulings("permit"), _Rulings("deny")

# ---------------------------------------------------------------- the policy's words and lists

_IN_FORCE = datetime.fromisoformat("2013-02-01T00:00:00+09:00").timestamp()
_CONTROLLERS = frozenset({None, "alc-learning-systems"})

_WORKERS = frozenset({"employee", "former-employee"})
_CUSTOMERS = frozenset({"customer", "applicant"})
_JOINT_USERS = frozenset({"alc", "ntt-learning-systems", "alc-education"})
_WINDOWS = frozenset({"direct", "client_contact"})
_JOINT = frozenset(
    {"name", "sex", "school_name", "faculty", "grade", "student_number", "employer_name", "mobile_email"}
)
_HEALTH = frozenset({"health_information", "health_checkup_result", "stress_check_result", "medical_certificate"})
_HEALTH_ITSELF = frozenset({"health_information"})
_ITEMS = _JOINT | _HEALTH
_ITEMS |= {"postal_address", "phone_number", "date_of_birth", "learning_record", "test_score", "inquiry_content"}
_ITEMS |= {"contract_content", "payment_information", "salary", "bank_account", "individual_number", "photograph"}
_ITEMS |= {"family_information", "monitoring_video", "monitoring_log", "personnel_evaluation"}

_CUSTOMER = dict.fromkeys(("proposal-fulfilment", "after-care", "customer-contact", "product-information"), "2-1")
_MANAGEMENT = ("contract-management", "pre-contract-management", "post-contract-management")
_EMPLOYEE = ("business-contact", "staff-directory", "statutory-procedures", "employment-management")
_EMPLOYEE += ("personnel-selection", "assignment", "compensation", "tax-processing", "social-insurance", "welfare")
_EMPLOYEE += ("safety-monitoring", "publicity", "health-management")
_BY_CATEGORY: dict[str, dict[str, str]] = {
    "customer": _CUSTOMER,
    "applicant": _CUSTOMER,
    "client-entrusted": dict.fromkeys(("contract-performance", *_MANAGEMENT), "2-2"),
    "business-partner": dict.fromkeys(_MANAGEMENT, "2-3"),
    "employee": dict.fromkeys(_EMPLOYEE, "2-4"),
    "former-employee": {"statutory-procedures": "2-4"},
    "inquirer": dict.fromkeys(("service-improvement", "inquiry-handling"), "2-5"),
}
_PURPOSES = frozenset(purpose for purposes in _BY_CATEGORY.values() for purpose in purposes)
_PURPOSES |= {"elearning-operation", "statistics", "legal-compliance"}
_PUBLISHED = {
    category: {purpose: _BIT[purposes[purpose]] if purpose in purposes else 0 for purpose in (None, *_PURPOSES)}
    for category, purposes in _BY_CATEGORY.items()
}
"""By category of people and purpose, the bit of the clause that lists it, or 0. A term that is missing is unknown."""
_ABOUT = {category: _BIT[next(iter(purposes.values()))] for category, purposes in _BY_CATEGORY.items()}
"""By category, the clause that lists its purposes."""
_KIND_OF = dict.fromkeys(("pre-contract-management", "post-contract-management"), "contract-management")
_FORMS = frozenset({"identifiable", "pseudonymised", "anonymised", "statistical"})
_ORIGINS = frozenset({None, "direct", "client_contact", "entrusted", "third_party", "public"})
_CASES = {None: 0, "system-operation": _BIT["5(1)"], "communication": _BIT["5(2)"], "after-service": _BIT["5(3)"]}

Items = frozenset[str]
_NONE: Items = frozenset()

# ---------------------------------------------------------------- the event, ready

Words = frozenset[str] | None
"""What a fact names in one of its lists; None where it leaves the list out."""


class Ready(Struct, gc=False):
    """An event as this program likes it best. A fact is a tuple of its start, end and subject, then its own fields."""

    operation: str
    category: str
    purpose: str | None
    form: str
    origin: str | None
    recipient: str | None
    service: str | None
    person: str | None
    controller: str | None
    time: float
    items: tuple[str, ...]
    item_set: frozenset[str]
    consents: tuple[tuple[float, float, str | None, frozenset[str], Words, Words, Words], ...]
    contracts: tuple[tuple[float, float, str | None, str, str], ...]
    vettings: tuple[tuple[float, float, str | None, str], ...]
    bases: tuple[tuple[float, float, str | None, str, Words, Words, Words, Words], ...]
    notices: tuple[tuple[float, float, str | None, frozenset[str], Words], ...]
    requests: tuple[tuple[float, float, str | None, str, Words, Words, Words], ...]


# ---------------------------------------------------------------- deciding


def decide(event: Ready) -> Answer:
    """Answer the reference policy under its default readings."""
    category = event.category
    if event.controller not in _CONTROLLERS or event.time < _IN_FORCE:
        return _DENY[0], (), event.items
    try:
        published = _PUBLISHED[category][event.purpose]
    except KeyError:
        return _unknown(event)
    if event.form not in _FORMS or event.origin not in _ORIGINS or event.service not in _CASES:
        return _unknown(event)
    known = event.item_set
    if not known <= _ITEMS:
        known = known & _ITEMS
    health = known & _HEALTH if category in _WORKERS else _NONE
    return _OPERATIONS[event.operation](event, category, published, known, health)


def _own(event: Ready, category: str, published: int, known: Items, health: Items) -> Answer:
    """Acquire, use or retain."""
    items, operation, purpose = event.items, event.operation, event.purpose
    listed = known if published else _NONE
    replaced = notified = own = stopped = exempt = _NONE
    if event.notices and category != "client-entrusted":
        replaced, notified = _notices(event, known)
        if published and replaced:
            listed = known - replaced
    making = known if purpose == "statistics" and operation == "use" else _NONE
    licensed = listed | notified | making if notified or making else listed
    if category == "applicant" and purpose == "elearning-operation" and event.origin in _WINDOWS:
        own = known & _JOINT
        licensed = licensed | own
    if event.requests and operation != "acquire":
        stopped = _requests(event, "stop_use" if operation == "use" else "erase", known)
    if health or stopped:
        if event.bases:
            lifted = _statutes(event, known)
            health, stopped = health - lifted, stopped - lifted
        if stopped and category == "client-entrusted":
            exempt, stopped = stopped, _NONE
    permitted = licensed - health - stopped if health or stopped else licensed
    astray = event.origin == "entrusted" and category != "client-entrusted"
    if len(permitted) == len(items) and not astray:
        bits = published if listed else 0
        if notified:
            bits |= _NOTE
        if own:
            bits |= _C4
        if making:
            bits |= _STATISTICS
        if exempt:
            bits |= _FORWARD
        if category in _CUSTOMERS and operation == "acquire":
            bits |= _INFORM
        return _PERMIT[bits], items, ()
    bits = 0 if len(known) == len(items) else _GROUND
    if astray:
        permitted = _NONE
        bits |= _CLIENTS if known else 0
    if health:
        bits |= _WORKERS_HEALTH
    if stopped:
        bits |= _C7
    if len(licensed) != len(known):
        bits |= _unlicensed(category, purpose, known - licensed, replaced)
    return _denied(bits, items, permitted)


def _entrust(event: Ready, category: str, published: int, known: Items, health: Items) -> Answer:
    person, time, recipient, items = event.person, event.time, event.recipient, event.items
    listed = known if published else _NONE
    replaced = notified = own = stopped = exempt = consented = _NONE
    if event.notices and category != "client-entrusted":
        replaced, notified = _notices(event, known)
        if published and replaced:
            listed = known - replaced
    licensed = listed | notified if notified else listed
    if category == "applicant" and event.purpose == "elearning-operation" and event.origin in _WINDOWS:
        own = known & _JOINT
        licensed = licensed | own
    case = _CASES[event.service]
    in_case = licensed if case else _NONE
    within = in_case & _JOINT if category == "applicant" else in_case
    if event.consents:
        consented = _consents(event, "entrust", known)
    vetted = False
    for start, end, subject, kind, party in event.contracts:
        if (
            party == recipient
            and kind == "confidentiality"
            and start <= time < end
            and (subject is None or subject == person)
        ):
            for since, until, whose, vetting in event.vettings:
                if vetting == recipient and since <= time < until and (whose is None or whose == person):
                    vetted = True
                    break
            break
    permitted = within | consented if consented else within
    if event.requests:
        stopped = _requests(event, "stop_use", known)
    if health or stopped:
        if event.bases:
            lifted = _statutes(event, known)
            health, stopped = health - lifted, stopped - lifted
        if stopped and category == "client-entrusted":
            exempt, stopped = stopped, _NONE
        permitted = permitted - health - stopped
    astray = event.origin == "entrusted" and category != "client-entrusted"
    if vetted and len(permitted) == len(items) and not astray:
        bits = _C6 | _SUPERVISE
        if within:  # of the licences, those of items that went out in this case
            bits |= case
            if listed and not listed.isdisjoint(within):
                bits |= published
            if notified and not notified.isdisjoint(within):
                bits |= _NOTE
            if own:
                bits |= _C4
        if consented:
            bits |= _CONSENT
        if exempt:
            bits |= _FORWARD
        return _PERMIT[bits], items, ()
    bits = 0 if len(known) == len(items) else _GROUND
    if not vetted and known:
        permitted = _NONE
        bits |= _C6
    if astray and known:
        permitted = _NONE
        bits |= _CLIENTS
    if health:
        bits |= _WORKERS_HEALTH
    if stopped:
        bits |= _C7
    granted = in_case | consented if consented else in_case
    if len(granted) != len(known):
        bits |= _C5
        if len(licensed) != len(known):
            bits |= _unlicensed(category, event.purpose, known - granted - licensed, replaced)
    elif within is not in_case and not in_case - within <= permitted:
        bits |= _C5
    return _denied(bits, items, permitted)


def _provide(event: Ready, category: str, _published: int, known: Items, health: Items) -> Answer:
    items, purpose, bits = event.items, event.purpose, 0
    spared = consented = stopped = exempt = _NONE
    if purpose == "statistics" and event.form == "statistical":
        spared, bits = known, _STATISTICS
    elif purpose == "legal-compliance" and event.bases:
        spared, bits = _demanded(event, known), _LAW
    if event.consents:
        consented = _consents(event, "provide", known)
    if event.requests:
        stopped = _requests(event, "stop_provision", known)
    if health or stopped:
        if event.bases:
            lifted = _statutes(event, known)
            health, stopped = health - lifted, stopped - lifted
        if stopped and category == "client-entrusted":
            exempt, stopped = stopped, _NONE
    going = consented - stopped if stopped else consented
    permitted = spared | going if going else spared
    if health:
        permitted = permitted - health
    astray = event.origin == "entrusted" and category != "client-entrusted"
    if len(permitted) == len(items) and not astray:
        if not spared:
            bits = 0
        if going:
            bits |= _CONSENT
        if exempt and exempt - spared:
            bits |= _FORWARD
        return _PERMIT[bits], items, ()
    bits = 0 if len(known) == len(items) else _GROUND
    if astray and known:
        permitted = _NONE
        bits |= _CLIENTS
    if health:
        bits |= _WORKERS_HEALTH
    if stopped and stopped - permitted - (spared - consented):
        bits |= _C7
    if known - spared - consented:
        bits |= _C5
    return _denied(bits, items, permitted)


def _joint_use(event: Ready, category: str, _published: int, known: Items, health: Items) -> Answer:
    items = event.items
    joint = stopped = _NONE
    if (
        category == "applicant"
        and event.purpose == "elearning-operation"
        and event.recipient in _JOINT_USERS
        and event.origin in _WINDOWS
    ):
        joint = known & _JOINT
    if event.requests and category != "client-entrusted":
        stopped = _requests(event, "stop_use", known)
    if event.bases and (health or stopped):
        lifted = _statutes(event, known)
        health, stopped = health - lifted, stopped - lifted
    permitted = joint - stopped if stopped else joint
    if len(permitted) == len(items):
        return _PERMIT[_C4], items, ()
    bits = 0 if len(known) == len(items) else _GROUND
    if event.origin == "entrusted" and category != "client-entrusted" and known:
        bits |= _CLIENTS
    if health:
        bits |= _WORKERS_HEALTH
    if stopped:
        bits |= _C7
    if len(joint) != len(known):
        bits |= _C4
    return _denied(bits, items, permitted)


def _disclose(event: Ready, category: str, _published: int, known: Items, _health: Items) -> Answer:
    items = event.items
    asked = _asked(event, known) if event.requests and event.recipient == event.person else _NONE
    barred = category == "client-entrusted" or event.origin == "entrusted"
    if len(asked) == len(items) and not barred:
        return _PERMIT[_C7 | _RESPOND], items, ()
    bits = 0 if len(known) == len(items) else _GROUND
    if barred and known:
        bits |= _C3
    if len(asked) != len(known):
        bits |= _C7
    return _denied(bits, items, _NONE if barred else asked)


_OPERATIONS: dict[str, Callable[[Ready, str, int, Items, Items], Answer]] = {
    "acquire": _own,
    "use": _own,
    "retain": _own,
    "joint_use": _joint_use,
    "entrust": _entrust,
    "provide": _provide,
    "disclose": _disclose,
}


def _denied(bits: int, items: tuple[str, ...], permitted: Items) -> Answer:
    if not permitted:
        return _DENY[bits], (), items
    return (
        _DENY[bits],
        tuple([item for item in items if item in permitted]),
        tuple([item for item in items if item not in permitted]),
    )


def _unlicensed(category: str, purpose: str | None, items: Items, replaced: Items) -> int:
    """The clauses that list purposes for these people, or what took their place, where none of them has this one."""
    if not items:
        return 0
    inside = items & replaced if replaced else _NONE
    bits = (_NOTE if inside else 0) | (_ABOUT[category] if len(inside) != len(items) else 0)
    return bits | _C4 if category == "applicant" and purpose == "elearning-operation" else bits


def _unknown(event: Ready) -> Answer:
    """Deny everything for a word that the policy does not have, citing what an unknown purpose could have been."""
    bits = 0
    category, purpose, operation, items = event.category, event.purpose, event.operation, event.item_set
    if (
        category not in _PUBLISHED
        or event.form not in _FORMS
        or event.origin not in _ORIGINS
        or event.service not in _CASES
        or not items <= _ITEMS
    ):
        bits |= _GROUND
    if purpose is not None and purpose not in _PURPOSES:
        listing = _BY_PURPOSE[operation] if operation in _BY_PURPOSE else _ABOUT.get(category, 0)
        bits |= listing if listing and not items.isdisjoint(_ITEMS) else _GROUND
    return _DENY[bits], (), event.items


_BY_PURPOSE = {"joint_use": _C4, "entrust": _C5, "provide": _C5, "disclose": _C7}
"""The clause that says for which purposes an operation is permitted, whoever the people are."""

# ---------------------------------------------------------------- facts, each a set of the event's items


def _covered(named: Items, known: Items) -> Items:
    """Return the items that a fact surely covers; one that names health information covers every kind of it."""
    return named & known | known & _HEALTH if "health_information" in named else named & known


def _touched(named: Items, known: Items) -> Items:
    """Return the items that a fact may cover: a word that nobody knows may mean any, health information any kind."""
    if not named <= _ITEMS:
        return known
    if "health_information" in known and not named.isdisjoint(_HEALTH):
        return _covered(named, known) | _HEALTH_ITSELF
    return _covered(named, known)


def _notices(event: Ready, known: Items) -> tuple[Items, Items]:
    """Return the items on which there may be a notice, and those on which one surely names the purpose."""
    purpose, person, time = event.purpose, event.person, event.time
    replaced = notified = _NONE
    for start, end, subject, purposes, named in event.notices:
        if start <= time < end and (subject is None or subject == person or person is None):
            touched = known if named is None else _touched(named, known)
            replaced = replaced | touched if replaced else touched
            if (purpose in purposes or _KIND_OF.get(purpose) in purposes) and (subject is None or subject == person):
                covered = known if named is None else _covered(named, known)
                notified = notified | covered if notified else covered
    return replaced, notified


def _requests(event: Ready, stop: str, known: Items) -> Items:
    """Return the items of which a request to `stop`, or to erase, may speak."""
    person, time, found = event.person, event.time, _NONE
    for start, end, subject, kind, purposes, named, recipients in event.requests:
        if (
            (kind == stop or kind == "erase")
            and start <= time < end
            and (subject is None or subject == person or person is None)
            and (
                purposes is None
                or event.purpose in purposes
                or _KIND_OF.get(event.purpose) in purposes
                or not purposes <= _PURPOSES
            )
            and (recipients is None or event.recipient in recipients)
        ):
            touched = known if named is None else _touched(named, known)
            found = found | touched if found else touched
    return found


def _asked(event: Ready, known: Items) -> Items:
    """Return the items that the person asked to have disclosed."""
    person, time, found = event.person, event.time, _NONE
    for start, end, subject, kind, purposes, named, recipients in event.requests:
        if (
            kind == "disclose"
            and start <= time < end
            and (subject is None or subject == person)
            and (purposes is None or event.purpose in purposes or _KIND_OF.get(event.purpose) in purposes)
            and (recipients is None or event.recipient in recipients)
        ):
            covered = known if named is None else _covered(named, known)
            found = found | covered if found else covered
    return found


def _statutes(event: Ready, known: Items) -> Items:
    """Return the items for which there is a statute that states this purpose."""
    person, time, found = event.person, event.time, _NONE
    for start, end, subject, kind, operations, named, purposes, recipients in event.bases:
        if (
            kind == "statute"
            and purposes is not None
            and start <= time < end
            and (subject is None or subject == person)
            and (operations is None or event.operation in operations)
            and (event.purpose in purposes or _KIND_OF.get(event.purpose) in purposes)
            and (recipients is None or event.recipient in recipients)
        ):
            covered = known if named is None else _covered(named, known)
            found = found | covered if found else covered
    return found


def _demanded(event: Ready, known: Items) -> Items:
    """Return the items for which there is a legal basis of any kind."""
    person, time, found = event.person, event.time, _NONE
    for start, end, subject, _kind, operations, named, purposes, recipients in event.bases:
        if (
            start <= time < end
            and (subject is None or subject == person)
            and (operations is None or event.operation in operations)
            and (purposes is None or event.purpose in purposes or _KIND_OF.get(event.purpose) in purposes)
            and (recipients is None or event.recipient in recipients)
        ):
            covered = known if named is None else _covered(named, known)
            found = found | covered if found else covered
    return found


def _consents(event: Ready, operation: str, known: Items) -> Items:
    """Return the items to whose flow the person consents."""
    person, time, found = event.person, event.time, _NONE
    for start, end, subject, operations, recipients, purposes, named in event.consents:
        if (
            operation in operations
            and start <= time < end
            and (subject is None or subject == person)
            and (purposes is None or event.purpose in purposes or _KIND_OF.get(event.purpose) in purposes)
            and (recipients is None or event.recipient in recipients)
        ):
            covered = known if named is None else _covered(named, known)
            found = found | covered if found else covered
    return found


# ---------------------------------------------------------------- from a dict, from a JSON line

Id = Annotated[str, Meta(min_length=1)]
Time = Annotated[datetime, Meta(tz=True)]
Operation = Literal["acquire", "use", "retain", "joint_use", "entrust", "provide", "disclose"]
Terms = Annotated[frozenset[str], Meta(min_length=1)]
Ids = Annotated[frozenset[Id], Meta(min_length=1)]


class _Subject(Struct, forbid_unknown_fields=True, gc=False):
    category: str
    id: Id | None = None


class _Actor(Struct, forbid_unknown_fields=True, gc=False):
    id: Id
    role: str | None = None


class _Recipient(Struct, forbid_unknown_fields=True, gc=False):
    id: Id
    service: str | None = None
    country: str | None = None


class _Source(Struct, forbid_unknown_fields=True, gc=False):
    id: Id
    country: str | None = None


class _Fact(
    Struct,
    forbid_unknown_fields=True,
    gc=False,
    tag_field="type",
    rename={"start": "from", "end": "until"},
    kw_only=True,
):
    subject: Id | None = None
    start: Time | None = None
    end: Time | None = None


class _Consent(_Fact, tag="consent"):
    operations: Annotated[frozenset[Operation], Meta(min_length=1)]
    recipients: Ids | None = None
    purposes: Terms | None = None
    items: Terms | None = None


class _Contract(_Fact, tag="contract"):
    kind: Literal["confidentiality", "service"]
    party: Id


class _Vetting(_Fact, tag="vetting"):
    party: Id


class _Basis(_Fact, tag="legal_basis"):
    kind: Literal["statute", "court", "government"]
    reference: str
    operations: Annotated[frozenset[Operation], Meta(min_length=1)] | None = None
    items: Terms | None = None
    purposes: Terms | None = None
    recipients: Ids | None = None


class _Notice(_Fact, tag="notice"):
    purposes: Terms
    items: Terms | None = None


class _Request(_Fact, tag="request"):
    kind: Literal["notify_purpose", "disclose", "correct", "add", "delete", "stop_use", "erase", "stop_provision"]
    purposes: Terms | None = None
    items: Terms | None = None
    recipients: Ids | None = None


class _Document(Struct, forbid_unknown_fields=True, gc=False):
    id: Id
    time: Time
    operation: Operation
    subject: _Subject
    items: Annotated[tuple[str, ...], Meta(min_length=1)]
    acquired: Time | None = None
    controller: Id | None = None
    actor: _Actor | None = None
    purpose: str | None = None
    form: str = "identifiable"
    origin: str | None = None
    recipient: _Recipient | None = None
    source: _Source | None = None
    facts: tuple[_Consent | _Contract | _Vetting | _Basis | _Notice | _Request, ...] = ()
    attributes: dict[str, bool | int | float | str] | None = None


_decode = msgspec.json.Decoder(_Document).decode
_FOREVER = float("inf")
_WITHIN = frozenset({"acquire", "use", "retain"})


def from_json(line: bytes) -> Ready:
    """Return the event in one JSON text, or raise `msgspec.MsgspecError` or `ValueError`."""
    return _ready(_decode(line))


def from_mapping(mapping: Mapping[str, Any]) -> Ready:
    """Return the event that a dict describes, or raise `msgspec.MsgspecError` or `ValueError`."""
    return _ready(msgspec.convert(mapping, _Document))


def _ready(document: _Document) -> Ready:
    recipient, subject, items, operation = document.recipient, document.subject, document.items, document.operation
    item_set = frozenset(items)
    if (
        len(item_set) != len(items)
        or (document.purpose is None and operation != "disclose")
        or (recipient is None and operation not in _WITHIN)
        or (document.source is not None and operation != "acquire")
        or (document.acquired is not None and document.acquired > document.time)
    ):
        raise ValueError("a repeated item, no purpose or recipient, or a source or time of acquisition that cannot be")
    consents = contracts = vettings = bases = notices = requests = ()
    for fact in document.facts:
        kind = type(fact)
        start = -_FOREVER if fact.start is None else fact.start.timestamp()
        end = _FOREVER if fact.end is None else fact.end.timestamp()
        if kind is _Vetting:
            vettings += ((start, end, fact.subject, fact.party),)
            continue
        if kind is _Contract:
            contracts += ((start, end, fact.subject, fact.kind, fact.party),)
            continue
        purposes, named = fact.purposes, fact.items
        if kind is _Notice:
            notices += ((start, end, fact.subject, purposes, named),)
        elif kind is _Consent:
            consents += ((start, end, fact.subject, fact.operations, fact.recipients, purposes, named),)
        elif kind is _Request:
            requests += ((start, end, fact.subject, fact.kind, purposes, named, fact.recipients),)
        else:
            bases += ((start, end, fact.subject, fact.kind, fact.operations, named, purposes, fact.recipients),)
    return Ready(
        operation,
        subject.category,
        document.purpose,
        document.form,
        document.origin,
        None if recipient is None else recipient.id,
        None if recipient is None else recipient.service,
        subject.id,
        document.controller,
        document.time.timestamp(),
        items,
        item_set,
        consents,
        contracts,
        vettings,
        bases,
        notices,
        requests,
    )
