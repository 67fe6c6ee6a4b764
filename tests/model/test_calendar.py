"""Durations on the calendar of a time zone, held against a slow reference that takes a step at a time."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from policyengine.calendar import DURATION_PATTERN, PLAIN_ZONE, Lapse, hour, lapse, midnight, shown, zones
from policyengine.moment import instant
from reference_open.times import plus

ZONES = ("UTC", "Asia/Tokyo", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
TIMES = st.datetimes(datetime(1990, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC)) | st.sampled_from(
    [
        datetime(2024, 1, 31, 12, tzinfo=UTC),
        datetime(2024, 2, 29, tzinfo=UTC),
        datetime(2026, 3, 28, 1, 30, tzinfo=UTC),
        datetime(2026, 10, 24, 0, 30, tzinfo=UTC),
        datetime(2026, 10, 25, 1, 30, tzinfo=UTC),
        datetime(2026, 3, 7, 7, 30, tzinfo=UTC),
        datetime(2026, 11, 1, 5, 30, tzinfo=UTC),
    ]
)


@st.composite
def durations(draw: st.DrawFn) -> str:
    def part(most: int, unit: str) -> str:
        return f"{draw(st.integers(0, most))}{unit}" if draw(st.booleans()) else ""

    day = "".join(part(most, unit) for most, unit in ((3, "Y"), (30, "M"), (5, "W"), (40, "D")))
    time = "".join(part(most, unit) for most, unit in ((60, "H"), (90, "M"), (90, "S")))
    found = f"P{day}" + (f"T{time}" if time else "")
    assume(re.search(DURATION_PATTERN, found))
    return found


def since_epoch(time: datetime) -> int:
    return (time - EPOCH) // timedelta(microseconds=1)


@given(TIMES, durations(), st.sampled_from(ZONES))
def test_a_sum_is_what_a_step_at_a_time_comes_to(time: datetime, duration: str, zone: str) -> None:
    assert lapse(duration, zone).after(since_epoch(time)) == since_epoch(plus(time, duration, zone))


@given(TIMES, durations(), st.sampled_from(ZONES))
def test_a_sum_is_within_what_the_duration_takes_at_least_and_at_most(time: datetime, duration: str, zone: str) -> None:
    counted = lapse(duration, zone)
    took = counted.after(since_epoch(time)) - since_epoch(time)
    assert counted.shortest <= took <= counted.longest


@given(durations())
def test_a_duration_is_written_as_it_is_read(duration: str) -> None:
    counted = lapse(duration, "Asia/Tokyo")
    assert lapse(str(counted), "Asia/Tokyo") == counted
    assert re.search(DURATION_PATTERN, str(counted))


@given(TIMES, st.sampled_from(ZONES))
def test_the_hour_of_the_week_is_that_of_the_clock_there(time: datetime, zone: str) -> None:
    there = time.astimezone(ZoneInfo(zone))
    assert hour(since_epoch(time), zone) == (there.weekday(), there.hour * 60 + there.minute)


@pytest.mark.parametrize(
    ("time", "duration", "zone", "expected"),
    [
        ("2024-01-31T00:00:00+09:00", "P1M", "Asia/Tokyo", "2024-02-29T00:00:00+09:00"),
        ("2024-02-29T00:00:00+09:00", "P1Y", "Asia/Tokyo", "2025-02-28T00:00:00+09:00"),
        ("2023-01-31T12:00:00+01:00", "P1M1D", "Europe/Berlin", "2023-03-01T12:00:00+01:00"),
        ("2026-03-28T02:30:00+01:00", "P1D", "Europe/Berlin", "2026-03-29T03:30:00+02:00"),
        ("2026-03-28T02:30:00+01:00", "PT24H", "Europe/Berlin", "2026-03-29T03:30:00+02:00"),
        ("2026-03-28T12:00:00+01:00", "P1D", "Europe/Berlin", "2026-03-29T12:00:00+02:00"),
        ("2026-03-28T12:00:00+01:00", "PT24H", "Europe/Berlin", "2026-03-29T13:00:00+02:00"),
        ("2026-10-24T02:30:00+02:00", "P1D", "Europe/Berlin", "2026-10-25T02:30:00+02:00"),
    ],
)
def test_month_ends_leap_days_and_changes_of_the_clock(time: str, duration: str, zone: str, expected: str) -> None:
    assert shown(lapse(duration, zone).after(instant(time)), zone) == expected


@pytest.mark.parametrize("time", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59.999999-12:00"])
@pytest.mark.parametrize("zone", ZONES)
def test_there_is_no_time_of_an_event_to_which_nothing_can_be_added(time: str, zone: str) -> None:
    for duration in ("P999Y", "P9999M", "P99999D", "PT1S"):
        assert lapse(duration, zone).after(instant(time)) > instant(time)


def test_a_duration_of_hours_is_as_long_everywhere() -> None:
    assert lapse("PT36H", "Asia/Tokyo") == Lapse(0, 0, 36 * 3_600_000_000, PLAIN_ZONE)
    assert lapse("P12M", "Asia/Tokyo") == lapse("P1Y", "Asia/Tokyo") != lapse("P1Y", "UTC")


def test_a_day_begins_at_midnight_there() -> None:
    assert midnight("2026-11-24", "Asia/Tokyo") == instant("2026-11-23T15:00:00Z")
    assert {"Asia/Tokyo", "UTC", "Europe/Berlin"} <= zones()
