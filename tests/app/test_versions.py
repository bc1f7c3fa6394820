"""Entries that this build does not know: they block decisions and are still read, shown and published."""

from __future__ import annotations

import pytest

from ledger.app.installation import Installation, opened
from ledger.app.record.view import fold
from ledger.digest import sha384
from ledger.domain.event import RESERVED
from ledger.domain.events import format_event
from ledger.domain.restoring.events import OverrideRemovalFailed
from ledger.errors import Corrupt, Refused
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.entry import parse_entry, seal_entry
from ledger.proof.merkle import leaf_hash
from ledger.said import Said
from ledger.store.values import Line, Receipt

from .builders import (
    INC,
    ask,
    assert_published,
    lines_of,
    note,
    opening,
    records,
    statuses,
    stopping,
    stored,
)


def insert_unknown(installation: Installation, **changes: object) -> None:
    """An entry that a later version wrote: in the chain, signed, with its checkpoint, but of an unknown kind."""
    ledger, view = installation.ledger, installation.ledger.view()
    body = dict(parse_entry(lines_of(installation.home)[-1]).body)
    for name in ("chain", "signature", "signatures"):
        del body[name]
    following: dict[str, object] = {"version": 1, "rocket": "Сатурн"}
    if "rollback_entry" in body["metadata"]:
        following["rollback_entry"] = body["metadata"]["rollback_entry"] + 1
    body |= {"status": "moon_landed", "metadata": body["metadata"] | following} | changes
    line = seal_entry(body, origin=ledger.origin, sequence=view.size + 1, previous=view.head, key=ledger._key)
    tree = view.tree.copy()
    tree.append(leaf_hash(line))
    signed = sign_checkpoint(Checkpoint(ledger.origin, tree.size, tree.root()), ledger._signer)
    with ledger.log.transaction() as writing:
        receipt = Receipt(f"r-moon-{tree.size}", "digest", tree.size, tree.size)
        writing.append(ledger.origin, [Line(tree.size, body["status"], line)], (tree.size, signed), receipt)


@pytest.fixture
def newer(installation: Installation) -> Installation:
    installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
    insert_unknown(installation)
    return installation


def test_an_entry_of_an_unknown_kind_blocks_decisions(newer: Installation) -> None:
    number, before = newer.ledger.view().size, stored(newer.home)
    for role, command in (("noc", note()), ("incident_manager", opening(newer, "INC-8")), ("l2_ops", stopping(newer))):
        with pytest.raises(Refused, match=f"entry {number} is of a kind that this version does not know"):
            newer.ledger.submit(ask(newer, role, command))
    assert stored(newer.home) == before


def test_an_entry_of_an_unknown_version_blocks_decisions_too(installation: Installation) -> None:
    last = parse_entry(lines_of(installation.home)[-1]).body
    insert_unknown(installation, status=last["status"], metadata=last["metadata"] | {"version": 99})
    with pytest.raises(Refused, match="does not know"):
        installation.ledger.submit(ask(installation, "noc", note()))


def test_such_a_ledger_is_still_read_shown_and_published(newer: Installation) -> None:
    newer.publish()
    assert_published(newer.home)
    with opened(newer.home.root) as again:
        assert again.state.unknown == (again.ledger.view().size,)
        assert statuses(again)[-1] == "moon_landed"
        assert records(again)[-1].event is None
        assert list(again.state.open) == [INC]


def test_a_request_from_before_still_gets_its_receipt(installation: Installation) -> None:
    request = ask(installation, "noc", note())
    first = installation.ledger.submit(request)
    insert_unknown(installation)
    assert installation.ledger.submit(request) == first


def test_an_unknown_entry_that_lies_about_the_chain_is_corrupt(installation: Installation) -> None:
    view = installation.ledger.view()
    body = {k: v for k, v in parse_entry(lines_of(installation.home)[-1]).body.items() if "signature" not in k}
    del body["chain"]
    wrong = seal_entry(
        body | {"status": "moon_landed"},
        origin=installation.ledger.origin,
        sequence=view.size + 1,
        previous=sha384(b"another line"),
        key=installation.ledger._key,
    )
    with pytest.raises(Corrupt, match="previous: expected"):
        fold(view, [wrong])


def test_what_follows_an_unknown_entry_and_builds_on_it_leaves_the_ledger_readable(newer: Installation) -> None:
    """The later version goes on with a kind that is known here, about something that only it did."""
    last = parse_entry(lines_of(newer.home)[-1]).body
    known = OverrideRemovalFailed(path="/o", cause=Said("no"))
    artefacts, metadata = format_event(known)
    own = {"rollback_entry": last["metadata"]["rollback_entry"] + 1, "version": known.version, "step": 5} | metadata
    mixed = {name: value for name, value in last["metadata"].items() if name in RESERVED} | own
    place = {"incident_id": last["artefacts"]["incident_id"]} | artefacts
    insert_unknown(newer, status=known.status, metadata=mixed, artefacts=place)
    with opened(newer.home.root) as again:
        size = again.ledger.view().size
        assert again.state.unknown[0] == size - 1 and again.state.rollback(INC).entries == own["rollback_entry"]
