"""The verdicts of steps 2 and 5, by the word of every member of the Alertmanager cluster."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from ledger.domain.facts import AlertCount, Matcher, MemberSeen, Muting, PrometheusSeen, Unlisted, Unread
from ledger.domain.judge_silences import holds_back, judge_restore, judge_silence, muted_told
from ledger.domain.muting import hidden
from ledger.domain.observing.events import SilenceObserved
from ledger.domain.silencing.commands import AcceptSilence, ExtendSilence
from ledger.domain.state import BorneSilence, Rollback
from ledger.errors import Refused

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
LATENCY = "MultiStrategySchedulerLatencyCritical"
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
    "a loud one without label, beside ours": (
        OURS,
        (facts.alert(), replace(LOUD, name=LATENCY, labels=(("alertname", LATENCY), ("job", "stage4")))),
        "inconclusive",
        f"perhaps of this installation, for the label env is missing: {LATENCY}",
    ),
    "one without label that ours suppresses": (
        OURS,
        (facts.alert(), facts.alert(LATENCY, labels=(("alertname", LATENCY),))),
        "pass",
        "",
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


@pytest.mark.parametrize("ahead", [-30.0, 30.0])
def test_an_end_at_the_end_of_all_times_is_an_end(watched, ahead):
    ends = replace(OURS, ends_at=datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC))
    told = judged_2(watched, facts.member(ends, (facts.alert(),), ahead=ahead))
    assert told.judged.verdict == "pass" and told.ends_at.year == 9999


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


def lasting(*alerts):
    return PrometheusSeen((AlertCount(facts.PNL, "critical", "firing", len(alerts)),), lasting=alerts)


def bare(name=facts.PNL, **labels):
    """An alert as Prometheus has it, without what it adds on sending."""
    return facts.alert(name, labels=tuple(sorted({"alertname": name, "severity": "critical", **labels}.items())))


LASTING = {
    "what is listed": (lasting(bare()), "pass", ""),
    "what is listed, with a label that is dropped on the way": (lasting(bare(replica="a")), "pass", ""),
    "another name": (lasting(bare(), bare(LATENCY)), "inconclusive", f"who pages for it is not known: {LATENCY}"),
    "another value of a label that both have": (lasting(bare(severity="warning")), "inconclusive", facts.PNL),
    "another installation's": (lasting(bare(LATENCY, env="test")), "pass", ""),
    "another team's": (lasting(bare("DiskFull")), "pass", ""),
    "one that did not last": (PrometheusSeen((AlertCount(LATENCY, "critical", "firing", 1),)), "pass", ""),
    "no answer": (PrometheusSeen(None, "refused", None), "inconclusive", "Alertmanager lists is not known: refused"),
    "half an answer": (PrometheusSeen((), "too much", None), "inconclusive", "is not known: too much"),
    "no Prometheus": (PrometheusSeen(None, "none is configured", None, configured=False), "pass", ""),
}


@pytest.mark.parametrize("name", LASTING)
def test_what_lasts_in_prometheus_is_listed_by_a_member(name, watched):
    prometheus, verdict, sentence = LASTING[name]
    told = judged_2(watched, facts.member(OURS, (facts.alert(),)), prometheus=prometheus)
    assert told.judged.verdict == verdict and sentence in " ".join(told.judged.reasons)


def test_one_member_that_lists_it_is_enough(watched):
    second = facts.member(OURS, (facts.alert(LATENCY),), name="http://am-2")
    told = judged_2(watched, WELL, second, prometheus=lasting(bare(), bare(LATENCY)))
    assert told.judged.verdict == "pass"


def test_another_installations_alert_of_the_same_name_is_not_the_one(watched):
    theirs = facts.alert(LATENCY, env="test", by=())
    told = judged_2(watched, facts.member(OURS, (facts.alert(), theirs)), prometheus=lasting(bare(), bare(LATENCY)))
    assert told.judged.verdict == "inconclusive" and told.judged.reasons[0].endswith(f"is not known: {LATENCY}")


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


def mutes(owner: str = "", *, surplus: bool = False, hours: int = 1, state: str = "active") -> Muting:
    seen = facts.silence(id="s-2", state=state, created_by="mallory", ends_at=T0 + timedelta(hours=hours))
    return Muting(seen, ("http://am-1",), ("MultiStrategyPnlDrawdown",), owner, surplus)


OTHERS = {
    "somebody else's": (mutes(), "fail", "the silence s-2 made by mallory mutes Stage4 alerts"),
    "a second one of its own": (mutes(INC, surplus=True), "fail", f"the silence s-2 of {INC} is active too"),
    "that of another rollback": (mutes(OTHER), "pass", ""),
    "one that begins later": (mutes(state="pending"), "fail", f"from {T0:%Y-%m-%d %H:%M} UTC until"),
    "a second one that begins later": (mutes(INC, surplus=True, state="pending"), "fail", f"s-2 of {INC} begins at"),
    "that of another rollback, later": (mutes(OTHER, state="pending"), "pass", ""),
}


@pytest.mark.parametrize("name", OTHERS)
def test_step_5_passes_only_where_no_other_silence_mutes(name, cleared):
    muting, verdict, sentence = OTHERS[name]
    judged = judge_restore(cleared, GONE, ENABLED, (facts.member(EXPIRED),), (muting,))
    assert judged.verdict == verdict and sentence in " ".join(judged.reasons)


def test_an_accepted_silence_is_borne_until_the_end_that_was_accepted(cleared):
    borne = cleared._replace(borne=(BorneSilence("s-2", T0 + timedelta(hours=1), 40),))
    assert not holds_back(borne, (mutes(),)) and not holds_back(borne, (mutes(state="pending"),))
    assert holds_back(borne, (mutes(hours=2),))
    assert holds_back(borne, (mutes(INC, surplus=True),))


def test_what_begins_later_can_be_accepted_and_what_has_ended_cannot():
    story = story_at("unsilenced")
    accept = AcceptSilence(silence=mutes(state="pending").silence, name="s-2", reason="a release")
    with pytest.raises(Refused, match="s-2 is expired"):
        story.do("ops", replace(accept, silence=mutes(state="expired").silence))
    story.do("ops", accept)
    assert not holds_back(story.rollback, (mutes(state="pending"),))


def test_what_begins_later_is_told_with_its_start(cleared):
    [told] = muted_told(cleared, (mutes(state="pending"),))
    assert told.startswith(f"s-2 by mallory from {T0:%Y-%m-%d %H:%M} UTC until ")


UNLISTED = Unlisted("s-9", ("http://am-1",), (facts.PNL,))


def test_step_5_does_not_pass_on_a_silence_that_mutes_and_is_not_listed(cleared):
    judged = judge_restore(cleared, GONE, ENABLED, (facts.member(EXPIRED),), (), unlisted=(UNLISTED,))
    assert judged.verdict == "inconclusive" and "by the silence s-9 and does not list it" in judged.reasons[0]


@pytest.mark.parametrize(
    ("members", "muting", "unlisted", "verdict"),
    [
        ((facts.member(EXPIRED), SILENT), (), (), "inconclusive"),
        ((facts.member(EXPIRED),), (), (UNLISTED,), "inconclusive"),
        ((facts.member(EXPIRED),), (mutes(),), (UNLISTED,), "fail"),
        ((facts.member(EXPIRED),), (), (), "fail"),
    ],
)
def test_an_all_clear_that_is_withheld_as_nobody_knows_can_be_accepted(members, muting, unlisted, verdict):
    rollback = story_at("unsilenced").rollback
    judged = judge_restore(rollback, GONE, ENABLED, members, muting, unlisted=unlisted)
    assert judged.verdict == verdict and "the all-clear was not announced" in judged.reasons


def test_what_mutes_is_named_by_members_that_do_not_list_it():
    member = facts.member(facts.silence(id="s-2"), (facts.alert(by=("s-2", "s-9")), facts.alert(env="test", by=("x",))))
    assert [(one.id, one.members) for one in hidden((member,), (facts.ENV,))] == [("s-9", ("http://am-1",))]
    silent = replace(member, silences=None, error="500")
    assert hidden((silent,), (facts.ENV,)) == (), "it is in doubt as a whole"


def test_a_silence_that_somebody_set_to_the_end_of_all_times_is_not_extended_and_breaks_nothing():
    story = story_at("silenced")
    ends = datetime(9999, 12, 31, 23, 59, 59, tzinfo=UTC)
    story.saw(SilenceObserved(silence_id="s-1", found="active", ends_at=ends, seen_at=story.now))
    with pytest.raises(Refused, match="it may last until"):
        story.do("obs", ExtendSilence(seconds=60))


INHIBITED = Unlisted("", ("http://am-1",), (facts.PNL,), "inhibited by the alert 3f2a")


def test_step_5_does_not_pass_on_an_alert_that_something_else_than_a_silence_mutes(cleared):
    judged = judge_restore(cleared, GONE, ENABLED, (facts.member(EXPIRED),), (), unlisted=(INHIBITED,))
    assert judged.verdict == "inconclusive"
    assert f"nobody is paged for {facts.PNL}: inhibited by the alert 3f2a" in judged.reasons[0]
    assert muted_told(cleared, (), (INHIBITED,)) == ("inhibited by the alert 3f2a",)
