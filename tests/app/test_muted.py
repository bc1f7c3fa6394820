"""Whether alerts are muted goes by every member's own word, and never by what the ledger asked for."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledger.adapters.alertmanager import Alertmanager
from ledger.app.doctor.alertmanager import _mutes
from ledger.app.doctor.check import Check
from ledger.app.installation import Installation
from ledger.app.reading.muted import how_muted
from ledger.app.reading.queries import silence_drift
from ledger.app.reading.status import status_json
from ledger.domain.facts import AlertSeen, Matcher, MemberSeen, Muting, SilenceSeen

from .builders import INC, adopting_silence, do

NOW = datetime(2026, 11, 23, 7, 36, tzinfo=UTC)
ENV = (Matcher("env", "lab"),)
OWN_END, LATER = NOW + timedelta(hours=2), NOW + timedelta(hours=9)


def silence(name: str, ends_at: datetime, by: str = "p-1", at: datetime = NOW) -> SilenceSeen:
    return SilenceSeen(name, "active", (Matcher("team", "trading-ops"),), at, ends_at, by, "", at)


def alert(name: str, *by: str) -> AlertSeen:
    labels = (("alertname", f"MultiStrategy{name}"), ("env", "lab"), ("severity", "critical"))
    return AlertSeen(f"MultiStrategy{name}", labels, "firing", NOW, by)


def member(name: str, *silences: SilenceSeen, firing: tuple[AlertSeen, ...] = (), error: str = "") -> MemberSeen:
    if error:
        return MemberSeen(name, NOW, error=error)
    return MemberSeen(name, NOW, silences, firing)


def own(ends_at: datetime = OWN_END, *members: str) -> Muting:
    return Muting(silence("own", ends_at), members or ("A",), owner="INC-1")


def foreign(ends_at: datetime = LATER, *members: str, mutes: bool = False) -> Muting:
    return Muting(silence("theirs", ends_at, "mallory"), members or ("A",), ("Latency",) if mutes else ())


UNLABELLED = (("alertname", "MultiStrategyLatency"), ("severity", "critical"))
OURS, THEIRS = own().silence, foreign().silence
CASES = {
    "nobody mutes": ([member("A", firing=(alert("Latency"),))], [], "not", "Alerts are not muted."),
    "our own silence": ([member("A", OURS)], [own()], "muted", "Alerts muted until 09:36 UTC."),
    "ours, and one that goes on and may mute some": (
        [member("A", OURS, THEIRS)],
        [foreign(), own()],
        "muted",
        "Alerts muted until 09:36 UTC, some until 16:36 UTC (mallory, INC-1).",
    ),
    "ours, and one that mutes all that fire for longer": (
        [member("A", OURS, THEIRS, firing=(alert("Latency", "own", "theirs"),))],
        [foreign(mutes=True), own()],
        "muted",
        "Alerts muted until 16:36 UTC (mallory, INC-1).",
    ),
    "ours has ended and a foreign one mutes all": (
        [member("A", THEIRS, firing=(alert("Latency", "theirs"), alert("Risk", "theirs")))],
        [foreign(mutes=True)],
        "muted",
        "Alerts muted until 16:36 UTC (mallory).",
    ),
    "a foreign one mutes some": (
        [member("A", THEIRS, firing=(alert("Latency", "theirs"), alert("Risk")))],
        [foreign(mutes=True)],
        "partly",
        "Not all alerts are muted: 1 of those that fire are not, at A; others are until 16:36 UTC (mallory).",
    ),
    "a foreign one can mute and does not": (
        [member("A", THEIRS, firing=(alert("Latency"),))],
        [foreign()],
        "not",
        "Alerts are not muted; a silence can mute some until 16:36 UTC (mallory).",
    ),
    "one member lacks our silence": (
        [member("A", OURS), member("B")],
        [own()],
        "partly",
        "Not all alerts are muted: nothing mutes them at B; others are until 09:36 UTC.",
    ),
    "an alert is loud at the member that lacks it": (
        [member("A", OURS, firing=(alert("Latency", "own"),)), member("B", firing=(alert("Latency"),))],
        [own()],
        "partly",
        "Not all alerts are muted: 1 of those that fire are not, at B; others are until 09:36 UTC.",
    ),
    "one member does not answer": (
        [member("A", OURS), member("B", error="Alertmanager at B refused")],
        [own()],
        "not known",
        "Whether alerts are muted is not known of B. Elsewhere: Alerts muted until 09:36 UTC.",
    ),
    "a foreign one begins later": (
        [member("A", replace(THEIRS, state="pending"), firing=(alert("Latency"),))],
        [foreign()._replace(silence=replace(THEIRS, state="pending"))],
        "not",
        "Alerts are not muted.",
    ),
    "inhibited": (
        [member("A", firing=(replace(alert("Latency"), otherwise=("inhibited by the alert a",)),))],
        [],
        "muted",
        "Alerts are muted, and until when is not known.",
    ),
    "one that lacks our label, and may be ours": (
        [member("A", THEIRS, firing=(replace(alert("Latency", "theirs"), labels=UNLABELLED),))],
        [foreign(mutes=True)],
        "muted",
        "Alerts muted until 16:36 UTC (mallory).",
    ),
    "one of another installation": (
        [member("A", THEIRS, firing=(replace(alert("Latency"), labels=(*UNLABELLED, ("env", "prod"))),))],
        [],
        "not",
        "Alerts are not muted.",
    ),
    "nobody answers": (
        [member("A", error="Alertmanager at A refused")],
        [own()],
        "not known",
        "Whether alerts are muted is not known: Alertmanager at A refused.",
    ),
    "silenced by one that is in no list": (
        [member("A", firing=(alert("Latency", "gone"),))],
        [],
        "muted",
        "Alerts are muted, and until when is not known.",
    ),
}


@pytest.mark.parametrize(("members", "muting", "verdict", "sentence"), CASES.values(), ids=CASES)
def test_the_sentence_is_what_the_members_say(members, muting, verdict, sentence):
    found = how_muted(members, muting, ENV, NOW)
    assert (found.verdict, found.sentence) == (verdict, sentence)


def test_where_nobody_was_asked_it_is_not_known():
    found = how_muted((), (), ENV, NOW, "no alertmanager.url is configured in stage4.toml")
    assert found.verdict == "not known"
    assert "no alertmanager.url is configured" in found.sentence


def test_what_was_said_a_while_ago_is_not_known():
    found = how_muted([member("A", OURS)], [own()], ENV, NOW + timedelta(seconds=11))
    assert found.verdict == "not known"


def test_an_end_on_another_day_has_its_date():
    end = NOW + timedelta(hours=20)
    found = how_muted([member("A", own(end).silence)], [own(end)], ENV, NOW)
    assert found.sentence == "Alerts muted until 2026-11-24 03:36 UTC."


@pytest.fixture
def silenced(stopped: Installation) -> Installation:
    """A rollback with a silence ``s-1``, as the ledger knows it."""
    do(stopped, "observability", adopting_silence(stopped))
    return stopped


def says(monkeypatch: pytest.MonkeyPatch, *members: MemberSeen) -> None:
    monkeypatch.setattr(Alertmanager, "look", lambda _: members)


def test_status_says_which_member_lacks_the_silence(silenced: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    at = silenced.clock()
    has = replace(member("http://one", silence("s-1", at + timedelta(hours=2), at=at)), at=at)
    says(monkeypatch, has, replace(member("http://two"), at=at))
    page = status_json(silenced)
    assert page["silences"][0]["observed"] == "absent"
    assert [(one["name"], one["observed"]) for one in page["silences"][0]["members"]] == [
        ("http://one", "active"),
        ("http://two", "absent"),
    ]
    assert f"Alertmanager at http://two does not have the silence of {INC}" in page["drift"]
    assert page["muted"]["verdict"] == "partly"
    assert "at http://two" in page["muted"]["sentence"]


def test_status_does_not_call_active_what_one_member_did_not_say(
    silenced: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = silenced.clock()
    has = replace(member("http://one", silence("s-1", at + timedelta(hours=2), at=at)), at=at)
    says(monkeypatch, has, replace(member("http://two", error="http://two refused"), at=at))
    page = status_json(silenced)
    assert (page["silences"][0]["observed"], page["silences"][0]["error"]) == (None, "http://two refused")
    assert page["muted"]["verdict"] == "not known"
    assert not silence_drift(silenced.rollback(INC), ())


def test_doctor_names_the_member_that_lacks_the_silence_or_does_not_suppress(
    silenced: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = silenced.clock()
    own = silence("s-1", at + timedelta(hours=2), at=at)
    says(
        monkeypatch,
        replace(member("http://one", own), at=at),
        replace(member("http://two"), at=at),
        replace(member("http://three", own, firing=(alert("Latency"),)), at=at),
    )
    told = [check.found for check in _mutes_everywhere(silenced)]
    assert told == [
        f"Alertmanager at http://two does not have the silence of {INC}",
        f"the silence of {INC} does not suppress there: MultiStrategyLatency",
    ]


def _mutes_everywhere(installation: Installation) -> list[Check]:
    return [check for seen in installation.alertmanager.look() for check in _mutes(seen.name, seen, installation)]
