"""How things look in a terminal: shape, word and colour say the same."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ledger.app.durations import format_duration
from ledger.app.words import ROLES, codes_by_name
from ledger.domain.moments import clock_or_day

MARKS = {
    "pass": ("✔", "green"),
    "fail": ("✘", "red"),
    "error": ("!", "red"),
    "inconclusive": ("?", "yellow"),
    "lapsed": ("↻", "yellow"),
    "waived": ("–", "yellow"),
    "accepted": ("≈", "yellow"),
    None: ("·", "dim"),
}


def verdict_text(verdict: str | None) -> Text:
    """``✔ pass`` in green and so on; a dot where there is none yet."""
    mark, style = MARKS.get(verdict, MARKS[None])
    return Text(f"{mark} {verdict or ''}".strip(), style=style)


def show_rollback(console: Console, page: dict[str, Any], on_duty: dict[str, Any] | None = None) -> None:
    """The checklist with what comes next."""
    console.print(f"[bold]{page['rollback']}[/]  {page['purpose']}, {page['phase']}", markup=True)
    console.print(f"  {page['reason']}", markup=False)
    if page["emergency_entry"]:
        console.print(f"  emergency declared by entry {page['emergency_entry']}", style="yellow")
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for title in ("step", "", "verdict", "by", "at (UTC)", "entry"):
        table.add_column(title, style=None, header_style="dim")
    for step in page["steps"]:
        table.add_row(
            str(step["step"]),
            step["title"],
            verdict_text(step["verdict"]),
            step["by"] or Text(ROLES[step["role"]], style="dim"),
            step["at"][11:19] if step["at"] else "",
            str(step["entry"] or ""),
        )
        for reason in step["reasons"]:
            table.add_row("", Text(f"  {reason}", style="yellow"), "", "", "", "")
    console.print(table)
    for pending in page["pending"]:
        console.print(f"pending: {pending['effect']} asked for by entry {pending['entry']}", style="yellow")
    for debt in page["owed"]:
        console.print(f"owed  {owed_text(debt)}", markup=False, style="yellow")
    for line in page["next"]:
        console.print(f"next  {codes_by_name(line)}", markup=False, style="bold")
        if duty := (on_duty or page.get("on_duty", {})).get(line.partition(":")[0]):
            console.print(f"      {duty['sentence']}", markup=False, style=None if _sure(duty) else "yellow")
    _show_paper(console, [line for step in page["steps"] for line in step["paper"]])
    if page["duration_min"] is not None:
        console.print(f"duration {page['duration_min']} min, from the first stop to the restore")


def owed_text(debt: dict[str, Any]) -> str:
    """What is owed, by whom, since when."""
    who = ROLES.get(debt["who"], codes_by_name(debt["who"]))
    return f"{debt['what']} ({who}), since {debt['since'][:16].replace('T', ' ')} UTC"


def _show_paper(console: Console, lines: list[str]) -> None:
    if lines:
        console.print("or the runbook's own lines:", style="dim")
    for line in lines:
        console.print(f"  {line}", markup=False, style="dim")


def show_status(console: Console, page: dict[str, Any]) -> None:
    """Declared, commanded, observed: one line each, unknown and drift never in green."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0), show_edge=False)
    for title in ("", "declared", "commanded", "observed", "age"):
        table.add_column(title, header_style="dim")
    for name in ("scheduler", "override"):
        row = page[name]
        table.add_row(name, row["declared"], row["commanded"] or "-", _observed(row), _age(row))
    for row in page["silences"]:
        observed = row["observed"] or ("not known" if row["id"] else "-")
        ends = f"until {_utc(row['ends_at'], page['at'])}" if row["ends_at"] else "-"
        table.add_row(f"silence {row['rollback']}", row["declared"], ends, observed, _age(row))
    console.print(table)
    _show_alerts(console, page)
    muted = page["muted"]
    console.print(
        f"muting     {muted['sentence']}", style="yellow" if muted["verdict"] != "muted" else None, markup=False
    )
    console.print(f"ledger     {page['entries']} entries, last {_last(page)}, head {page['head'][:23]}…")
    _show_standing(console, page)
    _show_duty(console, page["on_duty"])
    for sentence in page["drift"]:
        console.print(f"DRIFT      {sentence}", style="bold red", markup=False)
    for one in page["unsent"]:
        console.print(f"messages   {one['sentence']}", style="bold red", markup=False)
    if page["unknown_entries"]:
        console.print(f"entries of unknown kinds: {page['unknown_entries']}", style="bold red")
    for rollback in page["rollbacks"]:
        console.print()
        show_rollback(console, rollback, page["on_duty"])
    for debt in page["owed_by_closed"]:
        console.print(f"owed       {debt['rollback']}: {owed_text(debt)}", markup=False, style="yellow")
    if not page["rollbacks"]:
        console.print("no rollback is open. To open one: stage4 rollback open --ticket INC-1 --reason …", style="dim")


def _show_duty(console: Console, on_duty: dict[str, Any]) -> None:
    for role, duty in on_duty.items():
        told = f"on duty    {ROLES.get(role, role)}: {duty['sentence']}"
        console.print(told, markup=False, style=None if _sure(duty) else "yellow")


def _sure(duty: dict[str, Any]) -> bool:
    """Whether somebody is on duty who may act."""
    return duty["state"] == "known" and all(one["holds_the_role"] for one in duty["on_duty"])


def show_outside(console: Console, page: dict[str, Any]) -> None:
    """What is seen, where nothing can be said of what is declared."""
    override, scheduler = page["override"], page["scheduler"]
    mode = f", {override['mode']}" if override["mode"] else ""
    console.print(f"override   {override['observed']}{mode}: {override['path']}", markup=False)
    why = f": {scheduler['error']}" if scheduler["error"] else ""
    console.print(f"scheduler  {scheduler['observed']}{why}", markup=False)
    _show_alerts(console, page)


def _show_alerts(console: Console, page: dict[str, Any]) -> None:
    alerts = page["alerts"]
    known = alerts["error"] is None
    console.print(
        f"alerts     {alerts['firing']} firing, {alerts['critical']} critical"
        if known
        else f"alerts     {alerts['error']}",
        style=None if known and not alerts["critical"] else "yellow",
        markup=False,
    )


def _show_standing(console: Console, page: dict[str, Any]) -> None:
    if page["behind"]:
        console.print(f"BEHIND     {page['behind']}", style="bold red", markup=False)
    if not page["published"]["ok"]:
        console.print(f"UNPUBLISHED {page['published']['why']}", style="bold red", markup=False)
    if page["read_from"]["name"] != "store":
        console.print(
            f"read from  {page['read_from']['name']}: {page['read_from']['why']}", style="yellow", markup=False
        )


def _utc(moment: str, now: str) -> str:
    return f"{clock_or_day(datetime.fromisoformat(moment), datetime.fromisoformat(now))} UTC"


def _last(page: dict[str, Any]) -> str:
    """How long ago the last entry was made, by the wall clock; and what stands in it where that is later."""
    age, made, stamped = (page[f"last_entry_{name}"] for name in ("age_seconds", "at", "stamped"))
    if age < -5:
        return f"at {made[:19].replace('T', ' ')} UTC, which is still to come by this clock (see: stage4 doctor)"
    ago = f"{format_duration(max(0, age))} ago"
    return (
        ago if stamped == made else f"{ago} (recorded as {stamped[:19].replace('T', ' ')}: an earlier entry is later)"
    )


def _observed(row: dict[str, Any]) -> Text:
    wanted = {"disabled": "disabled", "enabled": "enabled", "present": "file", "absent": "absent"}[row["declared"]]
    style = "green" if row["observed"] == wanted else "yellow" if row["observed"] == "unknown" else "bold red"
    return Text(str(row["observed"]), style=style)


def _age(row: dict[str, Any]) -> str:
    seconds = row.get("observed_age_seconds")
    return "-" if seconds is None else f"{format_duration(seconds)}"
