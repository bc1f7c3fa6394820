"""What goes out names the ledger's head, so that whoever keeps it can be asked whether history is what it was."""

from __future__ import annotations

import pytest

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.reading.covering import head_to_send
from ledger.app.steps import duties, opening
from ledger.errors import Unreachable
from ledger.proof.merkle import root_of
from ledger.verify import Head, find_heads

from .builders import actor


def sent(installation: Installation, text: str) -> Head:
    """The one head in a text, found to be right."""
    (head,) = find_heads(text.encode())
    lines = [line for _, line in installation.ledger.records()]
    assert head == Head(head.size, root_of(lines[: head.size]), installation.ledger.origin)
    return head


def test_an_announcement_ends_with_the_head_of_before_its_entry(installation: Installation) -> None:
    manager = Press(actor("incident_manager"))
    made = opening.open_rollback(installation, manager, ticket="INC-1", reason="latency")
    assert made.rollback is not None and sent(installation, made.log).size == made.rollback.opened_entry - 1
    longer = duties.extend_window(installation, manager, made.rollback, "1h", "it takes longer")
    assert sent(installation, longer.log).size > made.rollback.opened_entry - 1


def test_no_message_waits_for_a_head_that_cannot_be_had(
    installation: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(to: int = 0) -> bytes:
        raise Unreachable("the store is gone")

    for note in (gone, lambda: None, lambda: b"no note"):
        monkeypatch.setattr(installation.ledger.log, "newest_checkpoint", note)
        assert head_to_send(installation) == ""
