"""An alert that step 4 need not fail for: named by NOC, agreed to by a second person, a deviation."""

from __future__ import annotations

import pytest

from ledger.domain.duties.events import SecondEyesDoubted
from ledger.domain.evolve import evolve
from ledger.domain.people.commands import ChangeRoles
from ledger.domain.watching.commands import ExpectAlert
from ledger.domain.watching.events import AlertExpected
from ledger.errors import Corrupt, Refused

from . import facts
from .builders import Story, recorded
from .road import story_at, watch_finish, watch_start

ALERT = "MultiStrategyPnlDrawdown"


def naming(alert: str = ALERT) -> ExpectAlert:
    return ExpectAlert(alert=alert, reason="positions are closed by hand")


def judged(story: Story) -> str | None:
    """The verdict of a window in which the alert began to fire."""
    story.do("noc", watch_start(story))
    begun = facts.episode(story.now, ALERT)
    story.wait(minutes=15)
    watch = facts.watch(story.rollback.watch.started.starts_at, episodes=(begun,))
    story.do("noc", watch_finish(story, watch=watch))
    return story.rollback.steps[4].verdict


@pytest.fixture
def story() -> Story:
    return story_at("checked")


def test_the_watch_fails_for_an_alert_that_nobody_expects(story):
    assert judged(story) == "fail"


def test_one_person_alone_changes_no_verdict(story):
    story.do("noc", naming())
    assert judged(story) == "fail"


def test_two_people_do_and_it_is_to_be_reviewed(story):
    story.do("noc", naming())
    story.do("im", naming())
    assert story.rollback.expected == (ALERT,) and not story.rollback.expecting
    assert story.rollback.deviations[-1].why == f"expected alert {ALERT}"
    assert judged(story) == "pass"


def test_another_alert_still_fails(story):
    for who in ("noc", "im"):
        story.do(who, naming("MultiStrategySecondaryDelay"))
    assert judged(story) == "fail"


@pytest.mark.parametrize(
    ("who", "alert", "says"),
    [
        ("noc", ALERT, "a second person agrees"),
        ("auditor", ALERT, "this needs the role"),
        ("im", "HostDown", "no alert of the runbook"),
        ("im", "MultiStrategy", "no alert of the runbook"),
    ],
)
def test_it_is_refused(story, who, alert, says):
    story.do("noc", naming())
    with pytest.raises(Refused, match=says):
        story.do(who, naming(alert))


def test_the_proposal_is_the_watchs_role_to_make(story):
    with pytest.raises(Refused, match="this needs the role noc"):
        story.do("ops", naming())


def test_what_is_expected_is_not_named_again(story):
    for who in ("noc", "im"):
        story.do(who, naming())
    with pytest.raises(Refused, match="is expected already"):
        story.do("noc", naming())


def test_nothing_is_expected_where_nothing_is_stopped_or_the_step_passed():
    with pytest.raises(Refused, match="does not hold the scheduler"):
        story_at("confirmed").do("noc", naming())
    with pytest.raises(Refused, match="passed already"):
        story_at("watched").do("noc", naming())


def test_eyes_that_the_first_person_gave_are_doubted(story):
    story.do("admin", ChangeRoles(person="noc", grant=("admin",)))
    story.do("noc", ChangeRoles(person="ops", grant=("observability",)))
    story.do("noc", naming())
    assert any(isinstance(one, SecondEyesDoubted) for one in story.do("ops", naming()))


def test_a_replay_takes_no_agreement_of_the_same_person_or_to_nothing(story):
    story.do("noc", naming())
    proposal = story.state.sequence
    for who, event in (
        ("noc", AlertExpected(alert=ALERT, proposal=proposal, reason="x")),
        ("im", AlertExpected(alert=ALERT, proposal=proposal - 1, reason="x")),
        ("im", AlertExpected(alert="MultiStrategySecondaryDelay", proposal=proposal, reason="x")),
    ):
        request = story.request(who, naming(), story.rollback.id)
        with pytest.raises(Corrupt):
            evolve(story.state, recorded(story.state, request, event, story.rollback.id, "noc"))
