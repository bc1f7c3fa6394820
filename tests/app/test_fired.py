"""Tellings of alerts become alerts: as if each were compared with all, and quickly where thousands have one name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from ledger.app.review import fired
from ledger.app.review.fired import Begun, Fired, Telling, merged
from ledger.app.review.parts import Point

T0 = datetime(2026, 11, 23, 3, 14, 7, tzinfo=UTC)
LABELS = st.fixed_dictionaries(
    {"alertname": st.sampled_from("AB")}, optional={name: st.sampled_from("12") for name in ("node", "env", "zone")}
)


def telling(labels, start, end, field="timestamp", entry=1):
    def at(seconds):
        return T0 + timedelta(seconds=seconds)

    return Telling(labels, Point(entry, "active_at", at(start)), Point(entry, field, at(end)), f"a{entry}", False)


@st.composite
def tellings(draw):
    found = []
    for entry in range(draw(st.integers(0, 12))):
        start = draw(st.integers(0, 20))
        field = draw(st.sampled_from(["timestamp", "last_seen"]))
        found.append(telling(draw(LABELS), start, start + draw(st.integers(0, 8)), field, entry))
    return found


class All(fired._Known):
    """Who compares each telling with every alert of its name."""

    def __init__(self, shapes):
        super().__init__(shapes)
        self.all = []

    def add(self, alert):
        self.all.append(alert)

    def find(self, told):
        return next((one for one in self.all if fired._same(one, told)), None)


@given(tellings())
def test_it_comes_to_what_comparing_each_with_all_comes_to(told):
    found = merged(told)
    known = fired._Known
    fired._Known = All
    try:
        assert merged(told) == found
    finally:
        fired._Known = known


@given(tellings())
def test_when_it_was_active_anew_is_the_first_start_after_its_end(told):
    found = merged(told)
    begun = Begun(found)
    for one in found:
        later = [two.start.at for two in found if two.labels == one.labels and two.start.at > one.end.at]
        assert [point.at for point in begun.after(one)] == sorted(later)[:1]


def test_thousands_of_one_name_are_not_compared_with_each_other(monkeypatch):
    compared = []
    same = fired._same
    monkeypatch.setattr(fired, "_same", lambda *pair: compared.append(1) or same(*pair))
    opening = [telling({"alertname": "A", "node": str(n)}, 0, 1) for n in range(2000)]
    watch = [telling({"alertname": "A", "node": str(n), "env": "prod"}, 0, 9, "last_seen", 2) for n in range(2000)]
    found = merged([*opening, *watch, telling({"alertname": "A"}, 30, 31)])
    assert len(found) == 2001 and all(isinstance(one, Fired) for one in found)
    assert len(compared) < 10 * 2000


def test_an_alert_that_comes_and_goes_is_not_compared_with_each_time_that_it_came(monkeypatch):
    compared = []
    same = fired._same
    monkeypatch.setattr(fired, "_same", lambda *pair: compared.append(1) or same(*pair))
    found = merged([telling({"alertname": "A"}, 9 * n, 9 * n + 1, "last_seen") for n in range(2000)])
    assert (len(found), compared) == (2000, [])
