"""``stage4 verify``: keys and heads from the command line, progress, findings."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import click
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn

from ledger.app.home import Home
from ledger.app.keys import verifier_path
from ledger.cli.context import Session
from ledger.errors import Corrupt, LedgerError, Refused
from ledger.files import read_bounded
from ledger.proof.entry import HMAC_DIGESTS, HmacKey
from ledger.proof.note import Verifier, parse_verifier
from ledger.verify import Report, open_log, parse_head, verify

_LIMIT = 64 * 1024


def run_verify(
    session: Session,
    path: str,
    checkpoint: str | None,
    public_key: str | None,
    hmac_key_files: tuple[str, ...],
    heads: tuple[str, ...],
) -> int:
    """Verify and print; returns the exit status."""
    if not path:
        with contextlib.suppress(LedgerError):
            session.installation.publish()  # a kill may have come between the published lines and their checkpoint
        home = Home(session.root, session.installation.config.stage)
        path, checkpoint = str(home.published), checkpoint or str(home.published_checkpoint)
        public_key = public_key or str(verifier_path(home.path(session.installation.config.checkpoint_key_file)))
        hmac_key_files = hmac_key_files or (str(home.path(session.installation.config.hmac_key_file)),)
    try:
        kept = [parse_head(head) for head in heads]
    except Corrupt as error:
        raise click.UsageError(str(error)) from error
    # The checkpoint first, then the lines: a ledger that grows meanwhile then has lines beyond it, never too few.
    note = read_bounded(Path(checkpoint), _LIMIT) if checkpoint else None
    with open_log(path) as lines, _progress(session, path) as progress:
        report = verify(
            lines,
            checkpoint=note,
            verifier=_verifier(public_key) if public_key else None,
            hmac_keys=[key for file in hmac_key_files for key in _hmac_keys(file)],
            heads=kept,
            progress=progress,
        )
    session.answer(report.as_json(), lambda: _show(session, report))
    return 0 if report.verified else 1


def _verifier(text: str) -> Verifier:
    if "+" not in text or os.path.exists(text):  # noqa: PTH110 (a VKEY is no path)
        text = read_bounded(Path(text), _LIMIT).decode("utf-8", "replace").strip()
    return parse_verifier(text)


def _hmac_keys(path: str) -> list[HmacKey]:
    """The key for either algorithm: an auditor is given a file, not what it was used with."""
    secret = read_bounded(Path(path), _LIMIT).strip()
    if not secret:
        raise Refused(f"the key file {path} is empty")
    return [HmacKey("", secret, algorithm) for algorithm in HMAC_DIGESTS]


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
