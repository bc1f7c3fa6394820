"""A home whose ledger is long: whole rollbacks one after another, the last one open and being watched."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.folders import Home
from ledger.app.home.setup import make_keys, open_stage
from ledger.app.installation import Installation, now, open_home
from ledger.app.people.directory import Person
from ledger.domain.keeping.commands import AddNote
from ledger.domain.people.commands import AddPerson
from ledger.domain.stopping.commands import CheckScheduler
from ledger.domain.watching.commands import StartWatch
from ledger.files import make_folder, place_exclusive
from ledger.proof.canonical import parse_canonical
from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.merkle import Tree, leaf_hash
from ledger.store.contract import Log
from ledger.store.open import open_log
from ledger.store.values import Line, Receipt
from tests.verify.builders import BY, EVIDENCE, PEOPLE, Ledger, digest

FIRST, OPEN = "INC-1000", "INC-9042"
"""The first rollback of all, and the one that is open."""
NOTES = 40
"""Notes in each rollback, so that a ledger of 100,000 entries holds about 1,500 rollbacks."""
_BATCH = 2_000
_ROLLBACK = timedelta(minutes=25)


def build(root: Path, entries: int, starter: str, told: Callable[[int], None] = lambda _: None) -> Installation:
    """Make a home with about ``entries`` entries, all decided and signed as ever; ``told`` hears how many there are.

    ``starter`` is its ``stage4.toml``. People are those of the tests, and an auditor.
    """
    home = Home(root)
    make_folder(home.root, 0o755)
    place_exclusive(home.config, starter.encode(), 0o644)
    config = settings.load(home.config)
    signer = make_keys(home, config)
    key_id = keys.new_key_id(config.stage, now())
    key = keys.read_hmac_key(home.path(config.signing.hmac_key_file), key_id, config.signing.hmac_algorithm)
    begun = now() - _ROLLBACK * (entries / (27 + NOTES) + 20)
    made = Ledger(origin=signer.name, key=key, signer=signer, stage=config.stage, now=begun).open()
    made.do(AddPerson(person="p-aud17", roles=("auditor",)), BY["admin"])
    log, tree, written = open_log(home.store, create=True), Tree(), 0
    for number in itertools.count(1000):
        if len(made.lines) - written >= _BATCH or len(made.lines) >= entries:
            written = _write(log, made, tree, written)
            told(written)
        if written >= entries:
            break
        _rollback(made, f"INC-{number}")
    made.now = datetime.now(UTC) - timedelta(minutes=10)
    _half(made, OPEN)
    _write(log, made, tree, written)
    log.close()
    installation = open_home(root)
    for data in EVIDENCE.values():
        installation.keep(data)
    for role in (*PEOPLE.values(), "admin"):
        installation.people.put(Person(BY[role].person, role.replace("_", " ").title(), None))
    installation.people.put(Person("p-aud17", "Auditor", None))
    installation.publish()
    for stage in settings.other_stages(config):
        open_stage(root, settings.for_stage(config, stage), "production").ledger.log.close()
    return installation


def _rollback(made: Ledger, ticket: str) -> None:
    """A whole rollback with notes of many words in it."""
    made._announce_and_stop(ticket)  # noqa: SLF001 (the builder's own steps, with notes between them)
    for number in range(NOTES):
        text = f"desk {number} of {ticket} informed by telephone, books flat, nothing unusual on venue {number % 7}"
        made.do(AddNote(text=text), BY["noc"], ticket)
    made._silence(ticket)  # noqa: SLF001
    made._watch(ticket)  # noqa: SLF001
    made._restore(ticket)  # noqa: SLF001


def _half(made: Ledger, ticket: str) -> None:
    """A rollback that is being watched."""
    made._announce_and_stop(ticket)  # noqa: SLF001
    made._silence(ticket)  # noqa: SLF001
    made.do(CheckScheduler(seen=made.scheduler("disabled", 40), log_sha384=digest("log")), BY["l2_ops"], ticket)
    start = StartWatch(starts_at=made.now, duration_seconds=3600, headers_sha384=digest("h"))
    made.do(start, BY["noc"], ticket)


def _write(log: Log, made: Ledger, tree: Tree, written: int) -> int:
    """Append what is new, each entry with its checkpoint and receipt, in one transaction; how many there are."""
    with log.transaction(30) as writing:
        for number, line in enumerate(made.lines[written:], written + 1):
            body = parse_canonical(line)
            tree.append(leaf_hash(line))
            note = sign_checkpoint(Checkpoint(made.origin, number, tree.root()), made.signer)
            receipt = Receipt(body["metadata"]["request_id"], hashlib.sha256(line).hexdigest(), number, number)
            writing.append(made.origin, [Line(number, body["status"], line)], (number, note), receipt)
    return len(made.lines)
