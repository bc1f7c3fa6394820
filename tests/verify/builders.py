"""Honest ledgers, made with the domain's own decisions, and the tools to falsify them."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from ledger.digest import sha384
from ledger.domain.closing.commands import Complete, WriteSummary
from ledger.domain.command import SYSTEM, Actor, Command, Request
from ledger.domain.decide import decide
from ledger.domain.event import Event
from ledger.domain.evolve import evolve
from ledger.domain.facts import AlertSeen, FileSeen, Matcher, MemberSeen, SchedulerSeen, SilenceSeen, WatchSeen
from ledger.domain.flags import runtime_flags
from ledger.domain.keeping.commands import AddNote, KeepLog, OpenLedger
from ledger.domain.marks import marks
from ledger.domain.observing.commands import Record
from ledger.domain.observing.events import ObserverStarted, SchedulerObserved, SilenceObserved
from ledger.domain.opening.commands import Confirm, OpenRollback
from ledger.domain.override_text import format_override
from ledger.domain.people.commands import AddPerson
from ledger.domain.record import Recorded, format_body
from ledger.domain.restoring.commands import AnnounceAllClear, CheckRestore, EndIncident, RequestRemoval
from ledger.domain.restoring.events import OverrideRemoved
from ledger.domain.silencing.commands import CheckSilence, RequestSilence, RequestSilenceEnd
from ledger.domain.silencing.events import SilenceCreated, SilenceEnded
from ledger.domain.state import State
from ledger.domain.stopping.commands import CheckScheduler, RecordOverride, WriteOverride
from ledger.domain.watching.commands import FinishWatch, StartWatch
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.entry import GENESIS, HmacKey, link, seal_entry
from ledger.proof.merkle import root_of
from ledger.proof.note import Signer, format_verifier

START = datetime(2026, 11, 23, 5, 0, 0, 123456, UTC)
STAGE = "stage4"
ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
OTHER_ORIGIN = "stage4-ledger.invalid/stage4/fedcba9876543210"
KEY = HmacKey("stage4-2026-11", b"correct horse battery staple, printable")
SIGNER = Signer(ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x01" * 32))
OTHER_SIGNER = Signer(OTHER_ORIGIN, Ed25519PrivateKey.from_private_bytes(b"\x02" * 32))
PATH = "/var/lib/stage4/overrides/multi_strategy_disable.json"
MATCHERS = (
    Matcher("alertname", "MultiStrategy.+", is_regex=True),
    Matcher("cluster", "prod-1"),
    Matcher("env", "production"),
)
PEOPLE = {
    "p-1a2b3": "incident_manager",
    "p-4f9c2": "l2_ops",
    "p-77d01": "observability",
    "p-8e3aa": "noc",
    "p-c0ffe": "product_owner",
}
BY = {role: Actor(person=person, auth="session") for person, role in PEOPLE.items()}
BY["admin"] = Actor(person="p-ad317", auth="os", os={"host": "ops-1", "login_uid": 1000, "uid": 1000})


EVIDENCE: dict[str, bytes] = {}
"""Name -> bytes of everything that entries of these ledgers name, for whoever makes a home of them."""


def digest(text: str) -> str:
    return keep(text.encode())


def keep(data: bytes) -> str:
    name = sha384(data)
    EVIDENCE[name] = data
    return name


@dataclass
class Ledger:
    """A ledger in memory: state, lines and the clock."""

    origin: str = ORIGIN
    key: HmacKey = KEY
    signer: Signer = SIGNER
    stage: str = STAGE
    state: State = field(default_factory=State)
    lines: list[bytes] = field(default_factory=list)
    now: datetime = START

    def do(self, command: Command, actor: Actor = SYSTEM, rollback: str = "") -> None:
        """Decide and append."""
        self.now += timedelta(seconds=7, microseconds=1013)
        name = f"req-{len(self.lines) + 1:08d}"
        request = Request(command=command, actor=actor, at=self.now, id=name, rollback=rollback)
        for decided in decide(self.state, request):
            self.write(decided.event, actor, decided.rollback, decided.role)

    def write(self, event: Event, actor: Actor = SYSTEM, rollback: str = "", role: str = "system") -> None:
        """Append without deciding: what evolve allows."""
        record = self.record(event, actor, rollback, role)
        self.state = evolve(self.state, record)
        self.seal(record, runtime_flags(self.state))

    def record(self, event: Event, actor: Actor = SYSTEM, rollback: str = "", role: str = "system") -> Recorded:
        before = self.state.rollback(rollback)
        sequence = len(self.lines) + 1
        number = (before.entries if before else 0) + 1 if rollback else 0
        return Recorded(
            event, event.status, sequence, self.now, self.now, actor.person, actor.auth, role,
            f"req-{sequence:08d}", rollback, number, actor.os, marks(self.state, actor.person, role, self.now),
        )  # fmt: skip

    def seal(self, record: Recorded, flags: dict[str, bool]) -> None:
        """Append whatever it says, signed correctly."""
        before = self.state.rollback(record.rollback)
        incident = (before.ticket if before else "") or record.rollback
        body = format_body(record, stage=self.stage, origin=self.origin, incident=incident, flags=flags)
        self.seal_body(body)

    def seal_body(self, body: dict[str, Any]) -> None:
        sequence = len(self.lines) + 1
        previous = link(self.lines[-1]) if self.lines else GENESIS
        self.lines.append(seal_entry(body, origin=self.origin, sequence=sequence, previous=previous, key=self.key))

    def open(self) -> Ledger:
        """The first entries: the ledger and its people."""
        opening = OpenLedger(
            purpose="production",
            checkpoint_key=format_verifier(self.signer.verifier),
            hmac_key_id=self.key.id,
            hmac_algorithm=self.key.algorithm,
        )
        self.do(opening)
        self.do(AddPerson(person=BY["admin"].person, roles=("admin",)))
        for person, role in PEOPLE.items():
            self.do(AddPerson(person=person, roles=(role,)), BY["admin"])
        self.do(Record(event=ObserverStarted(host="ops-1")))
        return self

    def file(self, content: bytes | None) -> FileSeen:
        if content is None:
            return FileSeen(PATH, "absent", self.now)
        return FileSeen(PATH, "file", self.now, keep(content), len(content), "0600", 1000, "stage4", content)

    def scheduler(self, status: str, cycle: int) -> SchedulerSeen:
        return SchedulerSeen(status, self.now, "http://127.0.0.1:9464/status", self.now, cycle)  # type: ignore[arg-type]

    def member(self, name: str, state: str, *firing: AlertSeen) -> MemberSeen:
        """The one member of the cluster, which has the silence."""
        silences = (self.silence_seen(name, state),)
        return MemberSeen("http://127.0.0.1:9093", self.now, silences, firing)

    def silence_seen(self, name: str, state: str) -> SilenceSeen:
        ends = self.now + timedelta(hours=2)
        return SilenceSeen(name, state, MATCHERS, self.now, ends, "stage4", "runbook", self.now)  # type: ignore[arg-type]

    def run(self, ticket: str) -> Ledger:
        """One whole rollback, all steps, 27 entries."""
        self._announce_and_stop(ticket)
        self._silence(ticket)
        self._watch(ticket)
        self._restore(ticket)
        return self

    def _announce_and_stop(self, ticket: str) -> None:
        opening = OpenRollback(
            ticket=ticket,
            purpose="incident",
            reason="PnL drawdown beyond limits, Schätzung läuft",
            component="multi_strategy",
            channel="#stage4-incidents",
            window_start=self.now,
            window_end=self.now + timedelta(hours=2),
            announcement_sha384=digest(ticket + "announcement"),
            permalink="https://chat.example.com/archives/C1/p170",
            ticket_state="open",
            ticket_sha384=digest(ticket + "ticket"),
            firing=("MultiStrategyPnlDrawdown since 2026-11-23T04:58:00Z",),
            firing_sha384=digest(ticket + "firing"),
        )
        self.do(opening, BY["incident_manager"])
        self.do(Confirm(confirms=link(self.lines[-1])), BY["product_owner"], ticket)
        override_command = WriteOverride(
            path=PATH,
            reason="PnL drawdown",
            requested_by="trading-ops",
            component="multi_strategy",
            file=FileSeen(PATH, "absent", self.now),
        )
        self.do(override_command, BY["l2_ops"], ticket)
        self.do(RecordOverride(file=self.file(self.content(ticket))), SYSTEM, ticket)
        seen = self.scheduler("disabled", 40)
        observed = SchedulerObserved(scheduler_status="disabled", source=seen.source, seen_at=self.now, cycle=40)
        self.do(Record(event=observed))
        self.do(KeepLog(program="disable", exit_status=0, log_sha384=digest("log")), BY["l2_ops"], ticket)

    def content(self, ticket: str) -> bytes:
        asked = self.state.open[ticket].override.request
        assert asked is not None
        return format_override(
            component=asked.component,
            reason=asked.reason,
            requested_by=asked.requested_by,
            ticket=asked.ticket,
            written_at=asked.written_at,
            expires_at=asked.expires_at,
        )

    def _silence(self, ticket: str) -> None:
        ends = self.now + timedelta(hours=2)
        ask = RequestSilence(
            matchers=MATCHERS,
            starts_at=self.now,
            ends_at=ends,
            created_by="stage4",
            comment=f"runbook {ticket}",
            marker=f"stage4:{ticket}",
            will_mute=("MultiStrategyPnlDrawdown",),
            preview_sha384=digest("preview"),
        )
        self.do(ask, BY["observability"], ticket)
        name = f"sil-{ticket}"
        created = SilenceCreated(
            silence_id=name,
            matchers=MATCHERS,
            starts_at=self.now,
            ends_at=ends,
            transcript_sha384=digest("transcript"),
        )
        self.do(Record(event=created), SYSTEM, ticket)
        labels = (("alertname", "MultiStrategyPnlDrawdown"), ("cluster", "prod-1"), ("env", "production"))
        firing = AlertSeen("MultiStrategyPnlDrawdown", labels, "firing", self.now, (name,))
        check = CheckSilence(
            members=(self.member(name, "active", firing),),
            prometheus=None,
            installation=MATCHERS[1:],
            alerts_sha384=digest("alerts"),
        )
        self.do(check, BY["observability"], ticket)

    def _watch(self, ticket: str) -> None:
        self.now += timedelta(seconds=1)
        check = CheckScheduler(seen=self.scheduler("disabled", 40), log_sha384=digest("stop log"))
        self.do(check, BY["l2_ops"], ticket)
        start = self.now
        self.do(StartWatch(starts_at=start, duration_seconds=600, headers_sha384=digest("h")), BY["noc"], ticket)
        self.do(AddNote(text="desk informed by telephone"), BY["noc"], ticket)
        self.now += timedelta(seconds=900)
        seen = WatchSeen(start, self.now, 15, 41, 41, 41, (), (), (), (), ())
        finish = FinishWatch(
            watch=seen,
            scheduler=self.scheduler("disabled", 40),
            file=self.file(self.content(ticket)),
            report_sha384=digest("report"),
            headers_sha384=digest("h"),
            picture_sha384=digest("picture"),
            picture_source="prometheus",
        )
        self.do(finish, BY["noc"], ticket)
        extended = SilenceObserved(
            silence_id=f"sil-{ticket}", found="active", ends_at=self.now + timedelta(hours=3), seen_at=self.now
        )
        self.do(Record(event=extended), SYSTEM, ticket)

    def _restore(self, ticket: str) -> None:
        self.do(EndIncident(note="drawdown explained"), BY["incident_manager"], ticket)
        content = self.content(ticket)
        asked = RequestRemoval(file=self.file(content), scheduler=self.scheduler("disabled", 40))
        self.do(asked, BY["l2_ops"], ticket)
        removed = OverrideRemoved(
            path=PATH,
            override_before_sha384=sha384(content),
            override_after_sha384=sha384(content),
            listing_sha384=digest("listing"),
            log_sha384=digest("removal log"),
            seen_at=self.now,
        )
        self.do(Record(event=removed), SYSTEM, ticket)
        self.now += timedelta(seconds=20)
        observed = SchedulerObserved(
            scheduler_status="enabled", source="http://127.0.0.1:9464/status", seen_at=self.now, cycle=42
        )
        self.do(Record(event=observed))
        self.do(CheckScheduler(seen=self.scheduler("enabled", 43), log_sha384=digest("restart")), BY["l2_ops"], ticket)
        self.do(RequestSilenceEnd(will_fire=("MultiStrategyPnlDrawdown",)), BY["l2_ops"], ticket)
        ended = SilenceEnded(silence_id=f"sil-{ticket}", ended_at=self.now, transcript_sha384=digest("end transcript"))
        self.do(Record(event=ended), SYSTEM, ticket)
        self._close(ticket)

    def _close(self, ticket: str) -> None:
        clear = AnnounceAllClear(announcement_sha384=digest("clear"), permalink="https://chat.example.com/p2")
        self.do(clear, BY["l2_ops"], ticket)
        check = CheckRestore(
            file=self.file(None),
            scheduler=self.scheduler("enabled", 44),
            members=(self.member(f"sil-{ticket}", "expired"),),
            log_sha384=digest("restore log"),
        )
        self.do(check, BY["l2_ops"], ticket)
        summary = digest(ticket + "summary")
        self.do(WriteSummary(summary_sha384=summary), BY["incident_manager"], ticket)
        self.do(Complete(summary_sha384=summary, incident_id=ticket), BY["incident_manager"], ticket)
        self.do(AddNote(text="post-mortem on Thursday"), BY["noc"], ticket)

    def checkpoint(self, size: int | None = None) -> bytes:
        return checkpoint_of(self.lines if size is None else self.lines[:size], self.signer)


def checkpoint_of(lines: Sequence[bytes], signer: Signer = SIGNER) -> bytes:
    return sign_checkpoint(Checkpoint(signer.name, len(lines), root_of(lines)), signer)


@cache
def honest(rollbacks: int = 2, origin: str = ORIGIN) -> tuple[bytes, ...]:
    """The lines of an honest ledger, all rollbacks closed."""
    ledger = Ledger(origin=origin, signer=SIGNER if origin == ORIGIN else OTHER_SIGNER).open()
    for number in range(rollbacks):
        ledger.run(f"INC-{2042 + number}")
    return tuple(ledger.lines)


def join(lines: Sequence[bytes]) -> bytes:
    return b"".join(line + b"\n" for line in lines)


def body_of(line: bytes) -> dict[str, Any]:
    """An entry's body, ready to be sealed again."""
    body: dict[str, Any] = json.loads(line)
    for name in ("chain", "signature", "signatures"):
        del body[name]
    return body


def reseal(
    lines: Sequence[bytes],
    number: int,
    change: Callable[[dict[str, Any]], None],
    *,
    key: HmacKey = KEY,
    origin: str = ORIGIN,
    moved: int = 0,
) -> list[bytes]:
    """The same ledger with entry ``number`` changed and everything from there on chained and signed again.

    Confirmations follow, and with ``moved`` so do references to entries, as whoever holds the key would see to.
    """
    forged = list(lines[: number - 1])
    links: dict[str, str] = {}
    for index in range(number - 1, len(lines)):
        body = body_of(lines[index])
        if index == number - 1:
            change(body)
        if "confirms" in body["metadata"]:
            confirms = body["metadata"]["confirms"]
            body["metadata"]["confirms"] = links.get(confirms, confirms)
        for name in {"started", "adopts", "requested"} & body["metadata"].keys():
            body["metadata"][name] -= moved * (body["metadata"][name] >= number)
        if moved and (marks := body["metadata"].get("marks")):
            parts = [mark.split(":") for mark in marks]
            body["metadata"]["marks"] = sorted(f"{a}:{int(b) - moved * (int(b) >= number)}" for a, b in parts)
        previous = link(forged[-1]) if forged else GENESIS
        forged.append(seal_entry(body, origin=origin, sequence=index + 1, previous=previous, key=key))
        links[link(lines[index])] = link(forged[-1])
    return forged
