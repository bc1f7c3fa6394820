"""The verdicts, as tables. Missing data is never a pass."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.domain import judge
from ledger.domain.facts import RuleSeen
from ledger.domain.state import Rollback

from . import facts
from .builders import T0
from .road import story_at

SECOND = timedelta(seconds=1)
CONTENT = b'{"action":"disable_multi_strategy"}'
FILE = facts.file_of(CONTENT)


@pytest.fixture(scope="module")
def watched() -> Rollback:
    return story_at("checked").rollback


@pytest.fixture(scope="module")
def removed() -> Rollback:
    return story_at("removed").rollback


@pytest.fixture(scope="module")
def cleared() -> Rollback:
    return story_at("cleared").rollback


FILES = {
    "as declared": (FILE, "pass", ""),
    "any plain file": (facts.file_of(b"{}"), "fail", "digest"),
    "absent": (facts.absent(), "fail", "is absent"),
    "a link": (replace(FILE, kind="link"), "fail", "is link"),
    "a folder": (replace(FILE, kind="folder"), "fail", "is folder"),
    "unreadable": (replace(FILE, kind="unreadable", error="EACCES"), "fail", "unreadable: EACCES"),
    "readable by the group": (replace(FILE, mode="0640"), "fail", "mode is 0640"),
    "setuid": (replace(FILE, mode="4600"), "fail", "mode is 4600"),
    "not JSON": (replace(FILE, content=b"{"), "fail", "not a JSON object"),
    "a list": (replace(FILE, content=b"[]"), "fail", "not a JSON object"),
    "not UTF-8": (replace(FILE, content=b"\xff{}"), "fail", "not a JSON object"),
    "nested without end": (replace(FILE, content=b"[" * 100_000), "fail", "not a JSON object"),
    "empty": (replace(FILE, content=b""), "fail", "not a JSON object"),
}


@pytest.mark.parametrize("name", FILES)
def test_step_1(name):
    file, verdict, sentence = FILES[name]
    judged = judge.judge_file(file, FILE.sha384)
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)
    assert bool(judged.reasons) == (verdict != "pass")


def test_an_adopted_file_may_have_any_digest():
    assert judge.judge_file(facts.file_of(b"{}"), "").verdict == "pass"


@pytest.mark.parametrize(
    ("status", "late", "verdict", "sentence"),
    [
        ("disabled", 1, "pass", ""),
        ("disabled", 0, "inconclusive", "before the override was written"),
        ("disabled", -1, "inconclusive", "before the override was written"),
        ("enabled", 1, "fail", "is enabled"),
        ("enabled", -1, "fail", "is enabled"),
        ("unknown", 1, "inconclusive", "no answer"),
    ],
)
def test_step_3(watched, status, late, verdict, sentence):
    seen = facts.scheduler(status, watched.override.written_at + late * SECOND, error="no answer")
    judged = judge.judge_stop(watched, seen)
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


def test_step_3_fails_where_nothing_was_written():
    judged = judge.judge_stop(story_at("confirmed").rollback, facts.scheduler("disabled"))
    assert judged.verdict == "fail"


def after(rollback: Rollback, **span: float):
    return rollback.override.written_at + timedelta(**span)


def unlabelled(active_at):
    """An alert as Prometheus has it where ``env`` is an external label."""
    return replace(facts.episode(active_at), labels=(("alertname", facts.PNL), ("severity", "critical")))


SICK = RuleSeen("MultiStrategyPnlDrawdown", "err", "inactive", T0, "many-to-many matching")
WATCHES = {
    "quiet": (lambda r: {}, "pass", ""),
    "a new critical alert": (lambda r: {"episodes": (facts.episode(after(r, minutes=1)),)}, "fail", "new critical"),
    "a new one only pending": (
        lambda r: {"episodes": (facts.episode(after(r, minutes=1), fired=False),)},
        "fail",
        facts.PNL,
    ),
    "in the very second of the stop": (
        lambda r: {"episodes": (facts.episode(after(r).replace(microsecond=0)),)},
        "fail",
        "new critical",
    ),
    "carried over": (lambda r: {"episodes": (facts.episode(after(r, minutes=-1)),)}, "pass", ""),
    "a new warning": (
        lambda r: {"episodes": (facts.episode(after(r, minutes=1), severity="warning"),)},
        "pass",
        "",
    ),
    "a critical one elsewhere": (
        lambda r: {"episodes": (facts.episode(after(r, minutes=1), env="test"),)},
        "inconclusive",
        "from elsewhere",
    ),
    "one without the label, which Prometheus adds on sending": (
        lambda r: {"episodes": (unlabelled(after(r, minutes=1)),)},
        "fail",
        "new critical alerts: MultiStrategyPnlDrawdown",
    ),
    "one without the label, carried over": (lambda r: {"episodes": (unlabelled(after(r, minutes=-1)),)}, "pass", ""),
    "a critical one of another name": (
        lambda r: {"episodes": (facts.episode(after(r, minutes=1), name="DiskFull"),)},
        "inconclusive",
        "DiskFull",
    ),
    "an old one elsewhere": (lambda r: {"episodes": (facts.episode(after(r, hours=-1), env="test"),)}, "pass", ""),
    "one that Prometheus carried across its own restart": (
        lambda r: {"episodes": (replace(facts.episode(after(r, minutes=1)), continues=after(r, minutes=-1)),)},
        "pass",
        "",
    ),
    "one that began between the stop and a restart": (
        lambda r: {"episodes": (replace(facts.episode(after(r, minutes=9)), continues=after(r, minutes=1)),)},
        "fail",
        "new critical",
    ),
    "critical ones of other teams": (
        lambda r: {"elsewhere": (("DiskFull", 12_000),)},
        "inconclusive",
        "from elsewhere: DiskFull (12000)",
    ),
    "a gap beside full counts": (
        lambda r: {"gaps": ((after(r), after(r, minutes=1)),)},
        "inconclusive",
        "61 of 61 samples, 1 gaps",
    ),
    "notes": (lambda r: {"notes": ("scraped every 15 s, by the samples of up",)}, "pass", ""),
    "a sample without Prometheus": (lambda r: {"up_samples": 60}, "inconclusive", "60 of 61 samples"),
    "a sample without evaluation": (lambda r: {"evaluated_samples": 60}, "inconclusive", "coverage"),
    "no samples": (lambda r: {"up_samples": 0, "evaluated_samples": 0}, "inconclusive", "0 of 61"),
    "a missing rule": (lambda r: {"missing_rules": ("MultiStrategyPnlDrawdown",)}, "inconclusive", "not loaded"),
    "a sick rule": (lambda r: {"rules": (SICK,)}, "inconclusive", "err: many-to-many"),
    "a rule never evaluated": (lambda r: {"rules": (replace(SICK, health="unknown"),)}, "inconclusive", "unknown"),
    "a warning": (lambda r: {"warnings": ("remote read failed",)}, "inconclusive", "remote read failed"),
    "a new alert and a gap": (
        lambda r: {"episodes": (facts.episode(after(r, minutes=1)),), "up_samples": 1},
        "fail",
        "coverage",
    ),
}


@pytest.mark.parametrize("name", WATCHES)
def test_step_4(name, watched):
    change, verdict, sentence = WATCHES[name]
    watch = facts.watch(after(watched), **change(watched))
    file = facts.file_of(b"", sha384=watched.override.sha384)
    judged, _, _ = judge.judge_watch(watched, watch, facts.scheduler("disabled"), file, (facts.ENV,))
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


@pytest.mark.parametrize(
    ("name", "verdict", "sentence"),
    [
        ("MomentumLatency", "fail", "new critical alerts: MomentumLatency"),
        (facts.PNL, "inconclusive", f"from elsewhere: {facts.PNL}"),
        ("Momentum", "inconclusive", "from elsewhere: Momentum"),
        ("OurMomentumLatency", "inconclusive", "from elsewhere"),
    ],
)
def test_step_4_is_judged_by_the_names_that_were_asked_for(watched, name, verdict, sentence):
    episodes = (facts.episode(after(watched, minutes=1), name=name),)
    watch = facts.watch(after(watched), episodes=episodes, pattern="Momentum.+")
    file = facts.file_of(b"", sha384=watched.override.sha384)
    judged, _, _ = judge.judge_watch(watched, watch, facts.scheduler("disabled"), file, (facts.ENV,))
    assert judged == (verdict, judged.reasons) and sentence in " ".join(judged.reasons)


def test_step_4_tells_new_from_carried_over(watched):
    episodes = (facts.episode(after(watched, minutes=1)), facts.episode(after(watched, minutes=-9), severity="warning"))
    watch = facts.watch(after(watched), episodes=episodes)
    _, new, carried = judge.judge_watch(watched, watch, facts.scheduler("disabled"), FILE, (facts.ENV,))
    assert (new, carried) == (episodes[:1], episodes[1:])


@pytest.mark.parametrize(
    ("status", "same", "verdict"),
    [
        ("disabled", True, "pass"),
        ("enabled", True, "fail"),
        ("unknown", True, "inconclusive"),
        ("disabled", False, "fail"),
        ("unknown", False, "fail"),
    ],
)
def test_step_4_needs_the_scheduler_stopped_and_the_file_unchanged(watched, status, same, verdict):
    file = facts.file_of(b"x") if not same else facts.file_of(b"", sha384=watched.override.sha384)
    watch = facts.watch(after(watched))
    assert judge.judge_watch(watched, watch, facts.scheduler(status), file, ())[0].verdict == verdict


RESTARTS = {
    "a cycle more": ("enabled", {"cycle": 42}, "pass"),
    "no cycle yet": ("enabled", {"cycle": 41}, "inconclusive"),
    "cycles unknown": ("enabled", {}, "inconclusive"),
    "counter began anew after the removal": ("enabled", {"cycle": 1, "since": 2}, "pass"),
    "counter began anew, no cycle yet": ("enabled", {"cycle": 0, "since": 2}, "inconclusive"),
    "counter lower, started long before": ("enabled", {"cycle": 7, "since": -600}, "inconclusive"),
    "counter lower, start unknown": ("enabled", {"cycle": 7}, "inconclusive"),
    "warnings": ("enabled", {"cycle": 42, "warnings": ("latency",)}, "fail"),
    "disabled": ("disabled", {"cycle": 42}, "fail"),
    "unknown": ("unknown", {"error": "refused"}, "inconclusive"),
}


@pytest.mark.parametrize("name", RESTARTS)
def test_the_restart(name, removed):
    status, fields, verdict = RESTARTS[name]
    at = removed.override.removed_at
    if "since" in fields:
        fields = fields | {"since": at + fields["since"] * SECOND}
    assert judge.judge_restart(removed, facts.scheduler(status, at + 9 * SECOND, **fields)).verdict == verdict


def test_a_restart_before_the_removal_is_none(watched):
    assert judge.judge_restart(watched, facts.scheduler("enabled", cycle=99)).verdict == "fail"


def test_the_gravest_finding_decides_and_all_reasons_are_kept():
    judged = judge.worst(("inconclusive", "a"), ("fail", "b"), ("error", ""), ("inconclusive", "c"))
    assert judged == ("fail", ("a", "b", "c"))
    assert judge.worst(("fail", ""), ("error", "")) == ("pass", ())


def test_a_hundred_reasons_are_shortened_and_counted():
    judged = judge.worst(*(("fail", f"reason {number}") for number in range(100)))
    assert len(judged.reasons) == 21 and judged.reasons[-1] == "and 80 more; the report has all"


def test_twenty_thousand_new_alerts_are_one_bounded_reason(watched):
    episodes = tuple(facts.episode(after(watched, minutes=1), name=f"MultiStrategy{n}") for n in range(20_000))
    watch = facts.watch(after(watched), episodes=episodes, warnings=tuple("w" * 5_000 for _ in range(50)))
    judged, new, _ = judge.judge_watch(watched, watch, facts.scheduler("disabled"), FILE, (facts.ENV,))
    assert judged.verdict == "fail"
    assert len(new) == 20_000
    assert "(+19990)" in judged.reasons[0]
    assert sum(len(reason.encode()) for reason in judged.reasons) < 32_768, "there is room for it in an entry"
