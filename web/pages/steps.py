"""The steps of a rollback as a page shows them: how each stands, whose turn it is and since when."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from ledger.app.acts import ACTS
from ledger.app.acts.act import Asking
from ledger.app.reading.outlook import Outlook
from ledger.app.words import mark
from ledger.domain.paper import paper_lines
from ledger.domain.rights import held_in
from ledger.domain.runbook import RUNBOOK_ROLES, STEPS, Step, StepRow
from ledger.domain.state import Evidence, Rollback, State, StepState
from ledger.errors import LedgerError
from ledger.said import Said
from web import situation
from web.i18n import gettext as _
from web.jobs import Job
from web.pages.offers import Offered
from web.site import site
from web.situation import Next
from web.standing import remark, trading
from web.truth import truth_now
from web.words import NOT_DONE, VERDICTS, Look

NEEDS: Final = {2: ("alertmanager",), 3: ("scheduler",), 4: ("prometheus",), 5: ("scheduler", "alertmanager")}
"""The sources that a step cannot be judged without."""
TURNS: Final = {
    "later": Look(mark("not yet"), "○", "quiet"),
    "waiting": Look(mark("waiting"), "…", "quiet"),
    "yours": Look(mark("yours"), "●", "yours"),
    "running": Look(mark("running"), "◐", "info"),
}
"""Steps that have no verdict, by whose turn it is."""
ROAD: Final = (
    mark("Confirm"),
    mark("Stop"),
    mark("Silence"),
    mark("Check"),
    mark("Watch"),
    mark("Restore"),
    mark("Finish"),
)
"""The steps where there is little room."""
_PENDING: Final = {"override": 1, "put_back": 1, "silence": 2, "silence_extend": 2, "removal": 5, "silence_end": 5}
"""What was asked of the outside, and the step that it is part of."""


NO_MORE: Final = Look("bad", "!", mark("passed, and does not hold now"))
"""The stop of a rollback while trading runs all the same."""


@dataclass(frozen=True)
class StepPage:
    """One step as the page shows it."""

    step: StepRow
    state: StepState
    main: tuple[Offered, ...]
    more: tuple[Offered, ...]
    evidence: tuple[Evidence, ...]
    paper: tuple[str, ...]
    turn: str
    """``yours``, ``running``, ``waiting``, ``done`` or ``later``."""
    look: Look
    current: bool
    """Whether the runbook wants it next."""
    jobs: tuple[Job, ...]
    first: bool = False
    """The one that stands open, before all others."""
    waits: str = ""
    """For whom it waits, as a sentence without its end; empty where it waits for nobody else."""
    holder: str = ""
    """The person who has that role now."""
    on_duty: Said | None = None
    """Who is on duty for it, by the schedule."""
    since: datetime | None = None
    silent: tuple[str, ...] = ()
    """What does not answer although this step needs it."""
    remarks: tuple[str, ...] = ()
    """What is seen now and is not as the step left it."""

    @property
    def ready(self) -> tuple[Offered, ...]:
        """Its own acts that this person may take now."""
        return tuple(offer for offer in self.main if offer.answer.yes)

    @property
    def blocked(self) -> tuple[Offered, ...]:
        """Its own acts that nobody may take as things are, whoever they are."""
        return tuple(offer for offer in self.main if not offer.answer.yes and not offer.answer.needs_role)

    @property
    def tone(self) -> str:
        """The class of its card."""
        if self.look.tone == "quiet":
            return "plain"
        return "bad" if self.remarks and self.look.tone == "good" else self.look.tone

    def opens(self, failed: str) -> bool:
        """Whether it is unfolded for who has not looked yet."""
        mine = any(offer.act.name == failed for offer in (*self.main, *self.more))
        wrong = bool(self.remarks) and (self.state.passed or self.current)
        return self.first or self.turn == "running" or wrong or mine


def pages(asking: Asking, offered: Sequence[Offered], jobs: Sequence[Job]) -> list[StepPage]:
    """All steps in the order in which they matter to this person, what is theirs to do first."""
    rollback, outlook, now = asking.rollback, asking.outlook, asking.at
    due = situation.next_of(rollback, outlook, now)
    order = {action.step: place for place, action in reversed([*enumerate(due)])}
    paper = paper_lines(rollback)
    found = []
    for step, state in zip(STEPS, rollback.steps, strict=True):
        mine = [offer for offer in offered if offer.act.step == step.number]
        main = tuple(offer for offer in mine if offer.act.main)
        turn = _turn(rollback, step.number, main, step.number in order, jobs)
        page = StepPage(
            step,
            state,
            main,
            tuple(offer for offer in mine if not offer.act.main),
            tuple(artefact for artefact in rollback.evidence if artefact.step == step.number),
            paper.get(step.number, ()),
            turn,
            look(rollback, step.number, turn),
            step.number in order,
            tuple(job for job in jobs if ACTS[job.act].step == step.number),
            silent=tuple(situation.silent(outlook, now, NEEDS.get(step.number, ()))) if step.number in order else (),
            remarks=tuple(_remarks(rollback, step.number, outlook, now)),
        )
        if turn == "waiting":
            action = due[order[step.number]]
            page = replace(
                page,
                waits=action.waits,
                holder=action.holder,
                on_duty=situation.on_duty(action.role),
                since=_since(rollback, step.number),
            )
        found.append(page)
    found.sort(key=lambda page: (_rank(page), order.get(page.step.number, page.step.number)))
    if found[0].turn in ("yours", "running", "waiting"):
        found[0] = replace(found[0], first=True)
    return found


def _rank(page: StepPage) -> int:
    if page.turn == "yours":  # others can help with the rest, but not confirm
        return 0 if page.current and page.step.number == Step.ANNOUNCE else 1 if page.current else 2
    return {"running": 3, "waiting": 4}.get(page.turn, 5)


def _turn(rollback: Rollback, number: int, main: Sequence[Offered], due: bool, jobs: Sequence[Job]) -> str:
    """Whose turn it is. A confirmation that is owed is its owner's also where the road has gone on without it."""
    if _runs(rollback, number, jobs):
        return "running"
    ready = any(offer.answer.yes for offer in main)
    if ready and (due or number == Step.ANNOUNCE):
        return "yours"
    if due:
        return "waiting"
    return "done" if rollback.steps[number].passed else "later"


def _runs(rollback: Rollback, number: int, jobs: Sequence[Job]) -> bool:
    """Whether its window runs, a press of it, or something that was asked of the outside."""
    if any(ACTS[job.act].step == number and not job.ended for job in jobs):
        return True
    if any(_PENDING[effect.kind] == number for effect in rollback.effects):
        return True
    return number == Step.WATCH and situation.running_watch(rollback, site().installation.clock()) is not None


def look(rollback: Rollback, number: int, turn: str) -> Look:
    """One word for a step: its verdict, or whose turn it is."""
    state = rollback.steps[number]
    if turn == "running":
        return TURNS["running"]
    if number == Step.DISABLE and state.passed and rollback.holds and truth_now().kind == "mismatch":
        return NO_MORE
    if state.shown:
        return VERDICTS[state.shown]
    return TURNS.get(turn, TURNS["later"]) if rollback.is_open else NOT_DONE


def road(state: State, rollback: Rollback, outlook: Outlook, now: datetime, person: str) -> list[Look]:
    """A word for each step in its order, as somebody sees it in a list: by their roles, without asking the rules."""
    due = {action.step: action for action in situation.next_of(rollback, outlook, now)}
    return [look(rollback, step, _turn_by_role(state, rollback, step, due.get(step), person)) for step in Step]


def _turn_by_role(state: State, rollback: Rollback, step: int, action: Next | None, person: str) -> str:
    if _runs(rollback, step, ()):
        return "running"
    if action is None:
        return "later"
    held = held_in(state, rollback, person)
    helps = rollback.emergency and 1 <= step <= 4 and held & frozenset(RUNBOOK_ROLES)
    return "yours" if action.role in held or helps else "waiting"


def _since(rollback: Rollback, number: int) -> datetime:
    """Since when a step is due: the step before it, the emergency, its own last attempt or its lapse."""
    state, moments = rollback.steps[number], [rollback.opened_at]
    if rollback.emergency and 1 <= number <= 4:
        moments += [one.at for one in rollback.deviations if one.entry == rollback.emergency]
    elif number == Step.RESTORE and not rollback.restoring:
        moments += [one.at for one in rollback.steps[1:5] if one.at]
    elif number:
        moments += [at for at in [rollback.steps[number - 1].at] if at and number != Step.RESTORE]
    moments += [state.at] if state.at else []
    moments += [rollback.override.gone_at] if number == Step.DISABLE and rollback.override.gone_at else []
    asked = (rollback.incident_ended or rollback.aborting or rollback.override.expired) if number == 5 else 0
    return max([*moments, *_moments({state.lapsed, asked} - {0})])


def _moments(entries: Collection[int]) -> list[datetime]:
    """When these entries were written; none where they cannot be had: the page does without."""
    try:
        return [record.at for record in site().installation.ledger.chosen(sorted(entries))]
    except LedgerError:
        return []


def _remarks(rollback: Rollback, number: int, outlook: Outlook, now: datetime) -> Iterator[str]:
    """Step 1: whether the override still stands; step 5: if not, whether trading runs; step 6: which alerts fire."""
    passed = rollback.steps[Step.DISABLE].passed
    if number in (Step.DISABLE, Step.RESTORE) and passed and (text := remark(rollback, outlook, now)):
        yield text if number == Step.DISABLE else trading(site().installation.state, outlook, now)
    if number == Step.COMPLETE and rollback.is_open and rollback.restarted_at is not None:
        firing = situation.critical(outlook) if outlook.fresh("prometheus", now) else None
        text = _("Whether critical alerts fire is not known.") if firing is None else situation.firing_words(firing)
        if text:
            yield text
