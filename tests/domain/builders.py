"""A ledger in memory with a clock of its own: decides, records and folds as the application does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from ledger.digest import sha384
from ledger.domain.command import SYSTEM, Actor, Command, Request
from ledger.domain.decide import decide
from ledger.domain.event import Event
from ledger.domain.evolve import evolve
from ledger.domain.flags import runtime_flags
from ledger.domain.keeping.commands import OpenLedger
from ledger.domain.marks import marks
from ledger.domain.observing.commands import Record
from ledger.domain.people.commands import AddPerson
from ledger.domain.record import Recorded, format_body, parse_body
from ledger.domain.state import Rollback, State
from ledger.proof.entry import GENESIS, HmacKey, link, parse_entry, seal_entry

T0 = datetime(2026, 11, 23, 3, 0, 0, 123456, UTC)
ORIGIN = "stage4-ledger.invalid/stage4/0123456789abcdef"
KEY = HmacKey("k", b"secret")
INC = "INC-2042"
PEOPLE = {
    "im": ("incident_manager",),
    "ops": ("l2_ops",),
    "obs": ("observability",),
    "noc": ("noc",),
    "owner": ("product_owner",),
    "boss": ("incident_manager", "product_owner"),
    "admin": ("admin",),
    "auditor": ("auditor",),
}


def actor(person: str) -> Actor:
    """``system`` is the ledger itself, everybody else is signed in."""
    return SYSTEM if person == "system" else Actor(person=person, auth="session")


class Story:
    """State, entries and clock. ``do`` is one command by one person; refused ones leave no trace."""

    def __init__(self, people: dict[str, tuple[str, ...]] = PEOPLE, purpose: Any = "production") -> None:
        self.state = State()
        self.now = T0
        self.records: list[Recorded] = []
        self.lines: list[bytes] = []
        self.do(
            "system", OpenLedger(purpose=purpose, checkpoint_key="v", hmac_key_id="k", hmac_algorithm="HMAC-SHA256")
        )
        for person, roles in people.items():
            who = "admin" if "admin" in self.state.people else "system"
            if who == "system" and person != "admin":
                self.do("system", AddPerson(person="admin", roles=("admin",)))
                who = "admin"
            if person not in self.state.people:
                self.do(who, AddPerson(person=person, roles=roles))

    def wait(self, **span: float) -> datetime:
        """Let time pass (a negative span: the clock goes back); gives the new time."""
        self.now += timedelta(**span)
        return self.now

    def request(self, person: str, command: Command, rollback: str = INC, decided_on: int | None = None) -> Request:
        """The request as the edge makes it."""
        identity = f"r-{len(self.records)}"
        return Request(
            command=command, actor=actor(person), at=self.now, id=identity, rollback=rollback, decided_on=decided_on
        )

    def do(self, person: str, command: Command, rollback: str = INC, decided_on: int | None = None) -> list[Event]:
        """Decide, seal, read back, fold; a second passes. Gives the events."""
        request = self.request(person, command, rollback, decided_on)
        state, lines, records = self.state, [], []
        for decided in decide(self.state, request):
            record = recorded(state, request, *decided)
            state, line = self.sealed(state, record, lines)
            lines.append(line)
            records.append(record)
        self.state = state
        self.lines += lines
        self.records += records
        self.wait(seconds=1)
        return [record.event for record in records if record.event]

    def saw(self, event: Event, rollback: str = INC) -> list[Event]:
        """The ledger itself records what happened outside."""
        return self.do("system", Record(event=event), rollback)

    def sealed(self, state: State, record: Recorded, before: list[bytes]) -> tuple[State, bytes]:
        """The state after the record and its line, which reads back as the same record."""
        after = evolve(state, record)
        rollback = after.rollback(record.rollback)
        incident = (rollback.ticket or rollback.id) if rollback else ""
        body = format_body(record, stage="stage4", origin=ORIGIN, incident=incident, flags=runtime_flags(after))
        last = [*self.lines, *before][-1:]
        previous = link(last[0]) if last else GENESIS
        line = seal_entry(body, origin=ORIGIN, sequence=record.sequence, previous=previous, key=KEY)
        entry = parse_entry(line)
        assert parse_body(entry.sequence, entry.timestamp, entry.body) == record
        return after, line

    @property
    def rollback(self) -> Rollback:
        """The story's main rollback."""
        return self.of(INC)

    def of(self, name: str) -> Rollback:
        """One rollback."""
        found = self.state.rollback(name)
        assert found is not None
        return found

    @property
    def flags(self) -> set[str]:
        """The runtime flags that are true."""
        return {name for name, value in runtime_flags(self.state).items() if value}


def recorded(state: State, request: Request, event: Event, rollback: str = "", role: str = "none") -> Recorded:
    """An event in its place: next sequence, clamped timestamp, the rollback's own count."""
    before = state.rollback(rollback) if rollback else None
    return Recorded(
        event,
        event.status,
        state.sequence + 1,
        max(request.at, state.timestamp),
        request.at,
        request.actor.person,
        request.actor.auth,
        role,
        request.id,
        rollback,
        (before.entries if before else 0) + 1 if rollback else 0,
        marks=marks(state, request.actor.person, role, request.at),
    )


def digest(name: str) -> str:
    """The digest of some artefact."""
    return sha384(name.encode())
