"""``stage4 oncall``: who is on duty, looked at now."""

from __future__ import annotations

import sys
from typing import Any

import click
from rich.table import Table

from ledger.app.reading.status import on_duty_json
from ledger.app.words import ROLES
from ledger.cli.context import EXIT_UNREACHABLE, Session, stage4_command
from ledger.domain.moments import clock_or_day

_DOUBTS = {
    "unnamed": "not known here",
    "unknown": "not known here",
    "left": "deactivated here",
    "lacks": "does not hold the role",
}
NONE = "no schedule is named in stage4.toml: see [oncall] in stage4 config show"


@click.command()
@stage4_command
def oncall(session: Session) -> None:
    """Who is on duty for each role, by the schedules in [oncall]. It gives no right: rights are the ledger's.

    \b
    stage4 oncall
    stage4 oncall --json
    Exit status: 0 all is known, also that nobody is on duty; 3 of some role it is not known.
    """
    installation = session.installation
    installation.oncall.look()
    page = on_duty_json(installation, session.names)
    session.answer(page, lambda: _show(session, page))
    if any(duty["state"] == "unknown" for duty in page.values()):
        sys.exit(EXIT_UNREACHABLE)


def _show(session: Session, page: dict[str, Any]) -> None:
    if not page:
        session.console.print(NONE, style="dim")
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for title in ("role", "on duty", "until (UTC)", "next", "from (UTC)", "by", "as of (UTC)"):
        table.add_column(title, header_style="dim")
    for role, duty in page.items():
        table.add_row(*_row(session, ROLES.get(role, role), duty))
    session.console.print(table)
    for role, duty in page.items():
        for why in filter(None, (duty["why_not"], duty["note"])):
            session.console.print(f"{ROLES.get(role, role)}: {why}", style="yellow", markup=False)


def _row(session: Session, role: str, duty: dict[str, Any]) -> tuple[str, ...]:
    on, following = duty["on_duty"], duty["next"]
    state = {"unknown": "not known", "nobody": "nobody", "known": ", ".join(_named(session, one) for one in on)}
    return (
        role,
        state[duty["state"]],
        _first(session, on, "until"),
        ", ".join(_named(session, one) for one in following),
        _first(session, following, "since"),
        duty["source"] or "",
        duty["looked_at"][11:19] if duty["looked_at"] else "",
    )


def _named(session: Session, one: dict[str, Any]) -> str:
    name = session.names.get(one["person"] or "", one["name"])
    return f"{name} ({_DOUBTS[one['doubt']]})" if one["doubt"] else name


def _first(session: Session, persons: list[dict[str, Any]], name: str) -> str:
    from datetime import datetime

    times = sorted(one[name] for one in persons if one[name])
    return clock_or_day(datetime.fromisoformat(times[0]), session.installation.clock()) if times else ""
