"""All that is asked of one policy: rules that never decide, words that nothing permits, dates, readings, silence."""

from __future__ import annotations

from collections.abc import Iterator

from policyengine.analysis.dead import dead_rules
from policyengine.analysis.study import Remark, Study
from policyengine.analysis.varying import date_gaps, escapes, idle_readings
from policyengine.analysis.words import look_alikes, never_permitted, unused


def analyzed(study: Study) -> Iterator[Remark]:
    """Yield all that is found in a policy, as it is found."""
    yield from dead_rules(study)
    yield from never_permitted(study)
    yield from unused(study)
    yield from look_alikes(study)
    yield from idle_readings(study)
    yield from date_gaps(study)
    yield from escapes(study)
