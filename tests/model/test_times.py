"""Times are strict RFC 3339, in events and in facts alike."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from model.flows import changed, refused
from policyengine import Engine, Event
from policyengine.moment import instant, written

SECOND = 1_000_000
HOUR = 3600 * SECOND

VALID = {
    "1970-01-01T00:00:00Z": 0,
    "1970-01-01T00:00:00+00:00": 0,
    "1970-01-01T00:00:00-00:00": 0,
    "1970-01-01T09:00:00+09:00": 0,
    "1969-12-31T15:00:00-09:00": 0,
    "1970-01-01T00:00:01Z": SECOND,
    "1970-01-01T00:00:00.1Z": SECOND // 10,
    "1970-01-01T00:00:00.01Z": SECOND // 100,
    "1970-01-01T00:00:00.000001Z": 1,
    "1969-12-31T23:59:59.999999Z": -1,
    "1970-01-01T00:00:00.100000+00:00": SECOND // 10,
    "1970-01-01T23:59:59Z": 24 * HOUR - SECOND,
    "1970-01-01T23:59:00+23:59": 0,
    "1969-12-31T00:01:00-23:59": 0,
    "1970-01-01T05:30:00+05:30": 0,
    "1972-02-29T00:00:00Z": (2 * 365 + 31 + 28) * 24 * HOUR,
    "2000-02-29T00:00:00Z": None,
    "2024-02-29T00:00:00Z": None,
    "2400-02-29T00:00:00Z": None,
    "0001-01-01T00:00:00Z": None,
    "0001-01-01T00:00:00+23:59": None,
    "9999-12-31T23:59:59.999999-23:59": None,
    "0004-02-29T00:00:00Z": None,
}

INVALID = [
    *("", " ", "now", "0", "20261124T090000Z", "2026-11-24", "09:00:00Z"),
    *("2026-11-24T09:00:00", "2026-11-24T09:00:00+0900", "2026-11-24T09:00:00+09", "2026-11-24T09:00:00 +09:00"),
    *("2026-11-24 09:00:00Z", "2026-11-24t09:00:00Z", "2026-11-24T09:00:00z", "2026-11-24_09:00:00Z"),
    *(" 2026-11-24T09:00:00Z", "2026-11-24T09:00:00Z ", "2026-11-24T09:00:00Z\n", "2026-11-24T09:00:00Z\0"),
    *("2026-11-24T09:00Z", "2026-11-24T09Z", "2026-11-24TZ", "2026-11-24T9:00:00Z", "2026-1-24T09:00:00Z"),
    *("26-11-24T09:00:00Z", "02026-11-24T09:00:00Z", "+2026-11-24T09:00:00Z", "-2026-11-24T09:00:00Z"),
    *("2026-11-24T24:00:00Z", "2026-11-24T25:00:00Z", "2026-11-24T09:60:00Z", "2026-11-24T09:00:60Z"),
    *("2016-12-31T23:59:60Z", "2026-11-24T09:00:61Z", "2026-11-24T09:00:0Z", "2026-11-24T09:00:000Z"),
    *("2026-11-24T09:00:00.Z", "2026-11-24T09:00:00.1234567Z", "2026-11-24T09:00:00,5Z", "2026-11-24T09:00:00.5"),
    *(
        "2026-11-24T09:00:00+24:00",
        "2026-11-24T09:00:00-24:00",
        "2026-11-24T09:00:00+09:60",
        "2026-11-24T09:00:00+99:99",
    ),
    *("2026-11-24T09:00:00+09:00:00", "2026-11-24T09:00:00Z+09:00", "2026-11-24T09:00:00ZZ", "2026-11-24T09:00:00UTC"),
    *("2026-00-24T09:00:00Z", "2026-13-24T09:00:00Z", "2026-11-00T09:00:00Z", "2026-11-31T09:00:00Z"),
    *("2026-02-29T09:00:00Z", "1900-02-29T09:00:00Z", "2100-02-29T09:00:00Z", "2023-02-29T00:00:00Z"),
    *("2024-02-30T00:00:00Z", "2026-04-31T00:00:00Z", "2026-06-31T00:00:00Z", "2026-09-31T00:00:00Z"),
    *("0000-01-01T00:00:00Z", "0000-02-29T00:00:00Z", "10000-01-01T00:00:00Z"),
    *("２０２６-11-24T09:00:00Z", "2026-11-24T09:00:0٠Z", "2026－11－24T09:00:00Z", "2026-11-24T09:00:00−09:00"),
    *("2026-W48-2T09:00:00Z", "2026-328T09:00:00Z", "2026-11-24T09:00:00.5e1Z", "2026/11/24T09:00:00Z"),
]


@pytest.mark.parametrize(("time", "instant"), VALID.items())
def test_a_valid_time(time: str, instant: int | None) -> None:
    event = Event.from_mapping(changed({"time": time, "facts.0.from": time, "facts.0.until": time}))
    assert event.as_dict()["time"] == time
    assert instant is None or event.instant == instant
    assert (event.known[0].start, event.known[0].end) == (event.instant, event.instant)


@pytest.mark.parametrize("time", INVALID)
def test_an_invalid_time(engine: Engine, time: str) -> None:
    for field in ("time", "facts.0.from", "facts.0.until"):
        event = changed({field: time})
        (error,) = refused(engine, event).errors
        assert error.path == "$." + field.replace(".0", "[0]")
        assert "RFC 3339" in error.message.ja and "RFC 3339" in error.message.en
        assert refused(engine, json.dumps(event)) == refused(engine, event)


@given(st.datetimes(), st.integers(-(24 * 60) + 1, 24 * 60 - 1))
def test_law_python_s_own_times_are_read_as_they_are_meant(moment: datetime, minutes: int) -> None:
    aware = moment.replace(tzinfo=timezone(timedelta(minutes=minutes)))
    event = Event(**{**changed(), "time": aware})
    since = moment - datetime(1970, 1, 1) - timedelta(minutes=minutes)
    assert event.instant == since // timedelta(microseconds=1)


@given(st.datetimes())
def test_law_an_instant_is_written_as_what_it_is_read_from(moment: datetime) -> None:
    at = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert instant(written(at)) == at
    assert instant(written(at, "seconds")) == at - at % SECOND
    assert instant(written(at, "milliseconds")) == at - at % 1000
    assert written(at).endswith("Z") and len(written(at, "seconds")) == len("2026-11-24T09:00:00Z")
