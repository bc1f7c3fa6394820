"""The verdicts of steps 2 and 5, by the word of every member of the Alertmanager cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from ledger.domain.facts import AlertCount, Matcher, MemberSeen, Muting, PrometheusSeen, Unread
from ledger.domain.judge_silences import holds_back, judge_restore, judge_silence
from ledger.domain.state import BorneSilence, Rollback

from . import facts
from .builders import INC, T0
from .road import OTHER, story_at

CALM = facts.calm()
FILE = facts.file_of(b'{"action":"disable_multi_strategy"}')


@pytest.fixture(scope="module")
def watched() -> Rollback:
    return story_at("checked").rollback


@pytest.fixture(scope="module")
def cleared() -> Rollback:
    return story_at("cleared").rollback


def judged_2(rollback: Rollback, *members: MemberSeen, prometheus: PrometheusSeen | None = CALM):
    return judge_silence(rollback, members, prometheus, (facts.ENV,), T0)


OURS = facts.silence()
LOUD = facts.alert(by=())
SILENCES = {
    "in order": (OURS, (facts.alert(),), "pass", ""),
    "nothing fires": (OURS, (), "pass", ""),
    "not there": (None, (), "fail", "has no silence s-1"),
    "expired": (replace(OURS, state="expired"), (), "fail", "is expired"),
    "pending": (replace(OURS, state="pending"), (), "fail", "is pending"),
    "ended": (replace(OURS, ends_at=T0), (), "fail", "ended at"),
    "no installation label": (replace(OURS, matchers=facts.MATCHERS[:1]), (), "fail", "beyond this installation"),
    "another environment": (
        replace(OURS, matchers=(facts.MATCHERS[0], Matcher("env", "test"))),
        (),
        "fail",
        'it lacks env="prod"',
    ),
    "regex instead of equality": (
        replace(OURS, matchers=(facts.MATCHERS[0], Matcher("env", "prod", is_regex=True))),
        (),
        "fail",
        "matchers: asked for",
    ),
    "one matcher more": (
        replace(OURS, matchers=(*facts.MATCHERS, Matcher("severity", "warning"))),
        (),
        "fail",
        "found",
    ),
    "one alert is loud": (OURS, (facts.alert(), LOUD), "fail", f"not suppressed: {facts.PNL}"),
    "suppressed by another silence": (OURS, (facts.alert(by=("s-2",)),), "fail", "not suppressed"),
    "by ours and another": (OURS, (facts.alert(by=("s-2", "s-1")),), "pass", ""),
    "a loud one elsewhere": (OURS, (facts.alert(), facts.alert(env="test", by=())), "pass", ""),
    "a loud one elsewhere, and none here": (
        OURS,
        (facts.alert(env="test", by=()),),
        "inconclusive",
        'env="test" is there, and env="prod" is asked for',
    ),
    "a loud one without label, and none here": (
        OURS,
        (replace(LOUD, labels=(("alertname", facts.PNL),)),),
        "inconclusive",
        "none of them is of this installation",
    ),
    "another alert": (OURS, (replace(LOUD, name="DiskFull"),), "pass", ""),
    "the observer's own alert": (OURS, (replace(LOUD, name="Stage4ObserverDead"),), "pass", ""),
    "a name that only contains ours": (OURS, (replace(LOUD, name="xMultiStrategyPnl"),), "pass", ""),
}


@pytest.mark.parametrize("name", SILENCES)
def test_step_2(name, watched):
    silence, firing, verdict, sentence = SILENCES[name]
    told = judged_2(watched, facts.member(silence, firing))
    assert told.judged.verdict == verdict and sentence in " ".join(told.judged.reasons)


def test_step_2_is_judged_by_the_names_that_were_asked_for(watched):
    def told(*firing):
        return judged_2(watched, facts.member(OURS, firing, pattern="Momentum.+"))

    loud = told(facts.alert("MomentumLatency", by=()))
    assert loud.judged.verdict == "fail" and "not suppressed: MomentumLatency" in " ".join(loud.judged.reasons)
    assert (told(facts.alert("MomentumLatency")).judged.verdict, told(facts.alert()).firing) == ("pass", 0)


def test_step_2_counts_what_fires_here_and_what_is_suppressed(watched):
    firing = (facts.alert(), replace(LOUD, labels=(*LOUD.labels, ("schedule", "b"))), facts.alert(env="test", by=()))
    told = judged_2(watched, facts.member(OURS, firing))
    assert (told.firing, told.suppressed, told.answered) == (2, 1, 1)


WELL = facts.member(OURS, (facts.alert(),))
SECOND = {
    "the same": (facts.member(OURS, (facts.alert(),)), "pass", ""),
    "no silence there": (facts.member(None, (LOUD,)), "fail", "http://am-2 has no silence s-1"),
    "an alert is loud there": (facts.member(OURS, (LOUD,)), "fail", "http://am-2: not suppressed"),
    "expired there": (facts.member(replace(OURS, state="expired")), "fail", "http://am-2: the silence is expired"),
    "no answer": (facts.member(silences=None, firing=None, error="am-2 is frozen"), "inconclusive", "am-2 is frozen"),
    "no alerts": (facts.member(OURS, firing=None, error="am-2: 500"), "inconclusive", "am-2: 500"),
    "an active item cannot be read": (
        facts.member(OURS, unread=(Unread("the silence s-9", True, "", "matchers"),)),
        "inconclusive",
        "the silence s-9 cannot be read",
    ),
    "an expired item cannot be read": (
        facts.member(OURS, unread=(Unread("the silence s-9", False, "", "matchers"),)),
        "pass",
        "",
    ),
}


@pytest.mark.parametrize("name", SECOND)
@pytest.mark.parametrize("first", [True, False])
def test_one_member_of_two_decides(name, first, watched):
    seen, verdict, sentence = SECOND[name]
    seen = replace(seen, name="http://am-2")
    told = judged_2(watched, *((seen, WELL) if first else (WELL, seen)))
    assert told.judged.verdict == verdict and sentence in " ".join(told.judged.reasons)
    assert len(told.lines) == 2


def test_a_member_that_is_ahead_ends_the_silence_by_its_own_clock(watched):
    ends = replace(OURS, ends_at=T0 + timedelta(seconds=30))
    assert judged_2(watched, facts.member(ends, (facts.alert(),), ahead=31.0)).judged.verdict == "fail"
    told = judged_2(watched, facts.member(ends, (facts.alert(),), ahead=10.0))
    assert told.judged.verdict == "pass" and told.ends_at == T0 + timedelta(seconds=20)


def test_without_a_member_nothing_is_known(watched):
    assert judged_2(watched).judged.verdict == "inconclusive"


@pytest.mark.parametrize(
    ("prometheus", "verdict", "sentence"),
    [
        (facts.calm(), "pass", ""),
        (PrometheusSeen((AlertCount(facts.PNL, "critical", "pending", 2),)), "pass", ""),
        (PrometheusSeen((AlertCount(facts.PNL, "critical", "firing", 2),)), "inconclusive", "2 Stage4 alerts fire in"),
        (PrometheusSeen(None, "refused"), "inconclusive", "is not known: refused"),
        (None, "inconclusive", "it was not asked"),
    ],
)
def test_nothing_to_suppress_is_a_pass_only_where_nothing_fires_anywhere(watched, prometheus, verdict, sentence):
    told = judged_2(watched, facts.member(OURS), prometheus=prometheus)
    assert told.judged.verdict == verdict and sentence in " ".join(told.judged.reasons)


GONE, ENABLED, EXPIRED = facts.absent(), facts.scheduler("enabled"), facts.silence(state="expired")
RESTORES = {
    "in order": (GONE, ENABLED, EXPIRED, "pass", ""),
    "silence forgotten by Alertmanager": (GONE, ENABLED, None, "pass", ""),
    "the file is back": (FILE, ENABLED, EXPIRED, "fail", "there again: file"),
    "a link is there": (replace(FILE, kind="link"), ENABLED, EXPIRED, "fail", "there again: link"),
    "nobody knows whether the file is there": (
        replace(FILE, kind="unreadable"),
        ENABLED,
        EXPIRED,
        "fail",
        "unreadable",
    ),
    "disabled": (GONE, facts.scheduler("disabled"), EXPIRED, "fail", "is disabled"),
    "unknown": (GONE, facts.scheduler("unknown", error="refused"), EXPIRED, "inconclusive", "refused"),
    "warnings": (GONE, replace(ENABLED, warnings=("latency",)), EXPIRED, "fail", "latency"),
    "the silence is active": (GONE, ENABLED, facts.silence(), "fail", "s-1 is active"),
}


@pytest.mark.parametrize("name", RESTORES)
def test_step_5(name, cleared):
    file, scheduler, silence, verdict, sentence = RESTORES[name]
    judged = judge_restore(cleared, file, scheduler, (facts.member(silence),), ())
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


@pytest.mark.parametrize(
    ("place", "sentence"),
    [("removed", "restart was not confirmed"), ("restarted", "s-1 has not ended"), ("unsilenced", "all-clear")],
)
def test_step_5_owes_restart_silence_and_all_clear(place, sentence):
    judged = judge_restore(story_at(place).rollback, GONE, ENABLED, (facts.member(EXPIRED),), ())
    assert judged.verdict == "fail" and sentence in " ".join(judged.reasons)


def test_a_rollback_that_never_stopped_owes_neither_restart_nor_all_clear():
    assert judge_restore(story_at("confirmed").rollback, GONE, ENABLED, (), ()).verdict == "pass"


SILENT = facts.member(silences=None, firing=None, name="http://am-2", error="am-2 is frozen")


@pytest.mark.parametrize(
    ("second", "verdict", "sentence"),
    [
        (facts.member(facts.silence(), name="http://am-2"), "fail", "http://am-2: the silence s-1 is active"),
        (SILENT, "inconclusive", "am-2 is frozen"),
        (facts.member(EXPIRED, name="http://am-2"), "pass", ""),
    ],
)
def test_step_5_asks_every_member(cleared, second, verdict, sentence):
    judged = judge_restore(cleared, GONE, ENABLED, (facts.member(EXPIRED), second), ())
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


def mutes(owner: str = "", *, surplus: bool = False, hours: int = 1) -> Muting:
    seen = facts.silence(id="s-2", created_by="mallory", ends_at=T0 + timedelta(hours=hours))
    return Muting(seen, ("http://am-1",), ("MultiStrategyPnlDrawdown",), owner, surplus)


OTHERS = {
    "somebody else's": (mutes(), "fail", "the silence s-2 made by mallory mutes Stage4 alerts"),
    "a second one of its own": (mutes(INC, surplus=True), "fail", f"the silence s-2 of {INC} is active too"),
    "that of another rollback": (mutes(OTHER), "pass", ""),
}


@pytest.mark.parametrize("name", OTHERS)
def test_step_5_passes_only_where_no_other_silence_mutes(name, cleared):
    muting, verdict, sentence = OTHERS[name]
    judged = judge_restore(cleared, GONE, ENABLED, (facts.member(EXPIRED),), (muting,))
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


def test_an_accepted_silence_is_borne_until_the_end_that_was_accepted(cleared):
    borne = cleared._replace(borne=(BorneSilence("s-2", T0 + timedelta(hours=1), 40),))
    assert not holds_back(borne, (mutes(),))
    assert holds_back(borne, (mutes(hours=2),))
    assert holds_back(borne, (mutes(INC, surplus=True),))
