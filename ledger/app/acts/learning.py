"""What is written into a post-mortem by who reads it: contributing factors, lessons, follow-ups."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ledger.app.acts.act import Act, Asking, Field
from ledger.app.steps import learning
from ledger.app.words import mark
from ledger.domain.learning.commands import AddFinding, AddFollowUp, FinishFollowUp
from ledger.domain.learning.events import FindingAdded, FollowUpAdded, FollowUpFinished

_FINDINGS = {"contributing factor": mark("contributing factor"), "lesson": mark("lesson")}
_ABOUT = Field("about", mark("Entry that it is about"), "number")


def _people(asking: Asking) -> Mapping[str, str]:
    state = asking.installation.state
    able = [person for person in state.people if person not in state.deactivated]
    return {person: asking.names.get(person, person) for person in sorted(able)}


def _first(asking: Asking) -> str:
    return str(next(iter(asking.rollback.follow_ups), ""))


LEARNING = (
    Act(
        "add-finding",
        mark("Add a contributing factor or lesson"),
        lambda t: learning.add_finding(
            t.installation, t.press, t.rollback, t.values["finding"], t.values["text"], t.values["about"]
        ),
        lambda a: AddFinding(finding="lesson", text="…"),
        brings=FindingAdded,
        example='add-finding INC-2042 --finding lesson --text "the limit was too high" --about 17',
        decided=False,
        in_review=True,
        shows=lambda a: True,
        fields=(
            Field(
                "finding",
                mark("Factor or lesson"),
                "choice",
                required=True,
                among=tuple(_FINDINGS),
                options=lambda a: _FINDINGS,
            ),
            Field("text", mark("In a sentence"), "long", required=True),
            _ABOUT,
        ),
    ),
    Act(
        "add-follow-up",
        mark("Add a follow-up"),
        lambda t: learning.add_follow_up(
            t.installation,
            t.press,
            t.rollback,
            t.values["text"],
            t.values["assignee"],
            t.values["due"],
            t.values["about"],
        ),
        lambda a: AddFollowUp(text="…", assignee=a.actor.person, due=a.at + timedelta(days=3650)),
        brings=FollowUpAdded,
        example='add-follow-up INC-2042 --text "raise the limit" --assignee p-4f9c2 --due 2026-12-04T17:00:00Z',
        decided=False,
        in_review=True,
        shows=lambda a: True,
        fields=(
            Field("text", mark("What is to be done"), "long", required=True),
            Field("assignee", mark("Who does it"), "choice", required=True, options=_people, also=("owner",)),
            Field("due", mark("Due (UTC)"), "when", required=True),
            _ABOUT,
        ),
    ),
    Act(
        "finish-follow-up",
        mark("Finish a follow-up"),
        lambda t: learning.finish_follow_up(
            t.installation, t.press, t.rollback, t.values["follow_up"], t.values["text"]
        ),
        lambda a: FinishFollowUp(follow_up=next(iter(a.rollback.follow_ups), 0), text="…"),
        brings=FollowUpFinished,
        example='finish-follow-up INC-2042 --follow-up 41 --text "raised to 400 ms"',
        decided=False,
        in_review=True,
        shows=lambda a: bool(a.rollback.follow_ups),
        fields=(
            Field("follow_up", mark("Its entry"), "number", required=True, default=_first),
            Field("text", mark("What was done, or why it is not to be done any more"), "long", required=True),
        ),
    ),
)
