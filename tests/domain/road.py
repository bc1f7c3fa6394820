"""The straight road: each step of the runbook by its own role, all facts as they should be."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from ledger.domain.asked import NO_REASON
from ledger.domain.closing.commands import Complete, WriteSummary
from ledger.domain.duties.owed import owed
from ledger.domain.opening.commands import Confirm, DeclareEmergency, OpenRollback
from ledger.domain.restoring.commands import AnnounceAllClear, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.restoring.events import OverrideRemoved, OverrideRemovedOutside
from ledger.domain.silencing.commands import CheckSilence, RequestSilence, RequestSilenceEnd
from ledger.domain.silencing.events import SilenceCreated, SilenceEnded
from ledger.domain.stopping.commands import CheckScheduler, RecordOverride, Stop, WriteOverride
from ledger.domain.watching.commands import FinishWatch, StartWatch

from . import facts
from .builders import INC, Story, digest


def opening(story: Story, **changes: Any) -> OpenRollback:
    """Step 0 for an incident of two hours."""
    fields = {"ticket": INC, "purpose": "incident", "reason": "PnL odjeżdża", "component": "multi_strategy"}
    span = {"window_start": story.now, "window_end": story.now + timedelta(hours=2)}
    return OpenRollback(**fields | span | {"channel": "#stage4"} | changes)


def disabling(**changes: Any) -> WriteOverride:
    """Step 1, with nothing at the path."""
    fields = {"path": facts.PATH, "reason": "PnL odjeżdża", "requested_by": "l2", "component": "multi_strategy"}
    return WriteOverride(**fields | {"file": facts.absent()} | changes)


def stopping(story: Story, ticket: str = INC, **seen: Any) -> Stop:
    """The stop, with nothing at the path unless ``file`` says so."""
    fields = {name: seen.pop(name) for name in ("scheduler", "notes") if name in seen}
    override = disabling(**seen)
    start = opening(story, ticket=ticket, component=override.component)
    return Stop(opening=start, override=override, **fields)


def silencing(story: Story, **changes: Any) -> RequestSilence:
    """Step 2 for an hour."""
    span = {"starts_at": story.now, "ends_at": story.now + timedelta(hours=1)}
    texts = {"created_by": "stage4", "comment": "INC-2042 [m]", "marker": "[m]", "preview_sha384": digest("preview")}
    return RequestSilence(**{"matchers": facts.MATCHERS} | span | texts | changes)


def silence_check(story: Story, **changes: Any) -> CheckSilence:
    """Step 2 judged: one alert fires and is suppressed, by the one member's word. Prometheus has none."""
    silence = changes.pop("silence", facts.silence(story.now))
    firing = changes.pop("firing", (facts.alert(),))
    fields = {"members": (facts.member(silence, firing, story.now),), "prometheus": facts.calm()}
    return CheckSilence(**fields | {"installation": (facts.ENV,), "alerts_sha384": digest("alerts")} | changes)


def scheduler_check(story: Story, status: str, **changes: Any) -> CheckScheduler:
    """Step 3, or the restart."""
    return CheckScheduler(seen=facts.scheduler(status, story.now, **changes), log_sha384=digest("status log"))


def watch_start(story: Story, minutes: int = 15) -> StartWatch:
    """Step 4 begins."""
    return StartWatch(
        starts_at=story.now, duration_seconds=minutes * 60, picture_sha384=digest("start"), picture_source="drawn"
    )


def watch_finish(story: Story, rollback: str = INC, **changes: Any) -> FinishWatch:
    """Step 4 judged."""
    running = story.of(rollback).watch
    start = running.started.starts_at if running else story.now
    fields = {
        "watch": facts.watch(start),
        "scheduler": facts.scheduler("disabled", story.now),
        "file": facts.file_of(b"{}", story.now, sha384=story.of(rollback).override.sha384),
        "report_sha384": digest("report"),
        "picture_sha384": digest("end"),
        "picture_source": "drawn",
    }
    return FinishWatch(**fields | changes)


def removing(story: Story, rollback: str = INC, **changes: Any) -> RequestRemoval:
    """Step 5: remove the file; 41 cycles were finished."""
    file = facts.file_of(b"{}", story.now, sha384=story.of(rollback).override.sha384)
    return RequestRemoval(**{"file": file, "scheduler": facts.scheduler("disabled", story.now, cycle=41)} | changes)


def removed(story: Story, rollback: str = INC) -> OverrideRemoved:
    """What came of it."""
    sha = story.of(rollback).override.sha384
    return OverrideRemoved(
        path=facts.PATH,
        override_before_sha384=sha,
        override_after_sha384=sha,
        listing_sha384=digest("listing"),
        log_sha384=digest("removal log"),
        seen_at=story.now,
    )


def created(story: Story, **changes: Any) -> SilenceCreated:
    """Alertmanager took the silence."""
    span = {"starts_at": story.now, "ends_at": story.now + timedelta(hours=1)}
    fields = {"silence_id": "s-1", "matchers": facts.MATCHERS, "transcript_sha384": digest("transcript")}
    return SilenceCreated(**fields | span | changes)


def ended(story: Story) -> SilenceEnded:
    """Alertmanager ended it."""
    return SilenceEnded(silence_id="s-1", ended_at=story.now, transcript_sha384=digest("end transcript"))


def restore_check(story: Story, **changes: Any) -> CheckRestore:
    """Step 5 as a whole."""
    fields = {
        "file": facts.absent(story.now),
        "scheduler": facts.scheduler("enabled", story.now, cycle=43),
        "members": (facts.member(changes.pop("silence", facts.silence(story.now, state="expired")), (), story.now),),
    }
    return CheckRestore(**fields | {"log_sha384": digest("restore log")} | changes)


def completing(**changes: Any) -> Complete:
    """Step 6 with the summary of this rollback."""
    return Complete(**{"summary_sha384": digest("summary")} | changes)


def _watch(story: Story) -> None:
    story.do("noc", watch_start(story))
    story.wait(minutes=15)
    story.do("noc", watch_finish(story))


def _remove(story: Story) -> None:
    story.do("ops", removing(story))
    story.saw(removed(story))


def _silence(story: Story) -> None:
    story.do("obs", silencing(story))
    story.saw(created(story))
    story.do("obs", silence_check(story))


def _disable(story: Story) -> None:
    story.do("ops", disabling())
    story.do("system", RecordOverride(file=facts.override_of(story.rollback, story.now)))


def _end_silence(story: Story) -> None:
    story.do("ops", RequestSilenceEnd())
    story.saw(ended(story))


ROAD: dict[str, Callable[[Story], Any]] = {
    "opened": lambda s: s.do("im", opening(s), ""),
    "confirmed": lambda s: s.do("owner", Confirm(confirms=digest("opening line"))),
    "asked": lambda s: s.do("ops", disabling()),
    "disabled": lambda s: s.do("system", RecordOverride(file=facts.override_of(s.rollback, s.now))),
    "silenced": _silence,
    "checked": lambda s: s.do("ops", scheduler_check(s, "disabled")),
    "watched": _watch,
    "ended": lambda s: s.do("im", EndIncident()),
    "removed": _remove,
    "restarted": lambda s: s.do("ops", scheduler_check(s, "enabled", cycle=42)),
    "unsilenced": _end_silence,
    "cleared": lambda s: s.do("ops", AnnounceAllClear(announcement_sha384=digest("all clear"))),
    "restored": lambda s: s.do("ops", restore_check(s)),
    "summarised": lambda s: s.do("im", WriteSummary(summary_sha384=digest("summary"))),
    "completed": lambda s: s.do("im", completing()),
}


def story_at(place: str) -> Story:
    """A story that walked the straight road up to and with ``place``; ``reasonless`` is a stop without a reason."""
    story = Story()
    if place == "reasonless":
        start = opening(story, ticket=INC, reason=NO_REASON)
        story.do("ops", Stop(opening=start, override=disabling(reason=NO_REASON)), "")
        return story
    for name, go in ROAD.items():
        go(story)
        if name == place:
            return story
    raise KeyError(place)


def stopped(ticket: str = "", by: str = "ops") -> tuple[Story, str]:
    """A story that began with the stop, its file written; and the rollback's id."""
    story = Story()
    story.do(by, stopping(story, ticket), "")
    name = next(iter(story.state.open))
    story.do("system", RecordOverride(file=facts.override_of(story.of(name), story.now)), name)
    return story, name


def alarmed(place: str = "opened", by: str = "im") -> Story:
    """A story in an emergency that nobody confirmed, walked up to and with ``place``."""
    story = Story()
    story.do("im", opening(story), "")
    story.do(by, DeclareEmergency(reason="fire"))
    names = list(ROAD)
    for name in names[2 : names.index(place) + 1]:
        ROAD[name](story)
    return story


def debts(story: Story, rollback: str = INC) -> list[str]:
    """What the rollback owes, without the details."""
    return [one.what.split(",")[0] for one in owed(story.of(rollback))]


OTHER = "INC-2051"


def joining(story: Story, **seen: Any) -> WriteOverride:
    """Step 1 of a rollback that finds the main one's file."""
    fields = {"sha384": story.rollback.override.sha384} | seen
    content = fields.pop("content", b"{}")
    return disabling(file=facts.file_of(content, story.now, **fields))


def two_holds(place: str = "ended") -> Story:
    """The main rollback at ``place`` and another one that joined its hold."""
    story = story_at(place)
    story.do("im", opening(story, ticket=OTHER), "")
    story.do("owner", Confirm(confirms=digest("opening line")), OTHER)
    story.do("ops", joining(story), OTHER)
    return story


def vanished(story: Story, rollback: str = INC) -> OverrideRemovedOutside:
    """Somebody removed the file."""
    sha = story.of(rollback).override.sha384
    return OverrideRemovedOutside(path=facts.PATH, override_sha384=sha, seen_at=story.now)
