"""The fields of an entry in words: a label for each, and what kind of thing its value is."""

from __future__ import annotations

import re
import typing
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from ledger.app.words import mark
from ledger.domain.event import Event, fields_of
from ledger.domain.facts import Matcher
from ledger.domain.record import Recorded
from web.i18n import gettext
from web.told import readable
from web.watched import SEVERITIES

Kind = Literal[
    "text", "word", "time", "entry", "person", "role", "list", "said", "verdict", "json", "matchers", "yes", "seconds",
    "minutes", "size", "number", "purpose", "exact",
]  # fmt: skip
"""How the page shows a value."""


class Shown(NamedTuple):
    """One field of an entry."""

    label: str
    """English; translated where it is shown."""
    kind: Kind
    value: Any


class Named(NamedTuple):
    """A field that names an artefact."""

    label: str
    digest: str
    """``sha384:…``."""
    field: str


LABELS: Final = {
    "about": mark("Entry that it is about"),
    "address": mark("Address"),
    "adopts": mark("Adopts"),
    "alert": mark("Alert"),
    "alerts": mark("Alerts"),
    "answered": mark("Members that answered"),
    "asked": mark("Members asked"),
    "assignee": mark("Who does it"),
    "assumed": mark("Role assumed"),
    "at": mark("Happened at"),
    "by": mark("Done by"),
    "carried_over": mark("Carried over from before"),
    "cause": mark("Cause"),
    "changes": mark("Changes"),
    "channel": mark("Channel"),
    "checklist": mark("Checklist"),
    "checkpoint_key": mark("Checkpoint key"),
    "claimed_at": mark("Claimed time"),
    "claimed_by": mark("Claimed by"),
    "claimed_person": mark("Claimed person"),
    "claims": mark("Claims of others"),
    "comment": mark("Comment"),
    "component": mark("Component"),
    "confirms": mark("Confirms the line with the digest"),
    "conflicts": mark("Conflicts"),
    "connection": mark("Connection"),
    "coverage": mark("Coverage"),
    "covered": mark("Samples there"),
    "created_by": mark("Created by"),
    "cycle": mark("Cycles finished"),
    "due": mark("Due"),
    "duration_min": mark("Duration"),
    "duration_min_typed": mark("Duration as typed"),
    "duration_seconds": mark("Duration"),
    "duty": mark("Duty"),
    "earlier_log_path": mark("Earlier log"),
    "effect": mark("What was asked for"),
    "ended_at": mark("Ended at"),
    "ends_at": mark("Ends at"),
    "entries": mark("Entries of the rollback"),
    "entry": mark("About"),
    "error": mark("Error"),
    "exit_status": mark("Exit status"),
    "expected": mark("Samples expected"),
    "expected_alerts": mark("Expected alerts"),
    "expired_at": mark("Expired at"),
    "expires_at": mark("Expires at"),
    "extension": mark("Extension"),
    "external_status": mark("Status outside"),
    "failed": mark("Failed sign-ins"),
    "finding": mark("Finding"),
    "firing": mark("Alerts firing"),
    "fits": mark("Fits the rollback"),
    "follow_up": mark("Follow-up of entry"),
    "found": mark("Found"),
    "gap_end": mark("Gap until"),
    "gap_start": mark("Gap from"),
    "given": mark("Given by the entry"),
    "given_by": mark("Given by"),
    "ground": mark("Ground"),
    "head": mark("Head of the ledger"),
    "held_by": mark("Held by"),
    "hmac_algorithm": mark("HMAC algorithm"),
    "hmac_key_id": mark("HMAC key"),
    "host": mark("Machine"),
    "joined": mark("Held already by"),
    "link": mark("Where it is"),
    "marker": mark("Marker"),
    "matchers": mark("Matchers"),
    "member": mark("Member"),
    "members": mark("Members"),
    "minute": mark("Minute"),
    "mode": mark("File mode"),
    "moved_to": mark("Moved to"),
    "muted_by": mark("Muted by"),
    "mutes": mark("Mutes"),
    "name": mark("Name"),
    "new": mark("New critical alerts"),
    "not_after": mark("Not after"),
    "note": mark("Note"),
    "now": mark("Now"),
    "number": mark("Number"),
    "occurred_at": mark("Occurred at"),
    "offer": mark("Offer"),
    "on_duty": mark("On duty"),
    "open_points": mark("Open points"),
    "owner": mark("Owner"),
    "part": mark("Part"),
    "path": mark("Path"),
    "permalink": mark("Permalink"),
    "person": mark("Person"),
    "picture_source": mark("Source of the picture"),
    "program": mark("Program"),
    "proposal": mark("Proposal"),
    "purpose": mark("Purpose"),
    "read_at": mark("Read at"),
    "reason": mark("Reason"),
    "reasons": mark("Reasons"),
    "receiver": mark("Receiver"),
    "reference": mark("Its name there"),
    "refused": mark("Refusals"),
    "replaced": mark("In place of"),
    "requested": mark("Asked for by"),
    "requested_by": mark("Requested by"),
    "roles": mark("Roles"),
    "run_id": mark("Run of the workflow"),
    "run_url": mark("Address of the run"),
    "scheduler_status": mark("Scheduler"),
    "seen_at": mark("Seen at"),
    "silence_id": mark("Silence"),
    "since": mark("Since"),
    "size": mark("Size"),
    "source": mark("Source"),
    "started": mark("Watch began with"),
    "starts_at": mark("Starts at"),
    "stay_muted": mark("Stay muted"),
    "stop": mark("Declared by the stop"),
    "suppressed": mark("Of them suppressed"),
    "text": mark("Text"),
    "ticket": mark("Ticket"),
    "ticket_state": mark("State of the ticket"),
    "up_to": mark("Up to"),
    "verdict": mark("Verdict"),
    "verdict_entry": mark("Verdict of"),
    "warning": mark("Warning"),
    "warnings": mark("Warnings of the scheduler"),
    "why": mark("Why"),
    "will_fire": mark("Will notify again"),
    "will_mute": mark("Mutes these alerts"),
    "window_end": mark("Window until"),
    "window_start": mark("Window from"),
    "written_at": mark("Written at"),
}
"""What a field is called on a page."""
ARTEFACTS: Final = {
    "after": mark("Alerts after the end"),
    "alerts": mark("Alerts"),
    "announcement": mark("Announcement"),
    "message": mark("Message"),
    "attached": mark("Attachment"),
    "before": mark("Alerts before the end"),
    "content": mark("Content of the override"),
    "earlier_log": mark("Earlier log"),
    "erased": mark("Erased text"),
    "firing": mark("Alerts firing"),
    "found": mark("What was found"),
    "headers": mark("Headers of the metrics"),
    "lines": mark("Lines set aside"),
    "listing": mark("Listing of the folder"),
    "log": mark("Log"),
    "oncall": mark("Who was on duty"),
    "override": mark("Override file"),
    "override_after": mark("Kept copy of the override"),
    "override_before": mark("Override before the removal"),
    "picture": mark("Picture of the dashboard"),
    "preview": mark("Preview of the silence"),
    "reason": mark("Whole reason"),
    "replaced": mark("What stood there"),
    "report": mark("Report of the watch"),
    "spool": mark("Stop from the spool"),
    "summary": mark("Summary"),
    "text": mark("Whole text"),
    "ticket": mark("Ticket"),
    "transcript": mark("Transcript"),
}
"""What an artefact is, by the field that names it."""
_SINCE: Final = re.compile(r"(.+) (\w+) since (\S+)")
_PEOPLE: Final = frozenset({"assignee", "by", "person", "given_by", "receiver", "claimed_person"})
_ENTRIES: Final = frozenset(
    {
        "about",
        "adopts",
        "entry",
        "extension",
        "follow_up",
        "given",
        "offer",
        "proposal",
        "requested",
        "started",
        "up_to",
        "verdict_entry",
    }
)
_ROLES: Final = frozenset({"assumed", "duty"})
_EXACT: Final = frozenset({"confirms", "checkpoint_key", "hmac_key_id", "silence_id", "path", "moved_to", "run_id"})
_BY_NAME: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(_PEOPLE, "person"),
    **dict.fromkeys(_ENTRIES, "entry"),
    **dict.fromkeys(_ROLES, "role"),
    **dict.fromkeys(_EXACT, "exact"),
    "duration_min": "minutes",
    "duration_min_typed": "minutes",
    "duration_seconds": "seconds",
    "size": "size",
    "verdict": "verdict",
}


def in_words(record: Recorded) -> list[Shown]:
    """The event's own fields that are set, without those that name artefacts."""
    if record.event is None:
        return []
    kind = type(record.event)
    values = ((field.name, getattr(record.event, field.name)) for field in fields_of(kind))
    return [_shown(kind, name, value) for name, value in values if value not in (None, "", ()) and not _digest(name)]


def artefact(name: str) -> str:
    """What an artefact is, by the field that names it; English, as labels are."""
    plain = name.removesuffix("_sha384")
    return ARTEFACTS.get(plain, _plainly(plain))


def artefacts(record: Recorded, body: Mapping[str, Any]) -> list[Named]:
    """The artefacts that the entry names, whatever event it is."""
    named = ((name.removesuffix("_sha384"), value) for name, value in body["artefacts"].items() if _digest(name))
    return [Named(artefact(name), value, name) for name, value in sorted(named)]


def _plainly(name: str) -> str:
    return name.replace("_", " ").capitalize()


def _digest(name: str) -> bool:
    return name.endswith("_sha384")


def _shown(kind: type[Event], name: str, value: Any) -> Shown:
    label = LABELS.get(name, _plainly(name))
    if name == "number" and "step {number}" in kind.sentence:
        label = mark("Step")
    if name == "expected" and isinstance(value, tuple):
        label = mark("Alerts that are expected")
    if name == "ticket_state" and str(value).startswith("claimed"):
        return Shown(label, "said", value)
    shown = _kind(kind, name, value)
    return Shown(label, shown, tuple(map(_listed, value)) if shown == "list" else value)


def _listed(text: str) -> str:
    """One of a list; of an alert also how grave it is and since when, in the page's language."""
    if (found := _SINCE.fullmatch(text)) is None:
        return readable(text)
    name, severity, since = found.groups()
    return f"{name}, {gettext(SEVERITIES.get(severity, severity))}, {gettext('since')} {readable(since)}"


def _kind(kind: type[Event], name: str, value: Any) -> Kind:
    if name in kind.said:
        return "said"
    if isinstance(value, datetime):
        return "time"
    if isinstance(value, bool):
        return "yes"
    if isinstance(value, dict):
        return "json"
    if isinstance(value, tuple):
        return "role" if name == "roles" else "matchers" if isinstance(value[0], Matcher) else "list"
    if name == "purpose" and value in ("incident", "load_test", "maintenance", "drill"):
        return "purpose"
    return _BY_NAME.get(name) or _of_type(kind, name, value)


def _of_type(kind: type[Event], name: str, value: Any) -> Kind:
    """One of a few words of ours, a number, or what somebody typed."""
    if typing.get_origin(typing.get_type_hints(kind)[name]) is typing.Literal:
        return "word"
    return "number" if isinstance(value, int) else "text"


WORDS: Final = {
    "production": mark("production"),
    "lab": mark("lab"),
    "put_back": mark("put back"),
    "silence_extend": mark("a longer silence"),
    "silence_end": mark("the end of the silence"),
    "silence_expiry": mark("the silence ends soon"),
    "override_expiry": mark("the override ends soon"),
    "silence_without_override": mark("a silence without an override"),
    "drift": mark("discrepancy"),
    "unknown": mark("not known"),
}
"""Words of ours that stand in entries as codes; any other is said as the ledger says it."""
