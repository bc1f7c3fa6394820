"""``stage4 verify`` of a log that is given: keys and heads from the command line, progress, findings."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ledger.app.auditing import Given, own, verify_given
from ledger.cli.context import Session
from ledger.cli.own_home import verify_home
from ledger.errors import Corrupt
from ledger.verify import Report, parse_head


def run_verify(
    session: Session,
    path: str,
    checkpoint: str | None,
    public_key: str | None,
    hmac_key_files: tuple[str, ...],
    heads: tuple[str, ...],
) -> int:
    """Verify and print; returns the exit status."""
    try:
        kept = tuple(parse_head(head) for head in heads)
    except Corrupt as error:
        raise click.UsageError(str(error)) from error
    given = Given(path, checkpoint or "", public_key or "", hmac_key_files, kept)
    if not path and not (checkpoint or public_key or hmac_key_files):
        return verify_home(session, kept)
    if not path:
        said = {name: value for name, value in given._asdict().items() if value}
        given = own(session.installation)._replace(**said)
    with _progress(session, given.lines) as progress:
        report = verify_given(given, progress)
    session.answer(report.as_json(), lambda: _show(session, report))
    return 0 if report.verified else 1


@contextlib.contextmanager
def _progress(session: Session, path: str) -> Iterator[Callable[[int], None] | None]:
    if session.as_json or not session.errors.is_terminal or path == "-":
        yield None
        return
    columns = (TextColumn("verifying"), BarColumn(), DownloadColumn())
    with Progress(*columns, console=session.errors, transient=True) as bar:
        task = bar.add_task("", total=os.path.getsize(path))  # noqa: PTH202
        yield lambda read: bar.update(task, completed=read)


def _show(session: Session, report: Report) -> None:
    console = session.console
    for finding in report.findings:
        place = f"entry {finding.sequence}" if finding.sequence else f"line {finding.line}" if finding.line else "log"
        console.print(f"✘ {place}: {finding.cause}: {finding.sentence}", style="red", markup=False)
        if finding.expected or finding.found:
            console.print(f"    expected {finding.expected}\n    found    {finding.found}", markup=False)
    for sentence in report.checked:
        console.print(f"✔ {sentence}", style="green" if report.verified else None, markup=False)
    for sentence in report.not_checked:
        console.print(f"? {sentence}", style="yellow", markup=False)
    verdict = "VERIFIED" if report.verified else f"NOT VERIFIED: {len(report.findings)} findings"
    console.print(f"{verdict}  {report.entries} entries", style="bold green" if report.verified else "bold red")
