"""What adapters saw. Facts travel inside commands; the pure core judges them and never looks for itself.

Times are aware UTC datetimes. Digests are ``sha384:`` + 96 hex digits. Bytes that a fact refers to by digest are stored
as artefacts before the command is submitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from ledger.domain.runbook import ALERT_PATTERN

FileKind = Literal["absent", "file", "link", "folder", "other", "unreadable"]
SchedulerStatus = Literal["enabled", "disabled", "unknown"]


@dataclass(frozen=True, slots=True)
class SchedulerSeen:
    """One reading of the scheduler's own status page. ``unknown`` always says why in ``error``."""

    status: SchedulerStatus
    at: datetime
    source: str
    """Address that was asked, credentials masked."""
    since: datetime | None = None
    cycle: int | None = None
    warnings: tuple[str, ...] = ()
    """Its own warnings, made fit: at most ``MOST_WARNINGS``, each one line."""
    error: str = ""
    notes: tuple[str, ...] = ()
    """What of the answer could not be taken as it came, one sentence each."""
    answer: bytes = b""
    """The answer's bytes as they came: evidence."""


@dataclass(frozen=True, slots=True)
class FileSeen:
    """``lstat`` and bytes of a path. Anything that is not a plain readable file has no content."""

    path: str
    kind: FileKind
    at: datetime
    sha384: str = ""
    size: int = 0
    mode: str = ""
    """Four octal digits, e.g. ``0600``."""
    uid: int = -1
    owner: str = ""
    content: bytes = b""
    error: str = ""
    changed: datetime | None = None
    """When it became what it is: the time of its last change by the system (``st_ctime``)."""


class Matcher(NamedTuple):
    """One matcher of an Alertmanager silence; all matchers of a silence must match (AND), regexes are anchored."""

    name: str
    value: str
    is_regex: bool = False
    is_equal: bool = True

    def __str__(self) -> str:
        operator = {(False, True): "=", (False, False): "!=", (True, True): "=~", (True, False): "!~"}
        return f'{self.name}{operator[self.is_regex, self.is_equal]}"{self.value}"'


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """One active alert, from Prometheus (``firing``/``pending``) or Alertmanager (``firing``, with who mutes it)."""

    name: str
    labels: tuple[tuple[str, str], ...]
    """All labels, sorted by name, ``alertname`` included."""
    state: Literal["firing", "pending"]
    active_at: datetime
    silenced_by: tuple[str, ...] = ()
    """Ids of the silences that suppress it (Alertmanager only)."""

    @property
    def severity(self) -> str:
        """Value of the label ``severity``, empty where there is none."""
        return dict(self.labels).get("severity", "")


class AlertCount(NamedTuple):
    """How many alerts of one name, severity and state Prometheus has."""

    name: str
    severity: str
    state: str
    """``firing`` or ``pending``."""
    number: int


@dataclass(frozen=True, slots=True)
class SilenceSeen:
    """One silence as Alertmanager reports it."""

    id: str
    state: Literal["active", "pending", "expired"]
    matchers: tuple[Matcher, ...]
    starts_at: datetime
    ends_at: datetime
    created_by: str
    comment: str
    at: datetime


class Unread(NamedTuple):
    """One item of a list that could not be read. It costs itself: the rest of the list is used."""

    what: str
    """``the silence 3f2a…`` or ``the alert MultiStrategy…``."""
    active: bool
    """Whether it may be active: then what it does is not known."""
    comment: str
    why: str

    def __str__(self) -> str:
        return f"{self.what} cannot be read ({self.why})"


@dataclass(frozen=True, slots=True)
class MemberSeen:
    """What one member of the Alertmanager cluster answered. Evidence about a member counts only from that member."""

    name: str
    """Its address, credentials masked."""
    at: datetime
    silences: tuple[SilenceSeen, ...] | None = None
    """All that it knows, expired ones too; None where it did not say."""
    firing: tuple[AlertSeen, ...] | None = None
    """The runbook's alerts of every installation that fire there, muted ones too; None where it did not say."""
    unread: tuple[Unread, ...] = ()
    """Silences, and alerts that may be the runbook's, that could not be read."""
    ahead: float = 0.0
    """Seconds by which its clock is ahead of ours, by its Date header; 0 where that is too coarse to say."""
    error: str = ""
    """Why it did not say all; empty where it did."""
    pattern: str = ALERT_PATTERN
    """The names by which it was asked for the runbook's alerts: it is judged by them."""

    def silence(self, name: str) -> SilenceSeen | None:
        """The silence of that id, as this member has it."""
        return next((one for one in self.silences or () if one.id == name), None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why what mutes there is not known whole: no answer, or items that may be active and cannot be read."""
        unclear = tuple(f"Alertmanager at {self.name}: {one}" for one in self.unread if one.active)
        return (self.error, *unclear) if self.error else unclear


@dataclass(frozen=True, slots=True)
class PrometheusSeen:
    """How many of the runbook's alerts Prometheus has; ``counts`` is None, with why, where it did not say."""

    counts: tuple[AlertCount, ...] | None
    error: str = ""


class Muting(NamedTuple):
    """An active silence that mutes Stage4 alerts of this installation, or can."""

    silence: SilenceSeen
    members: tuple[str, ...]
    """The members at which it is active."""
    alerts: tuple[str, ...] = ()
    """Titles of firing alerts that it mutes; none where it only can, by its matchers."""
    owner: str = ""
    """The rollback whose silence it is, by its id or by our mark; empty where somebody else made it."""
    surplus: bool = False
    """True where it carries our mark and is not the rollback's one silence."""


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One alerting rule as Prometheus evaluates it. ``evaluated_at`` is the last evaluation, None before the first."""

    name: str
    health: str
    state: str
    evaluated_at: datetime | None
    error: str = ""


class Series(NamedTuple):
    """One time series: its labels and ``(unix seconds, value)`` points; gaps are absent points."""

    labels: tuple[tuple[str, str], ...]
    points: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class AlertEpisode:
    """One alert's activity inside the watch window, from the history of ``ALERTS`` and ``ALERTS_FOR_STATE``."""

    name: str
    labels: tuple[tuple[str, str], ...]
    active_at: datetime
    first_seen: datetime
    last_seen: datetime
    fired: bool
    """True where it was firing at least once, False where it was only pending."""
    continues: datetime | None = None
    """``activeAt`` of the same alert before Prometheus began anew: it was active until then, and at once after."""

    @property
    def since(self) -> datetime:
        """Since when the alert is active, Prometheus' own restarts aside."""
        return self.continues or self.active_at

    @property
    def severity(self) -> str:
        """Value of the label ``severity``, empty where there is none."""
        return dict(self.labels).get("severity", "")


@dataclass(frozen=True, slots=True)
class WatchSeen:
    """What Prometheus' own history says about one observation window, both ends included."""

    start: datetime
    end: datetime
    step_seconds: int
    expected_samples: int
    """Samples that a gapless history has: one a step, both ends included."""
    up_samples: int
    """Samples in which Prometheus itself was up (``up`` of its own job is 1)."""
    evaluated_samples: int
    """Samples in which every Stage4 rule group had been evaluated within the last three intervals."""
    gaps: tuple[tuple[datetime, datetime], ...]
    episodes: tuple[AlertEpisode, ...]
    rules: tuple[RuleSeen, ...]
    missing_rules: tuple[str, ...]
    warnings: tuple[str, ...]
    """Signs that an answer was not whole or not understood, and sentences for sources that could not be had."""
    elsewhere: tuple[tuple[str, int], ...] = ()
    """Critical alerts that are none of the runbook's and were not active at the stop: name and how many at once."""
    notes: tuple[str, ...] = ()
    """What is worth knowing and takes nothing from the verdict: who answered, how often it is scraped."""
    pattern: str = ALERT_PATTERN
    """The names by which it was asked for the runbook's alerts: the window is judged by them."""
