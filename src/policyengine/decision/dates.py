"""When the times for which conditions ask have passed, or will have."""

from __future__ import annotations

from policyengine.calendar import shown
from policyengine.decision.facts import Answers
from policyengine.model.condition import Acquired, Age, Condition, Holds, leaves
from policyengine.model.meets import began
from policyengine.text import Text


def passing(leaf: Condition, answers: Answers) -> int | None:
    """Return when the time has passed for which a leaf asks; None where it asks for none, or that is not known.

    Args:
        leaf: the leaf.
        answers: of the event.
    """
    match leaf:
        case Acquired(within):
            since = answers.event.acquired
        case Age(attribute, within):
            stated = answers.event.attributes.get(attribute)
            since = None if stated is None else began(stated, leaf)
        case Holds(within=within) if within is not None:
            since = answers.began(leaf)
        case _:
            return None
    return None if since is None else within.after(since)


def with_dates(message: Text, condition: Condition, answers: Answers, zone: str) -> Text:
    """Return `message` with when the first of the times for which a condition asks was over, if one is.

    Args:
        message: a text.
        condition: the condition.
        answers: of the event.
        zone: in whose calendar and clock that is said.
    """
    found = (passing(leaf, answers) for leaf in leaves(condition))
    over = [instant for instant in found if instant is not None and instant <= answers.event.instant]
    if not over:
        return message
    dated = Text(ja="{message}（{date} から）", en="{message} (since {date})")
    return dated.filled(message=message, date=shown(min(over), zone))
