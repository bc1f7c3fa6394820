"""``doctor``: what is wrong with an installation, and what to do about it. Looks only; changes nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Iterator
from importlib.metadata import version
from itertools import zip_longest
from pathlib import Path
from typing import Literal

from ledger.adapters.dashboard import load_panels
from ledger.app import reverse_proxy as front
from ledger.app.doctor import machine as doctor_machine
from ledger.app.doctor.alertmanager import look_at_labels, look_at_members
from ledger.app.doctor.check import Check, remedy_for
from ledger.app.doctor.oncall import look_at_schedules
from ledger.app.doctor.servers import look_at_folder, look_at_prometheus, look_at_scheduler
from ledger.app.home import config as settings
from ledger.app.home import parts
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, open_home
from ledger.app.people.accounts import Accounts, accounts_file
from ledger.app.people.staff import first_account, first_account_command
from ledger.app.reading.condition import condition
from ledger.app.soundness import Soundness
from ledger.app.soundness import examine as examine_ledger
from ledger.app.soundness.found import FURTHER
from ledger.app.steps.pictures import INSTALL, cannot_draw
from ledger.app.telling.connections import connections, look_at
from ledger.app.telling.standing import unsent
from ledger.errors import LedgerError

_SPACE = 200 * 1024 * 1024


def examine(root: Path) -> list[Check]:
    """All checks of a home, in the order in which one would mend them."""
    checks = [_versions(), *_unmade(root), *_soundness(root)]
    try:
        installation = open_home(root)
    except LedgerError as error:
        if not {"ledger", "keys"} & {check.name for check in checks}:
            checks.append(Check("ledger", "problem", str(error)))
        return checks
    for look in (
        _people,
        _ledger,
        _reading,
        _disk,
        _machine,
        _folders,
        _spool,
        _scheduler,
        _prometheus,
        _alertmanager,
        _labels,
        _connections,
        _oncall,
        _pictures,
        _account,
        _front,
    ):
        try:
            checks.extend(look(installation))
        except LedgerError as error:
            name = look.__name__.strip("_")
            checks.append(Check(name, "problem", str(error), remedy_for(str(error))))
    installation.ledger.log.close()
    return checks


def _unmade(root: Path) -> list[Check]:
    """What ``init`` makes and is not there. What cannot be read is told when the home is opened."""
    try:
        gaps = parts.unmade(root, settings.load(Home(root).config))
    except LedgerError:
        return []
    return [_missing(gap) for gap in gaps if not gap.remedy.startswith(parts.ESCROW)]  # lost keys: with the ledger


def _missing(part: parts.Missing) -> Check:
    return Check(part.name, "problem" if part.grave else "warning", part.found, part.remedy)


def _people(installation: Installation) -> Iterator[Check]:
    yield from map(_missing, parts.unnamed(installation.home, installation.state))


def _versions() -> Check:
    parts = ", ".join(f"{name} {version(name)}" for name in ("stage4-ledger", "eventsourcing", "cryptography"))
    return Check("versions", "ok", f"Python {sys.version.split()[0]}, {parts}")


def _soundness(root: Path) -> Iterator[Check]:
    """The ledger itself, read as it stands: a cross for each finding, a tick for what holds."""
    try:
        soundness = examine_ledger(root)
    except LedgerError:
        return  # opening the home says why, and what to do
    for finding, after in zip_longest(soundness.findings, soundness.findings[1:]):
        told = finding.sentence if finding.place in finding.sentence else f"{finding.sentence} ({finding.place})"
        yield Check(
            _named(finding.ledger, finding.part, soundness),
            "problem",
            told,
            "" if after and after.remedy == finding.remedy else finding.remedy,
        )
    for note in soundness.notes:
        yield Check(note.part, "warning", note.sentence)
    wrong = {(finding.ledger, finding.part) for finding in soundness.findings}
    wrong |= {(finding.ledger, "published") for finding in soundness.findings if finding.cause in FURTHER}
    for looked in soundness.ledgers:
        if looked.report is None:
            continue  # nothing of it was read
        whose = "" if looked is soundness.ledgers[0] else f"{looked.ledger}: "
        for part, text in (
            ("store", f"{looked.rows} rows, by form, chain, signatures and the rules of the runbook"),
            ("checkpoints", f"{looked.checkpoints}, each signed over exactly its rows"),
            ("published", f"{looked.published} lines as in the store, checkpoint and verifier key"),
            ("artefacts", f"{looked.artefacts} with their digests, {looked.erased} erased by two people"),
        ):
            named = part != "artefacts" or looked.artefacts or looked.erased
            if named and (looked.ledger, part) not in wrong:
                yield Check(_named(looked.ledger, part, soundness), "ok", f"{whose}{text}")


def _named(ledger: str, part: str, soundness: Soundness) -> str:
    """The part, of another ledger than the home's own with that ledger's name before it."""
    return part if not soundness.ledgers or ledger == soundness.ledgers[0].ledger else f"{ledger} {part}"


def _ledger(installation: Installation) -> Iterator[Check]:
    view = installation.ledger.view()
    yield Check("keys", "ok", "both keys are there, mode 600, and signed this ledger")
    snapshots = installation.ledger.snapshots
    if snapshots and snapshots.dropped:
        remedy = "nothing is to be done: the next one is made from the entries. If nobody updated, ask who wrote there"
        yield Check("snapshot", "warning", f"{installation.home.snapshot}: {snapshots.dropped}", remedy)
    elif snapshots and snapshots.size:
        yield Check("snapshot", "ok", f"commands read on from entry {snapshots.size}; this one read everything")
    if view.state.unknown:
        yield Check(
            "ledger",
            "problem",
            f"entries of unknown kinds: {view.state.unknown}",
            "install the version that wrote them; the stop works meanwhile",
        )


def _reading(installation: Installation) -> Iterator[Check]:
    """Where the store can only be read here, or not even that."""
    if why := condition(installation, settled=True).reading:
        yield Check("reading", "warning", why, "make room, or mount the disk for writing")


def _connections(installation: Installation) -> Iterator[Check]:
    """Each connection: what it did not take, else what a look at it finds. Nothing is sent."""
    late = unsent(installation)
    for one in late:
        retried = "retry or give it up: stage4 connections" if one.refused else "mend what it says; it is tried again"
        yield Check(one.connection, "problem", one.sentence, retried)
    for connection in connections(installation):
        if connection.name not in {one.connection for one in late if not one.refused}:
            seen = look_at(connection)
            yield Check(connection.name, seen.state, seen.found, seen.remedy)


def _disk(installation: Installation) -> Iterator[Check]:
    free = shutil.disk_usage(installation.home.root).free
    state: Literal["ok", "problem"] = "ok" if free > _SPACE else "problem"
    yield Check(
        "disk", state, f"{free // 2**20} MiB free", "" if state == "ok" else "make room: writes will be refused"
    )


def _machine(installation: Installation) -> Iterator[Check]:
    yield from doctor_machine.look(installation)


def _folders(installation: Installation) -> Iterator[Check]:
    yield from look_at_folder(installation)


def _spool(installation: Installation) -> Iterator[Check]:
    waiting = list(installation.home.spool.glob("stop-*.json"))
    if waiting:
        yield Check("spool", "warning", f"{len(waiting)} stops wait to be taken in", "run: stage4 observe")


def _scheduler(installation: Installation) -> Iterator[Check]:
    yield from look_at_scheduler(installation)


def _prometheus(installation: Installation) -> Iterator[Check]:
    yield from look_at_prometheus(installation)


def _alertmanager(installation: Installation) -> Iterator[Check]:
    """Every member: whether it answers, what of its answer cannot be read, its clock."""
    yield from look_at_members(installation)


def _labels(installation: Installation) -> Iterator[Check]:
    yield from look_at_labels(installation)


def _oncall(installation: Installation) -> Iterator[Check]:
    yield from look_at_schedules(installation)


def _pictures(installation: Installation) -> Iterator[Check]:
    if own := installation.dashboard:
        try:
            load_panels(own)
        except LedgerError as error:
            yield Check("pictures", "problem", str(error), "set [dashboard] file in stage4.toml to a file with panels")
    if why := cannot_draw():
        yield Check("pictures", "warning", f"{why}: watches are judged without a picture, which closing needs", INSTALL)


def _front(installation: Installation) -> Iterator[Check]:
    if seen := front.noted(installation.home, installation.clock()):
        yield Check("proxy", "warning", front.describe(seen), front.remedy(seen))


def _account(installation: Installation) -> Iterator[Check]:
    if not accounts_file(installation.home).exists():  # looking makes none
        yield Check("dashboard", "warning", "nobody has an account for it", first_account_command(installation))
    elif command := first_account(installation, Accounts(installation.home, installation.clock)):
        yield Check("dashboard", "warning", "nobody has an account for it", command)
