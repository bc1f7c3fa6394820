"""``stage4 silences``: who mutes Stage4 alerts until when, at every member of the Alertmanager cluster."""

from __future__ import annotations

from typing import Any

import click

from ledger.app.reading.muting import Shown, who_mutes
from ledger.app.reading.silences import muting_json
from ledger.cli.context import EXIT_UNREACHABLE, Session, stage4_command


@click.command()
@stage4_command
def silences(session: Session) -> None:
    """Who mutes Stage4 alerts until when: every silence that mutes them or can, at every member of Alertmanager.

    Exit status 3 where a member did not say all: then more may mute.

    \b
    stage4 silences
    stage4 silences --json
    """
    installation = session.installation
    members = installation.alertmanager.look()
    page = muting_json(members, who_mutes(installation, members, Shown(installation).alerts()))
    session.answer(page, lambda: _show(session, page))
    if not page["whole"]:
        raise SystemExit(EXIT_UNREACHABLE)


def _show(session: Session, page: dict[str, Any]) -> None:
    for one in page["muting"]:
        until = one["ends_at"][:16].replace("T", " ")
        whose = f"of {one['rollback']}" if one["rollback"] else f"by {one['created_by']}"
        more = ", to be ended" if one["to_be_ended"] else ""
        session.console.print(f"{one['silence_id']}  until {until} UTC, {whose}{more}", markup=False)
        for line in (one["comment"], " ".join(one["matchers"]), "at " + ", ".join(one["members"]), _effect(one)):
            session.console.print(f"    {line}", markup=False)
    known = [seen["name"] for seen in page["members"] if not seen["not_known"]]
    if not page["muting"]:
        session.console.print(f"no silence mutes Stage4 alerts, by {', '.join(known) or 'nobody'}", markup=False)
    for seen in page["members"]:
        for why in seen["not_known"]:
            session.console.print(f"? not known: {why}", markup=False)


def _effect(one: dict[str, Any]) -> str:
    return f"mutes now: {', '.join(one['mutes'])}" if one["mutes"] else "can mute: none of the alerts that fire now"
