"""``stage4 silences``: who mutes Stage4 alerts until when, at every member of the Alertmanager cluster."""

from __future__ import annotations

from typing import Any

import click

from ledger.adapters.shapes import LONGEST, line
from ledger.app.reading.muting import Shown, unlisted, who_mutes
from ledger.app.reading.silences import muting_json
from ledger.cli.context import EXIT_UNREACHABLE, Session, stage4_command


@click.command()
@stage4_command
def silences(session: Session) -> None:
    """Who mutes Stage4 alerts until when: every silence that mutes them or can, at every member of Alertmanager.

    Exit status 3 where a member did not say all, or does not list what it says mutes: then more may mute.

    \b
    stage4 silences
    stage4 silences --json
    """
    installation = session.installation
    members = installation.alertmanager.look()
    muting = who_mutes(installation, members, Shown(installation).alerts())
    page = muting_json(members, muting, unlisted(installation, members))
    session.answer(page, lambda: _show(session, page))
    if not page["whole"]:
        raise SystemExit(EXIT_UNREACHABLE)


def _show(session: Session, page: dict[str, Any]) -> None:
    for silence in page["muting"]:
        until = silence["ends_at"][:16].replace("T", " ")
        whose = f"of {silence['rollback']}" if silence["rollback"] else f"by {line(silence['created_by'])}"
        more = ", to be ended" if silence["to_be_ended"] else ""
        begins = f"from {silence['begins_at'][:16].replace('T', ' ')} UTC " if silence.get("begins_at") else ""
        session.console.print(f"{silence['silence_id']}  {begins}until {until} UTC, {whose}{more}", markup=False)
        lines = (
            silence["comment"],
            " ".join(silence["matchers"]),
            "at " + ", ".join(silence["members"]),
            _effect(silence),
        )
        for told in lines:
            session.console.print(f"    {line(told, LONGEST)}", markup=False)
    for silence in page.get("unlisted", ()):
        where = ", ".join(silence["members"])
        session.console.print(
            f"{silence['silence_id']}  until when is not known: not in the list of {where}", markup=False
        )
        session.console.print(f"    {_effect(silence)}", markup=False)
    for cause in page.get("otherwise", ()):
        told = f"{', '.join(cause['mutes'])}: {cause['how']}, at {', '.join(cause['members'])}"
        session.console.print(line(told, LONGEST), markup=False)
    known = [seen["name"] for seen in page["members"] if not seen["not_known"]]
    if not any(page.get(name) for name in ("muting", "unlisted", "otherwise")) and known:
        session.console.print(f"no silence mutes Stage4 alerts, by {', '.join(known)}", markup=False)
    for seen in page["members"]:
        for why in seen["not_known"]:
            session.console.print(f"? not known: {why}", markup=False)


def _effect(silence: dict[str, Any]) -> str:
    return (
        f"mutes now: {', '.join(silence['mutes'])}"
        if silence["mutes"]
        else "can mute: none of the alerts that fire now"
    )
