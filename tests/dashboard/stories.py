"""Rollbacks as they go: straight, given up, in an emergency, with a waiver, with things that happen outside."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta

from ledger.domain.closing.commands import Abort, Complete
from ledger.domain.duties.commands import Review, Waive
from ledger.domain.keeping.commands import AddNote
from ledger.domain.observing.events import ObservationGap, SchedulerObserved, SilenceObserved
from ledger.domain.opening.commands import Confirm, DeclareEmergency
from ledger.domain.silencing.commands import ExtendSilence, OweSilenceEnd
from ledger.domain.silencing.events import SilenceExtended, SilenceLost
from ledger.domain.stopping.commands import PutBack, RecordPutBack
from ledger.domain.watching.commands import StartWatch
from tests.domain import facts
from tests.domain.builders import INC, digest
from tests.domain.road import (
    OTHER,
    ROAD,
    created,
    opening,
    restore_check,
    scheduler_check,
    silence_check,
    silencing,
    vanished,
    watch_finish,
    watch_start,
)

from .story import Kept


def walk(story: Kept, start: str = "opened", end: str = "completed") -> Kept:
    """The straight road from one place to another."""
    names = list(ROAD)
    for name in names[names.index(start) : names.index(end) + 1]:
        ROAD[name](story)
    return story


def straight(story: Kept) -> None:
    """All steps, one after the other, seen by the observer as they should be."""
    walk(story, end="disabled")
    observed(story, "disabled")
    walk(story, "silenced", "removed")
    observed(story, "enabled")
    walk(story, "restarted")


def observed(story: Kept, status: str) -> None:
    """The observer sees another status of the scheduler."""
    story.saw(SchedulerObserved(scheduler_status=status, source="x", seen_at=story.now), "")


def quick(story: Kept) -> None:
    """All steps in half a minute, not at whole seconds."""
    walk(story, end="opened")
    story.wait(milliseconds=600)
    walk(story, "confirmed", "disabled")
    story.wait(milliseconds=300)
    walk(story, "silenced", "checked")
    picture = {"picture_sha384": digest("start"), "picture_source": "drawn"}
    story.do("noc", StartWatch(starts_at=story.now, duration_seconds=8, **picture))
    story.wait(seconds=7)
    story.do("noc", watch_finish(story))
    walk(story, "ended")


def days(story: Kept) -> None:
    """All steps in three days, with a note of what was before."""
    walk(story, end="checked")
    story.wait(days=1)
    story.do("noc", AddNote(text="it began earlier", occurred_at=story.now - timedelta(hours=5)))
    walk(story, "watched", "watched")
    story.wait(days=2)
    walk(story, "ended")


def early_abort(story: Kept) -> None:
    """Given up before anything was done."""
    walk(story, end="confirmed")
    story.do("im", Abort(reason="false alarm"))


def late_abort(story: Kept) -> None:
    """Given up after the stop: led through steps 5 and 6."""
    walk(story, end="checked")
    story.wait(minutes=4)
    story.do("im", Abort(reason="the wrong scheduler"))
    walk(story, "removed", "summarised")
    story.do("im", Complete(summary_sha384=digest("summary")))


def emergency(story: Kept) -> None:
    """Stopped first; confirmed and reviewed long after it was closed."""
    story.do("im", opening(story), "")
    story.do("ops", DeclareEmergency(reason="it burns"))
    walk(story, "asked")
    story.wait(hours=3)
    story.do("owner", Confirm(confirms=digest("opening line")))
    story.wait(days=1)
    story.do("boss", Review(text="well done"))


def waived(story: Kept) -> None:
    """Step 2 waived: Alertmanager is down."""
    walk(story, end="disabled")
    story.wait(seconds=40)
    story.do("im", Waive(number=2, reason="Alertmanager is down"))
    walk(story, "checked", "restarted")
    walk(story, "cleared", "cleared")
    story.do("ops", restore_check(story, silence=None))
    walk(story, "summarised")


def drift(story: Kept) -> None:
    """The file removed by somebody, the scheduler seen running, both put right by putting the file back."""
    walk(story, end="checked")
    story.wait(seconds=30)
    story.saw(vanished(story))
    observed(story, "enabled")
    story.wait(minutes=2)
    story.do("ops", PutBack(file=facts.absent(story.now), reason="it must stay"))
    file = facts.file_of(b"{}", story.now, sha384=story.rollback.override.sha384)
    story.do("system", RecordPutBack(file=file))
    observed(story, "disabled")
    story.do("ops", scheduler_check(story, "disabled"))
    walk(story, "watched")


def failed(story: Kept) -> None:
    """The scheduler still ran when it was first asked."""
    walk(story, end="silenced")
    story.do("ops", scheduler_check(story, "enabled"))
    story.wait(seconds=20)
    walk(story, "checked")


def gap(story: Kept) -> None:
    """Nobody looked for four minutes; nor before the opening and after the closing, which is not this rollback's."""
    lost = {"source": "observer", "why": "the observer did not run"}
    story.saw(ObservationGap(gap_start=story.now - timedelta(1), gap_end=story.now, **lost), "")
    walk(story, end="checked")
    began = story.now
    story.wait(minutes=4)
    story.saw(ObservationGap(gap_start=began, gap_end=story.now, **lost), "")
    walk(story, "watched")
    story.saw(ObservationGap(gap_start=story.now, gap_end=story.now, **lost), "")
    story.do("noc", AddNote(text="post-mortem on Thursday"))


def silences(story: Kept) -> None:
    """The silence extended, gone, made again, run out."""
    walk(story, end="silenced")
    story.do("obs", ExtendSilence(seconds=600))
    ends = story.rollback.silence.ends_at + timedelta(minutes=10)
    story.saw(SilenceExtended(silence_id="s-1", ends_at=ends, transcript_sha384=digest("t")))
    story.wait(minutes=5)
    story.saw(SilenceLost(silence_id="s-1", found="expired", seen_at=story.now))
    story.wait(minutes=1)
    story.do("obs", silencing(story))
    story.saw(created(story, silence_id="s-2"))
    story.do("obs", silence_check(story, silence=facts.silence(story.now, id="s-2"), firing=()))
    walk(story, "checked", "watched")
    ends = story.rollback.silence.ends_at
    story.now = ends + timedelta(seconds=3)
    story.saw(SilenceObserved(silence_id="s-2", found="expired", ends_at=ends, seen_at=story.now))


def owed_end(story: Kept) -> None:
    """Alertmanager could not be had at the end: the silence's end was owed, and paid after closing."""
    walk(story, end="restarted")
    story.do("ops", OweSilenceEnd(cause="Alertmanager is down"))
    walk(story, "cleared", "cleared")
    story.do("ops", restore_check(story, silence=None))
    walk(story, "summarised")
    story.wait(minutes=20)
    story.saw(SilenceObserved(silence_id="s-1", found="expired", ends_at=story.now, seen_at=story.now))


def alarmed(story: Kept) -> None:
    """Two alerts, one of which came while we watched; the report says so."""
    rows = [_row("MultiStrategyPnlDrawdown", story, -20, 400), _row("MultiStrategySecondaryDelay", story, 300, 310)]
    firing = story.installation.keep(json.dumps(rows[:1]))
    story.do("im", opening(story, firing=("MultiStrategyPnlDrawdown since …",), firing_sha384=firing), "")
    walk(story, "confirmed", "checked")
    story.do("noc", watch_start(story))
    story.wait(minutes=15)
    story.do("noc", watch_finish(story, report_sha384=story.installation.keep(json.dumps({"all_alerts": rows}))))


def _row(name: str, story: Kept, start: int, end: int) -> dict[str, object]:
    at = [(story.now + timedelta(seconds=one)).isoformat() for one in (start, end)]
    return {"name": name, "labels": {"alertname": name}, "active_at": at[0], "last_seen": at[1]}


def running(story: Kept) -> None:
    """Open, in the middle of the watch, with another rollback opened since."""
    walk(story, end="checked")
    story.do("im", opening(story, ticket=OTHER), "")
    story.do("noc", StartWatch(starts_at=story.now, duration_seconds=900, picture_source="drawn"))
    story.wait(minutes=2)


STORIES: dict[str, Callable[[Kept], None]] = {
    one.__name__: one
    for one in (
        straight, quick, days, early_abort, late_abort, emergency, waived, failed, drift, gap, silences, owed_end,
        running,
    )
}  # fmt: skip
__all__ = ["INC", "STORIES", "Kept", "alarmed", "walk"]
