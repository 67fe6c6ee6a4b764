"""When the times for which conditions ask have passed, or will have."""

from __future__ import annotations

from policyengine.calendar import shown
from policyengine.decision.facts import Answers
from policyengine.model.condition import Acquired, Condition, Holds, leaves
from policyengine.text import Text


def passing(leaf: Condition, answers: Answers) -> int | None:
    """Return when the time has passed for which a leaf asks; None where it asks for none, or that is not known.

    Args:
        leaf: the leaf.
        answers: of the event.
    """
    match leaf:
        case Acquired(within):
            began = answers.event.acquired
        case Holds(within=within) if within is not None:
            began = answers.began(leaf)
        case _:
            return None
    return None if began is None else within.after(began)


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
