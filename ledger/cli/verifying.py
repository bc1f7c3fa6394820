"""``stage4 verify``: keys and heads from the command line, progress, findings."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ledger.app.auditing import Given, own, verify_given
from ledger.cli.context import EXIT_INCOMPLETE, EXIT_REFUSED, Session
from ledger.errors import Corrupt, LedgerError
from ledger.verify import Outcome, Report, parse_head

STATUS: dict[Outcome, int] = {"verified": 0, "not_verified": EXIT_REFUSED, "incomplete": EXIT_INCOMPLETE}
"""Outcome -> exit status."""
_VERDICTS: dict[Outcome, tuple[str, str]] = {
    "verified": ("VERIFIED", "bold green"),
    "not_verified": ("NOT VERIFIED", "bold red"),
    "incomplete": ("PROVED AS FAR AS THE CHECKPOINT", "bold yellow"),
}


def run_verify(
    session: Session,
    path: str,
    checkpoint: str | None,
    public_key: str | None,
    hmac_key_files: tuple[str, ...],
    heads: tuple[str, ...],
) -> int:
    """Verify and print; returns the exit status."""
    kept = tuple(head for head in heads if os.path.exists(head) and not os.path.isdir(head))  # noqa: PTH110, PTH112
    try:
        roots = tuple(parse_head(head) for head in heads if head not in kept)
    except Corrupt as error:
        raise click.UsageError(f"{error}, and there is no such file with a checkpoint that was kept") from error
    given = Given(path, checkpoint or "", public_key or "", hmac_key_files, roots, kept)
    if not path:
        with contextlib.suppress(LedgerError):
            session.installation.publish()  # a kill may have come between the published lines and their checkpoint
        said = {name: value for name, value in given._asdict().items() if value}
        given = own(session.installation)._replace(**said)
    with _progress(session, given.lines) as progress:
        report = verify_given(given, progress)
    session.answer(report.as_json(), lambda: _show(session, report, signed=bool(given.public_key)))
    return STATUS[report.outcome]


@contextlib.contextmanager
def _progress(session: Session, path: str) -> Iterator[Callable[[int], None] | None]:
    if session.as_json or not session.errors.is_terminal or path == "-":
        yield None
        return
    columns = (TextColumn("verifying"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=session.errors, transient=True) as bar:
        task = bar.add_task("", total=os.path.getsize(path))  # noqa: PTH202
        yield lambda read: bar.update(task, completed=read)


def _show(session: Session, report: Report, *, signed: bool) -> None:
    console, outcome = session.console, report.outcome
    for finding in report.findings:
        place = f"entry {finding.sequence}" if finding.sequence else f"line {finding.line}" if finding.line else "log"
        mark, style = ("✘", "red") if finding.accuses else ("?", "yellow")
        console.print(f"{mark} {place}: {finding.cause}: {finding.sentence}", style=style, markup=False)
        if finding.accuses and (finding.expected or finding.found):
            console.print(f"    expected {finding.expected}\n    found    {finding.found}", markup=False)
    for sentence in report.checked:
        console.print(f"✔ {sentence}", style="green" if outcome != "not_verified" else None, markup=False)
    for sentence in report.not_checked:
        console.print(f"? {sentence}", style="yellow", markup=False)
    verdict, style = _VERDICTS[outcome]
    if outcome == "incomplete" and not signed:
        verdict = "AGREES AS FAR AS THE CHECKPOINT"
    counted = {
        "verified": f"{report.entries} entries",
        "not_verified": f"{len(report.findings)} findings  {report.entries} entries",
        "incomplete": f"{report.proved} of {report.entries} entries",
    }[outcome]
    separator = ": " if outcome == "not_verified" else "  "
    console.print(f"{verdict}{separator}{counted}", style=style)
