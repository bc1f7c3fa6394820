"""What adapters saw. Facts travel inside commands; the pure core judges them and never looks for itself.

Times are aware UTC datetimes. Digests are ``sha384:`` + 96 hex digits. Bytes that a fact refers to by digest are stored
as artefacts before the command is submitted.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from ledger.domain.runbook import ALERT_PATTERN
from ledger.said import Said

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
    otherwise: tuple[str, ...] = ()
    """What else suppresses it, in words: ``inhibited by the alert 3f2a…`` (Alertmanager only)."""

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
    """One item of a list that could not be read, or the rest of them. It costs itself: the rest of the list is used."""

    what: str
    """``the silence 3f2a…`` or ``the alert MultiStrategy…``; empty where it stands for ``more``."""
    active: bool
    """Whether it may be active: then what it does is not known."""
    comment: str
    """Its comment; of ``more`` one is there only where one of them has a mark like ours, or that was not looked at."""
    why: str
    more: int = 0
    """How many items it stands for, where more cannot be read than are kept one by one; else 0."""

    def may_be(self, name: str) -> bool:
        """Whether it may be the item of that id."""
        return bool(self.more) or name in self.what

    def may_bear(self, marker: str) -> bool:
        """Whether its comment has the marker, or may have it."""
        return marker in self.comment or bool(self.more and self.comment)

    def __str__(self) -> str:
        if self.more:
            return f"{self.more} more items cannot be read"
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
    adrift: bool = False
    """Whether that header is no time or out of reason: its clock is not known."""
    error: str = ""
    """Why it did not say all; empty where it did."""
    pattern: str = ALERT_PATTERN
    """The names by which it was asked for the runbook's alerts: it is judged by them."""

    def silence(self, name: str) -> SilenceSeen | None:
        """The silence of that id, as this member has it."""
        return next((silence for silence in self.silences or () if silence.id == name), None)

    @property
    def doubts(self) -> tuple[str, ...]:
        """Why what mutes there is not known whole: no answer, or items that may be active and cannot be read."""
        unclear = tuple(Said("Alertmanager at {}: {}", self.name, unread) for unread in self.unread if unread.active)
        return (self.error, *unclear) if self.error else unclear


@dataclass(frozen=True, slots=True)
class PrometheusSeen:
    """Prometheus on the runbook's alerts; ``counts`` or ``lasting`` is None, with why, where that is not known."""

    counts: tuple[AlertCount, ...] | None
    error: str = ""
    lasting: tuple[AlertSeen, ...] | None = ()
    """Those that fire, and did so two minutes before: long enough to have been sent again."""
    configured: bool = True
    """Whether there is one to ask."""


class Muting(NamedTuple):
    """A silence that mutes Stage4 alerts of this installation, or can: an active one, or one that begins later."""

    silence: SilenceSeen
    members: tuple[str, ...]
    """The members at which it has not expired."""
    alerts: tuple[str, ...] = ()
    """Titles of firing alerts that it mutes; none where it only can, by its matchers."""
    owner: str = ""
    """The rollback whose silence it is, by its id or by our mark; empty where somebody else made it."""
    surplus: bool = False
    """True where it carries our mark and is not the rollback's one silence."""

    @property
    def begins(self) -> datetime | None:
        """When it begins; None where it is active already."""
        return self.silence.starts_at if self.silence.state == "pending" else None


class Unlisted(NamedTuple):
    """What suppresses alerts of this installation by a member's own word, and is no silence that this member lists.

    A silence that rights hide, or a list kept by a proxy: who made it and until when it mutes is not known. Or no
    silence at all: an alert that inhibits them, a time interval.
    """

    id: str
    """The silence's; empty where it is none."""
    members: tuple[str, ...]
    """The members that name it and do not list it."""
    alerts: tuple[str, ...]
    """Titles of the firing alerts that it mutes."""
    how: str = ""
    """What it is where it is no silence: ``inhibited by the alert 3f2a…``."""


@dataclass(frozen=True, slots=True)
class RuleSeen:
    """One alerting rule as Prometheus evaluates it. ``evaluated_at`` is the last evaluation, None before the first."""

    name: str
    health: str
    state: str
    evaluated_at: datetime | None
    error: str = ""


class AlertRule(NamedTuple):
    """What an alerting rule that Prometheus has loaded asks for: PromQL, and for how long it must hold."""

    name: str
    expr: str
    severity: str = ""
    for_seconds: float = 0.0


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
