"""What people said of a rollback in their own words, and the few entries that tell it: a post-mortem's first page."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ledger.app.installation import Installation
from ledger.app.record.erasing import whole_text
from ledger.app.review.parts import FollowUp, Highlight, Span, Told, Words, seen, written
from ledger.app.review.times import CLOSES, Records, first, last, restart, stops
from ledger.domain.closing.events import AbortRequested, RollbackCompleted
from ledger.domain.duties.events import ConfirmationRefused, Reviewed
from ledger.domain.learning.events import FindingAdded, FollowUpAdded, FollowUpFinished
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.restoring.events import AllClearAnnounced, HoldReleased, IncidentEnded, OverrideRemovedOutside
from ledger.domain.silencing.events import SilenceAdopted, SilenceCreated, SilenceLost, SilenceRequested
from ledger.domain.stopping.events import StopChecked
from ledger.domain.watching.events import WatchFinished

MOST = 12
"""Lines of the short time line."""


def told(installation: Installation, own: Records, first_alert: Span | None) -> Told:
    """All of it, from the rollback's own entries; what people wrote in full."""

    def wrote(record: Recorded, text: str, kind: str = "", about: int = 0) -> Words:
        event = record.event
        whole = str(getattr(event, "text_sha384", "") or getattr(event, "reason_sha384", ""))
        text = whole_text(installation, whole, text)
        return Words(text, record.actor, record.role, written(record), kind, about, whole)

    ended = last(own, IncidentEnded) or last(own, AbortRequested)
    return Told(
        _stopper(own),
        ended and wrote(ended, str(getattr(ended.event, "note", "") or getattr(ended.event, "reason", ""))),
        tuple(
            wrote(record, record.event.text, record.event.finding, record.event.about)
            for record in own
            if isinstance(record.event, FindingAdded)
        ),
        tuple(_follow_ups(own, wrote)),
        tuple(wrote(record, record.event.text) for record in own if isinstance(record.event, Reviewed)),
        tuple(_highlights(own, first_alert)),
    )


def _stopper(own: Records) -> str:
    """Who asked for the override, which the ledger itself writes; of one that was made elsewhere, who adopted it."""
    asked = next((record for record in own if record.status in ("override_requested", *_TAKEN)), None)
    return asked.actor if asked and any(stops(record) for record in own) else ""


_TAKEN = ("override_adopted", "hold_joined", "stop_taken_in")


def _follow_ups(own: Records, wrote: Callable[..., Words]) -> Iterator[FollowUp]:
    ends = {
        record.event.follow_up: wrote(record, record.event.text)
        for record in own
        if isinstance(record.event, FollowUpFinished)
    }
    for record in own:
        event = record.event
        if isinstance(event, FollowUpAdded):
            what = wrote(record, event.text, about=event.about)
            yield FollowUp(what, event.assignee, event.due, ends.get(record.sequence))


def _highlights(own: Records, alert: Span | None) -> list[Highlight]:
    """What decides how it went, each kind once; where there is too much, what matters least is left out."""
    stop, back = next((record for record in own if stops(record)), None), restart(own)
    answer, asked = first(own, RollbackConfirmed, ConfirmationRefused), first(own, SilenceRequested)
    watched, silence = last(own, WatchFinished), first(own, SilenceCreated, SilenceAdopted)
    ended, aborted, close = last(own, IncidentEnded), last(own, AbortRequested), first(own, *CLOSES)
    released = back is not None and isinstance(back.event, HoldReleased)
    disabled = (
        record
        for record in own
        if isinstance(record.event, StopChecked) and record.event.scheduler_status == "disabled"
    )
    told: list[tuple[str, Recorded | None, str, str]] = [
        ("opened", first(own, RollbackOpened), "", ""),
        ("stopped", stop, _stopper(own), ""),
        ("confirmed_stop", next(disabled, None), "", ""),
        ("released" if released else "restored", back, "", ""),
        ("incident_ended", ended, "", _said(ended, "note")),
        ("abort_asked", aborted, "", _said(aborted, "reason")),
        ("emergency", first(own, EmergencyDeclared), "", ""),
        ("refused" if answer and isinstance(answer.event, ConfirmationRefused) else "confirmed", answer, "", ""),
        ("closed" if close and isinstance(close.event, RollbackCompleted) else "aborted", close, "", ""),
        ("watched", watched, "", _said(watched, "verdict")),
        ("muted", silence, asked.actor if asked else "", ""),
        ("reviewed", last(own, Reviewed), "", ""),
        ("removed_outside", first(own, OverrideRemovedOutside), "", ""),
        ("silence_lost", first(own, SilenceLost), "", ""),
        ("all_clear", last(own, AllClearAnnounced), "", ""),
    ]
    found = [Highlight(code, seen(record), by or record.actor, detail) for code, record, by, detail in told if record]
    if alert is not None:
        found.insert(0, Highlight("first_alert", alert.start, "", alert.label))
    return sorted(found[:MOST], key=lambda one: (one.point.at, one.point.entry))


def _said(record: Recorded | None, name: str) -> str:
    return str(getattr(record.event, name, "")) if record else ""
