"""What everybody writes and verifies: entries of whole rollbacks, and homes to append to."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from ledger.app.home.setup import init
from ledger.app.installation import Installation, now
from ledger.app.press import Press, new_request_id
from ledger.domain.command import Actor, Request
from ledger.domain.keeping.commands import AddNote
from ledger.domain.opening.commands import OpenRollback
from ledger.proof.canonical import parse_canonical
from tests.verify.builders import body_of, checkpoint_of, honest

TICKET = "INC-2042"
BY = Actor(person="lab-incident-manager", auth="lab")
NOTE = "desk informed by telephone; " * 7
"""As long as a note may be, so that its entry is about as long as the mean entry of a rollback (1,070 bytes)."""
ENTRIES_OF_A_ROLLBACK = 26


class Written(NamedTuple):
    """The two rows of one append, exactly as Stage4 Ledger wrote them."""

    sequence: int
    status: str
    line: bytes
    note: bytes


def open_home(folder: Path) -> Installation:
    """A new home with one rollback open, ready for notes."""
    installation = init(folder, purpose="lab")
    opening = OpenRollback(
        ticket=TICKET,
        purpose="drill",
        reason="measuring",
        component="multi_strategy",
        channel="#stage4-incidents",
        window_start=now(),
        window_end=now().replace(year=now().year + 1),
        announcement_sha384="sha384:" + "0" * 96,
        permalink="https://chat.example.com/p1",
        ticket_state="open",
        ticket_sha384="sha384:" + "0" * 96,
        firing=(),
        firing_sha384="sha384:" + "0" * 96,
    )
    installation.submit(opening, Press(BY))
    return installation


def note_request() -> Request:
    """The command that is appended again and again."""
    return Request(command=AddNote(text=NOTE), actor=BY, at=now(), id=new_request_id(), rollback=TICKET)


def written(folder: Path, count: int) -> list[Written]:
    """``count`` appends by Stage4 Ledger, as the rows that it wrote: what the bare transaction writes again."""
    ledger = open_home(folder).ledger
    first = ledger.view().size
    for _ in range(count):
        ledger.submit(note_request())
    notes = dict(ledger.log.checkpoints())
    rows = []
    for sequence, line in enumerate(ledger.log.lines(first), first + 1):
        rows.append(Written(sequence, parse_canonical(line)["status"], line, notes[sequence]))
    ledger.log.close()
    return rows


def payload(line: bytes) -> dict[str, Any]:
    """An entry's content without chain and signatures: what other ledgers are given to protect in their own way."""
    return body_of(line)


def rollbacks(entries: int) -> tuple[tuple[bytes, ...], bytes]:
    """About ``entries`` lines of whole rollbacks, and their checkpoint."""
    lines = honest(max(1, entries // ENTRIES_OF_A_ROLLBACK))
    return lines, checkpoint_of(lines)
