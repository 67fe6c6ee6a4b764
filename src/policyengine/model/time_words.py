"""Times and durations in words."""

from __future__ import annotations

from typing import Final

from policyengine.calendar import Lapse, shown
from policyengine.model.condition import Acquired, Clock, During
from policyengine.moment import FOREVER
from policyengine.text import Text, listed, same

_UNITS: Final = {
    "year": (Text(ja="{n}年", en="{n} year"), Text(ja="{n}年", en="{n} years")),
    "month": (Text(ja="{n}か月", en="{n} month"), Text(ja="{n}か月", en="{n} months")),
    "day": (Text(ja="{n}日", en="{n} day"), Text(ja="{n}日", en="{n} days")),
    "hour": (Text(ja="{n}時間", en="{n} hour"), Text(ja="{n}時間", en="{n} hours")),
    "minute": (Text(ja="{n}分", en="{n} minute"), Text(ja="{n}分", en="{n} minutes")),
    "second": (Text(ja="{n}秒", en="{n} second"), Text(ja="{n}秒", en="{n} seconds")),
}
"""One of each unit, and several."""

_DAYS: Final = (
    Text(ja="月曜", en="Monday"),
    Text(ja="火曜", en="Tuesday"),
    Text(ja="水曜", en="Wednesday"),
    Text(ja="木曜", en="Thursday"),
    Text(ja="金曜", en="Friday"),
    Text(ja="土曜", en="Saturday"),
    Text(ja="日曜", en="Sunday"),
)

_WITHIN: Final = Text(ja="取得から{time}たっていない", en="the data were acquired less than {time} ago")
_PASSED: Final = Text(ja="取得から{time}以上たっている", en="the data were acquired {time} ago or longer")


def lasting(lapse: Lapse) -> Text:
    """Return how long something takes."""
    parts = [_UNITS[unit][number != 1].filled(n=number) for number, unit in lapse.parts]
    return Text(ja="".join(part.ja for part in parts), en=" and ".join(part.en for part in parts))


def span_in_words(leaf: During) -> Text:
    """Return a condition on the event's time as a phrase that is true where it is met."""
    if not leaf.spans:
        return Text(ja="ない", en="never")
    spans = listed((_span(start, end, leaf.zone) for start, end in leaf.spans), last=Text(ja="または", en="or"))
    return Text(ja="日時が{spans}", en="the time is {spans}").filled(spans=spans)


def clock_in_words(leaf: Clock) -> Text:
    """Return a condition on weekdays and hours as a phrase that is true where it is met."""
    days = listed((_DAYS[day] for day in sorted(leaf.days)), last=Text(ja="または", en="or"))
    hours = Text(ja="{since} 以後 {until} より前", en="from {since} to before {until}").filled(
        since=written_hour(leaf.since), until=written_hour(leaf.until)
    )
    if (leaf.since, leaf.until) == (0, 1440):
        return Text(ja="日時が{days}（{zone}）", en="it is {days} ({zone})").filled(days=days, zone=leaf.zone)
    if len(leaf.days) == len(_DAYS):
        return Text(ja="時刻が {hours}（{zone}）", en="it is {hours} ({zone})").filled(hours=hours, zone=leaf.zone)
    both = Text(ja="日時が{days}の {hours}（{zone}）", en="it is {days}, {hours} ({zone})")
    return both.filled(days=days, hours=hours, zone=leaf.zone)


def written_hour(minute: int) -> str:
    """Return a minute of the day as a clock shows it, such as ``09:00``."""
    return f"{minute // 60:02}:{minute % 60:02}"


def age_in_words(leaf: Acquired) -> Text:
    """Return a condition on the age of the data as a phrase that is true where it is met."""
    return (_PASSED if leaf.passed else _WITHIN).filled(time=lasting(leaf.within))


def _span(start: int, end: int, zone: str) -> Text:
    bounds = []
    if start > -FOREVER:
        bounds.append(Text(ja="{time} 以後", en="from {time} on").filled(time=shown(start, zone)))
    if end < FOREVER:
        bounds.append(Text(ja="{time} より前", en="before {time}").filled(time=shown(end, zone)))
    return listed(bounds, last=Text(ja="で", en="and")) if bounds else same("…")
