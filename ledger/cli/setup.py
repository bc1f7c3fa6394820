"""``stage4 setup``: the setup list, looked at now."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ledger.app.oncall.watch import SHORT
from ledger.app.setup_list.items import ITEMS
from ledger.app.setup_list.look import look
from ledger.app.setup_list.standing import Standing, standings, upcoming
from ledger.cli.context import EXIT_INCOMPLETE, EXIT_REFUSED, Session, by_name, stage4_command
from ledger.files import read_small

_LONGEST = 64 * 1024
_MARKS = {"done": ("✔", "green"), "not_yet": ("○", None), "broken": ("✘", "red")}
_WORDS = {"done": "done", "not_yet": "not yet", "broken": "does not work"}


@click.command()
@click.option("--head", default="", metavar="N:ROOT|FILE", help="A head or a checkpoint that was kept elsewhere.")
@stage4_command
def setup(session: Session, head: str) -> None:
    """What is to be set up before the first night, each with what is seen of it now.

    Servers, people, a test of the stop, a first drill, a head that is kept elsewhere: for each how it stands, why, and
    the lines to put into stage4.toml or to type. Looking changes nothing.

    \b
    stage4 setup
    stage4 setup --head /media/elsewhere/kept.checkpoint
    Exit status: 0 all is done, 1 something does not work, 4 something is left to do.
    """
    installation = session.installation
    kept = read_small(Path(head), _LONGEST).decode("utf-8", "replace") if Path(head).is_file() else head
    looked = {item.name: look(installation, item.name, head=kept) for item in ITEMS}
    installation.oncall.look(SHORT)
    listed = standings(installation, looked)
    session.answer(_page(listed), lambda: _show(session, listed))
    if any(standing.state == "broken" for standing in listed):
        sys.exit(EXIT_REFUSED)
    if upcoming(listed):
        sys.exit(EXIT_INCOMPLETE)


def _page(listed: tuple[Standing, ...]) -> dict[str, Any]:
    following = upcoming(listed)
    items = [
        {
            "name": standing.item.name,
            "title": standing.item.title,
            "state": standing.state,
            "found": [check._asdict() for check in standing.findings],
            "seen_at": standing.at.isoformat() if standing.at else None,
            "seen_by": standing.by or None,
            "place": standing.item.place,
            "lines": standing.lines,
        }
        for standing in listed
    ]
    done = sum(standing.state == "done" for standing in listed)
    return {"items": items, "done": done, "of": len(listed), "next": following.item.name if following else None}


def _show(session: Session, listed: tuple[Standing, ...]) -> None:
    console, following = session.console, upcoming(listed)
    for number, standing in enumerate(listed, 1):
        mark, style = _MARKS[standing.state]
        console.print(f"{number} {mark} {standing.item.title}: {_WORDS[standing.state]}", style=style, markup=False)
        for check in standing.findings:
            console.print(f"      {by_name(check.found, session.names)}", markup=False)
            if check.remedy:
                console.print(f"      → {check.remedy}", markup=False)
        if standing.at and standing.by:
            who = session.names.get(standing.by, standing.by)
            console.print(f"      seen {standing.at:%Y-%m-%d %H:%M:%S} UTC by {who}", markup=False)
        if standing is following:
            _lines(session, standing)
    done = sum(standing.state == "done" for standing in listed)
    left = f"next: {following.item.title}" if following else "nothing is left to do"
    console.print(f"{done} of {len(listed)} done; {left}", markup=False)
    if following:
        console.print("To try it without servers of your own: stage4 demo --home DIR", markup=False)


def _lines(session: Session, standing: Standing) -> None:
    """What is to be done next, ready to be copied."""
    where = f"put into {session.installation.home.config}" if standing.item.place == "stage4.toml" else "type"
    session.console.print(f"      {standing.item.why} So {where}:", markup=False)
    for line in standing.lines.splitlines():
        session.console.print(f"        {line}".rstrip(), markup=False)
