"""Durations on the calendar of a time zone, a step at a time."""

from __future__ import annotations

import calendar
import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo


def plus(since: datetime, duration: str, zone: str) -> datetime:
    """Return when a duration of ISO 8601 has passed: months on the calendar, then days, then hours on a stop watch."""
    day, _, time = duration.removeprefix("P").partition("T")
    numbers = {unit: int(number) for number, unit in re.findall(r"([0-9]+)([YMWD])", day)}
    hours = {unit: int(number) for number, unit in re.findall(r"([0-9]+)([HMS])", time)}
    here = since.astimezone(ZoneInfo(zone))
    wall = here.replace(tzinfo=None, fold=0)
    for _ in range(12 * numbers.get("Y", 0) + numbers.get("M", 0)):
        wall = wall.replace(year=wall.year + wall.month // 12, month=wall.month % 12 + 1, day=1)
    if wall.replace(day=1) != here.replace(tzinfo=None, fold=0).replace(day=1):
        wall = wall.replace(day=min(here.day, calendar.monthrange(wall.year, wall.month)[1]))
    for _ in range(7 * numbers.get("W", 0) + numbers.get("D", 0)):
        wall += timedelta(days=1)
    # Where neither months nor days have passed, the hour is the very one that it was, which may come twice.
    there = wall.replace(tzinfo=ZoneInfo(zone)).astimezone(UTC) if numbers else since.astimezone(UTC)
    return there + timedelta(hours=hours.get("H", 0), minutes=hours.get("M", 0), seconds=hours.get("S", 0))
