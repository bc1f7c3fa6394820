"""``stage4 verify``: of a log that is given, by keys and heads from the command line; progress, findings."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click

from ledger.app.reading.auditing import Given, own, verify_given
from ledger.cli.context import EXIT_INCOMPLETE, EXIT_REFUSED, Session, stage4_command
from ledger.cli.own_home import counted, verify_home
from ledger.errors import Corrupt, Unreachable
from ledger.files import read_bounded
from ledger.proof.checkpoint import open_checkpoint
from ledger.verify import Head, Outcome, Report, find_heads, parse_head
from ledger.verify.mentions import MAX_TEXT

_LONGEST_NOTE = 1024 * 1024
STATUS: dict[Outcome, int] = {"verified": 0, "not_verified": EXIT_REFUSED, "incomplete": EXIT_INCOMPLETE}
"""Outcome -> exit status."""
_VERDICTS: dict[Outcome, tuple[str, str]] = {
    "verified": ("VERIFIED", "bold green"),
    "not_verified": ("NOT VERIFIED", "bold red"),
    "incomplete": ("PROVED AS FAR AS THE CHECKPOINT", "bold yellow"),
}
NEXT = (
    "Keep this file as it is and get another copy from whoever runs the ledger, who makes one with: stage4 export "
    "--out DIR. In the ledger's home, stage4 verify says what is wrong there and what to do"
)
"""What to do with a log that is not verified."""


@click.command()
@click.argument("path", default="", required=False)
@click.option("--checkpoint", type=click.Path(), help="The signed checkpoint that covers the lines, or one you kept.")
@click.option("--public-key", metavar="VKEY", help="Verifier key: a string, or a file that holds it.")
@click.option("--hmac-key-file", "hmac_key_files", multiple=True, metavar="FILE", help="HMAC key; repeats.")
@click.option(
    "--head", "heads", multiple=True, metavar="N:ROOT|FILE", help="A head or a checkpoint that was kept; repeats."
)
@click.option(
    "--heads-from",
    "heads_from",
    multiple=True,
    metavar="FILE|-",
    help="What another system kept (a ticket's JSON, a mail, a channel's export): every head in it; repeats.",
)
@stage4_command
def verify(session: Session, path: str, **given: Any) -> None:
    """Verify a log offline, by the keys and heads that you give and nothing else.

    \b
    stage4 verify audit/decision_logs/stage4.jsonl \\
      --checkpoint audit/decision_logs/stage4.checkpoint \\
      --public-key audit/decision_logs/stage4.vkey
    zcat old.jsonl.gz | stage4 verify -

    A checkpoint that you kept is worth more than the one beside the log. With --head KEPT the log must still
    contain what it says, and the newest --checkpoint covers the rest. As --checkpoint KEPT alone it proves the
    log as far as it goes; newer lines that follow rightly, and that nothing given signs, make it exit status 4.
    So does a log without a checkpoint, or without --public-key: lines that were cut off at its end would not show.

    Every message that goes out names the ledger's head. --heads-from finds the heads in what a ticket system, a
    mailbox or a chat kept, whatever form it comes in, and the log is held against each.

    \b
    curl -s https://jira.example.org/rest/api/2/issue/OPS-2042/comment \
      | stage4 verify stage4.jsonl --heads-from - --public-key stage4.vkey

    Without a log: this home's own ledger by its own keys. Every row of the store, every checkpoint ever kept, the
    published files and every artefact are read as they are, and nothing is put right before or after.

    \b
    stage4 verify
    stage4 verify --head 29:BASE64
    Exit status: 0 verified, 1 not verified, 2 usage, 3 unreadable,
    4 proved as far as the checkpoint, and newer lines follow, or no signed checkpoint was given.
    """
    sys.exit(run_verify(session, path, **given))


def run_verify(
    session: Session,
    path: str,
    checkpoint: str | None,
    public_key: str | None,
    hmac_key_files: tuple[str, ...],
    heads: tuple[str, ...],
    heads_from: tuple[str, ...],
) -> int:
    """Verify and print; returns the exit status."""
    kept = tuple(head for head in heads if os.path.exists(head) and not os.path.isdir(head))  # noqa: PTH110, PTH112
    try:
        roots = [parse_head(head) for head in heads if head not in kept]
    except Corrupt as error:
        raise click.UsageError(f"{error}, and there is no such file with a checkpoint that was kept") from error
    if path == "-" and "-" in heads_from:
        raise click.UsageError("the log and --heads-from cannot both be standard input: give one of them as a file")
    roots += [head for file in dict.fromkeys(heads_from) for head in _found(file)]
    given = Given(path, checkpoint or "", public_key or "", hmac_key_files, tuple(roots), kept)
    if not path and not (checkpoint or public_key or hmac_key_files):
        return verify_home(session, (*roots, *(_kept_head(session, Path(file)) for file in kept)))
    if not path:
        said = {name: value for name, value in given._asdict().items() if value}
        given = own(session.installation)._replace(**said)
    with _progress(session, given.lines) as progress:
        report = verify_given(given, progress)
    session.answer(report.as_json(), lambda: _show(session, report, signed=bool(given.public_key)))
    return STATUS[report.outcome]


def _found(file: str) -> tuple[Head, ...]:
    """The heads that stand in a file; ``Corrupt`` where there is none: what was not compared is no pass."""
    raw = sys.stdin.buffer.read(MAX_TEXT + 1) if file == "-" else read_bounded(Path(file), MAX_TEXT)
    name = "standard input" if file == "-" else file
    if len(raw) > MAX_TEXT:
        raise Unreachable(f"{name} is longer than {MAX_TEXT} bytes: give a shorter part of it")
    found = find_heads(raw)
    if not found:
        raise Corrupt(
            f"no head N:ROOT stands in {name}: a message of this ledger ends with a line such as "
            "“Ledger head 29:BASE64 of example.org/stage4”; export the comments or messages themselves"
        )
    return found


def _kept_head(session: Session, path: Path) -> Head:
    """The head of a checkpoint that somebody kept; ``Corrupt`` where this ledger's key did not sign it."""
    try:
        stated = open_checkpoint(read_bounded(path, _LONGEST_NOTE), session.installation.ledger.verifier)
    except Corrupt as error:
        raise Corrupt(f"{path} is no checkpoint of this ledger: {error}") from error
    return Head(stated.size, stated.root)


@contextlib.contextmanager
def _progress(session: Session, path: str) -> Iterator[Callable[[int], None] | None]:
    if session.as_json or not session.errors.is_terminal or path == "-":
        yield None
        return
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn  # slow to import

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
    if outcome == "not_verified":
        console.print(f"→ {NEXT}", markup=False)
    for sentence in report.checked:
        console.print(f"✔ {sentence}", style="green" if outcome != "not_verified" else None, markup=False)
    for sentence in report.not_checked:
        console.print(f"? {sentence}", style="yellow", markup=False)
    verdict, style = _VERDICTS[outcome]
    why = ""
    if outcome == "incomplete" and not report.proved:
        why = ": none was given"
    elif outcome == "incomplete" and report.checkpoint_size is None:
        verdict = "PROVED AS FAR AS THE KEPT HEAD"
    elif outcome == "incomplete" and not signed:
        verdict = "AGREES AS FAR AS THE CHECKPOINT"
        why = ": its signature was not checked"
    numbers = {
        "verified": f"{report.entries} entries",
        "not_verified": f"{counted(report.findings)}  {report.entries} entries",
        "incomplete": f"{report.proved} of {report.entries} entries{why}",
    }[outcome]
    separator = ": " if outcome == "not_verified" else "  "
    console.print(f"{verdict}{separator}{numbers}", style=style)
