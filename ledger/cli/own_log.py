"""The stage's own log seen from ``verify_decision_log.py summary``: what is appended there goes through the ledger."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ledger.app.home.folders import Home
from ledger.app.installation import Installation, open_home
from ledger.app.people.directory import terminal_actor
from ledger.app.press import Press
from ledger.app.steps import closing
from ledger.decision_log.write import Summary, for_ledger
from ledger.domain.keeping.commands import KeepLog, RecordSummary
from ledger.domain.rules import require_ready
from ledger.errors import Refused

CLOSING = "rollback_completed"


class LedgerLog:
    """The published log of an installation."""

    def __init__(self, installation: Installation) -> None:
        self._installation = installation

    @property
    def stage(self) -> str:
        """The stage's name."""
        return self._installation.config.stage

    def before(self, status: str, artefacts: dict[str, str]) -> None:
        """``Refused`` with what is owed where the rollback is not ready to be closed."""
        if status == CLOSING:
            require_ready(self._installation.rollback(self._named(artefacts.get("incident_id", ""))), 6)

    def append(self, summary: Summary) -> str:
        """Close a rollback (status ``rollback_completed``), or record an outside summary; returns a sentence.

        That the entries could not be published is said on standard error.
        """
        sentence = self._append(summary)
        if why := self._installation.publication.why:
            click.echo(f"verify_decision_log.py: {why}", err=True)
        return sentence

    def _append(self, summary: Summary) -> str:
        plain = for_ledger(summary)
        installation = self._installation
        press = Press(terminal_actor(installation.home, installation.state, os.environ.get("STAGE4_AS", "")))
        claims = _claims(plain)
        if plain.status != CLOSING:
            receipt = installation.submit(RecordSummary(external_status=plain.status, claims=claims), press)
            return f"recorded as entry {receipt.last} of {installation.home.published}"
        incident = plain.artefacts.get("incident_id", "")
        rollback = installation.rollback(self._named(incident))
        outcome = closing.complete(
            installation,
            press,
            rollback,
            summary_sha384=str(plain.artefacts.get("summary_sha384", "")),
            incident_id=incident,
            duration_min=_minutes(plain.metadata.get("duration_min")),
            claims=claims,
        )
        entry = installation.state.sequence
        sentence = f"{outcome.rollback.id} is {outcome.rollback.phase}: entry {entry} of {installation.home.published}"
        digest = installation.keep(sentence + "\n")
        log = KeepLog(program="verify_decision_log.py", exit_status=0, log_sha384=digest)
        installation.submit(log, press, outcome.rollback.id)
        return sentence

    def _named(self, incident: str) -> str:
        """The open rollback of a ticket or id; "" where none was given."""
        if not incident:
            raise Refused("rollback_completed needs the rollback: add --artefact incident_id=<ID>")
        running = self._installation.state.open
        ids = [rollback.id for rollback in running.values() if incident in (rollback.id, rollback.ticket)]
        return ids[0] if len(ids) == 1 else incident


def _claims(summary: Summary) -> dict[str, Any]:
    """What was typed and the ledger does not vouch for."""
    metadata = {name: value for name, value in summary.metadata.items() if name != "duration_min"}
    artefacts = {
        name: value for name, value in summary.artefacts.items() if name not in ("incident_id", "summary_sha384")
    }
    claims: dict[str, Any] = {
        "artefacts": artefacts,
        "metadata": metadata,
        "runtime_flags": dict(summary.runtime_flags),
        "tags": [tag for tag in summary.tags if tag != "rollback"],
        "timestamp": summary.timestamp,
    }
    return {name: value for name, value in claims.items() if value}


def _minutes(value: Any) -> int | None:
    if value is None:
        return None
    if type(value) is not int or value < 0:
        raise Refused(f"duration_min is to be whole minutes, found {value!r}")
    return value


def find_own_log(path: Path) -> LedgerLog | None:
    """The installation whose published log this is, whatever way the path was typed; None for any other file."""
    home = Home(Path(os.environ.get("STAGE4_HOME") or "."))
    if not home.store.exists() or path.resolve() != home.published.resolve():
        return None
    return LedgerLog(open_home(home.root))
