"""What the outside looked like last: each source asked by a thread of its own, so that a page never waits for one.

Nothing here is an entry and nothing is decided on it: the steps gather their own facts. It is what people look at.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, NamedTuple

from ledger.adapters.alertmanager import everywhere, union
from ledger.app.installation import Installation
from ledger.app.reading.coverage import Coverage, so_far
from ledger.app.reading.muting import Shown, unlisted, who_mutes
from ledger.domain.facts import (
    AlertCount,
    AlertSeen,
    FileSeen,
    MemberSeen,
    Muting,
    SchedulerSeen,
    SilenceSeen,
    Unlisted,
)
from ledger.domain.stopping.stop import runs_on, stays_off
from ledger.errors import LedgerError
from ledger.mistakes import mistake
from ledger.said import joined

SOURCES = ("scheduler", "override", "alertmanager", "prometheus")
"""What is looked at and told of by name; ``watch``, a question to Prometheus of its own, is told of with the watch."""
MOST_ALERTS = 1_000
"""Alerts that are looked at one by one: nobody reads more, and every page would wait for them."""
STALE = 10.0
"""Seconds after which a reading is no longer the present."""


class Missing(NamedTuple):
    """A source that does not answer, or is not asked: since when, and what it said instead."""

    since: datetime
    why: str
    asked: bool = True
    """False where none is configured, so that nobody was asked."""


@dataclass(frozen=True)
class Outlook:
    """One picture of the outside. ``at`` says for each source when it was had last."""

    scheduler: SchedulerSeen | None = None
    scheduler_last: SchedulerSeen | None = None
    """What the scheduler said when it last said anything, whatever the looks since came to."""
    file: FileSeen | None = None
    absent_since: datetime | None = None
    """Since when no file is seen at the override's path; None where one is."""
    members: tuple[MemberSeen, ...] = ()
    """What each member of the Alertmanager cluster said last, or that it did not."""
    silences: tuple[SilenceSeen, ...] = ()
    """All that are active or pending at any member, whoever made them."""
    muting: tuple[Muting, ...] = ()
    """Those of them that mute Stage4 alerts of this installation, or can, the longest-lasting first."""
    unlisted: tuple[Unlisted, ...] = ()
    """Those that mute by a member's word and are not in its list."""
    muted: tuple[AlertSeen, ...] | None = None
    """Firing alerts as Alertmanager has them, with who mutes each; None before it was had once."""
    alerts: tuple[AlertSeen, ...] | None = None
    """Stage4 alerts as Prometheus has them, pending ones too, where there are no more than ``MOST_ALERTS``; None before
    they were had once, and where there are more: then only ``counts`` says what there is."""
    counts: tuple[AlertCount, ...] | None = None
    """How many Stage4 alerts there are by name, severity and state; None before that was had once."""
    coverage: tuple[Coverage, ...] = ()
    """How much of each watch that runs Prometheus has seen so far, as it was had last."""
    at: Mapping[str, datetime] = field(default_factory=dict)
    missing: Mapping[str, Missing] = field(default_factory=dict)
    version: int = 0
    """Counts what a person would call a change: not every look."""

    def age(self, source: str, now: datetime) -> float | None:
        """Seconds since a source was had; None where it never was."""
        return max(0.0, (now - self.at[source]).total_seconds()) if source in self.at else None

    def fresh(self, source: str, now: datetime) -> bool:
        """Whether what is shown of a source is the present."""
        age = self.age(source, now)
        return age is not None and age <= STALE and source not in self.missing

    def critical_words(self, now: datetime) -> str:
        """The critical Stage4 alerts that fire, as a reason is prefilled: ``SchedulerLatencyCritical (3)``."""
        counts = self.counts or () if self.fresh("prometheus", now) else ()
        critical = [count for count in counts if count.severity == "critical" and count.state == "firing"]
        return ", ".join(f"{count.name.removeprefix('MultiStrategy')} ({count.number})" for count in critical)

    def silence(self, name: str) -> SilenceSeen | None:
        """The silence of that id, as seen last."""
        return next((silence for silence in self.silences if silence.id == name), None)


class Lookout:
    """Keeps an :class:`Outlook` up to date. ``changed`` is called, from any thread, when it is another one."""

    def __init__(self, installation: Installation, changed: Callable[[Outlook], None] = lambda _: None) -> None:
        self._installation = installation
        self.changed = changed
        self._guard = threading.Lock()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self.outlook = Outlook()
        self._shown = Shown(installation)
        self._looks: tuple[tuple[str, float, Callable[[], dict[str, Any]]], ...] = (
            ("override", 0.5, self._file),
            ("scheduler", 1.0, self._scheduler),
            ("alertmanager", 2.0, self._alertmanager),
            ("prometheus", 2.0, self._prometheus),
            ("watch", 4.0, self._watch),
        )

    def start(self) -> None:
        """Begin to look; the first picture comes within moments."""
        for source, every, look in self._looks:
            thread = threading.Thread(target=self._run, args=(source, every, look), name=f"lookout-{source}")
            thread.daemon = True
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Look no more."""
        self._stopped.set()
        for thread in self._threads:
            thread.join(5)

    def look(self) -> Outlook:
        """One look at every source, now, by the caller's own thread."""
        for source, _, look in self._looks:
            self._once(source, look)
        return self.outlook

    def _run(self, source: str, every: float, look: Callable[[], dict[str, Any]]) -> None:
        while not self._stopped.is_set():
            self._once(source, look)
            self._stopped.wait(every)

    def _once(self, source: str, look: Callable[[], dict[str, Any]]) -> None:
        try:
            self._had(source, look())
        except LedgerError as error:
            self._missed(source, str(error))
        except Exception as error:  # noqa: BLE001 (its thread looks again, and the pages say that it was in vain)
            self._missed(source, mistake(error))

    def _had(self, source: str, facts: dict[str, Any]) -> None:
        at = self._installation.clock()
        self._renew(
            lambda old: replace(
                old,
                **facts,
                at={**old.at, source: at},
                missing={name: gap for name, gap in old.missing.items() if name != source},
            )
        )

    def _missed(self, source: str, why: str) -> None:
        at = self._installation.clock()
        self._renew(
            lambda old: replace(
                old,
                missing={
                    **old.missing,
                    source: Missing(
                        old.missing[source].since if source in old.missing else at, why, self._is_configured(source)
                    ),
                },
            )
        )

    def _is_configured(self, source: str) -> bool:
        return source in ("override", "watch") or bool(getattr(self._installation.config, source).url)

    def _renew(self, change: Callable[[Outlook], Outlook]) -> None:
        with self._guard:
            before = self.outlook
            after = change(before)
            moved = gist(after) != gist(before)
            self.outlook = replace(after, version=before.version + moved)
            outlook = self.outlook
        if moved:
            self.changed(outlook)

    def _scheduler(self) -> dict[str, Any]:
        seen = self._installation.scheduler()
        if seen.status == "unknown":
            self._renew(lambda old: replace(old, scheduler=seen))
            raise LedgerError(seen.error)
        return {"scheduler": seen, "scheduler_last": seen}

    def _file(self) -> dict[str, Any]:
        try:
            holder = self._installation.state.holder
        except LedgerError:
            holder = None  # whoever stops without the ledger writes where the configuration says
        path = holder.override.path if holder else self._installation.override_path()
        file = self._installation.look(path)
        return {"file": file, "absent_since": self.outlook.absent_since or file.at if file.kind == "absent" else None}

    def _alertmanager(self) -> dict[str, Any]:
        members = self._installation.alertmanager.look()
        silences = union([seen.silences for seen in members if seen.silences is not None])
        heard = [seen.firing for seen in members if seen.firing is not None]
        facts: dict[str, Any] = {
            "members": members,
            "silences": tuple(silence for silence in silences if silence.state != "expired"),
            "muting": who_mutes(self._installation, members, self._shown.alerts()),
            "unlisted": unlisted(self._installation, members),
            "muted": everywhere(heard) if heard else None,
        }
        if errors := [seen.error for seen in members if seen.error]:
            shown = facts if heard else {"members": members}  # what the others say is shown; that it is not all, too
            self._renew(lambda old: replace(old, **shown))
            raise LedgerError(joined(errors, "; "))
        return facts

    def _prometheus(self) -> dict[str, Any]:
        prometheus = self._installation.prometheus
        counts = prometheus.counts()
        few = sum(count.number for count in counts) <= MOST_ALERTS
        return {"counts": counts, "alerts": prometheus.alerts() if few else None}

    def _watch(self) -> dict[str, Any]:
        return {"coverage": so_far(self._installation)}


def gist(outlook: Outlook) -> tuple[Any, ...]:
    """What a person would call the picture: without the times of looking."""
    scheduler, file = outlook.scheduler, outlook.file
    return (
        scheduler and (scheduler.status, scheduler.warnings),
        file and (file.kind, file.sha384, file.mode, file.owner),
        file and file.kind == "file" and runs_on(file, scheduler),  # a stop that is not obeyed in time
        stays_off(outlook.absent_since, scheduler),  # nor its removal
        tuple((silence.id, silence.state, silence.ends_at, silence.comment) for silence in outlook.silences),
        tuple((member.name, bool(member.doubts)) for member in outlook.members),
        tuple(
            (mute.silence.id, mute.silence.state, mute.members, mute.alerts, mute.owner, mute.surplus)
            for mute in outlook.muting
        ),
        outlook.unlisted,
        outlook.muted
        and tuple((alert.name, alert.labels, alert.silenced_by, alert.otherwise) for alert in outlook.muted),
        tuple((one.entry, one.complete) for one in outlook.coverage),
        outlook.counts,
        outlook.alerts and tuple((alert.name, alert.labels, alert.state) for alert in outlook.alerts),
        tuple(sorted(outlook.missing)),
    )
