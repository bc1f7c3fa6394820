"""``stage4 verify`` without a path: this home's own ledger, everything that it decides from."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence

from ledger.app.soundness import Finding, Soundness, examine
from ledger.app.soundness.examine import Progress as Report
from ledger.app.soundness.examine import nobody
from ledger.app.soundness.guard import Guard
from ledger.cli.context import EXIT_REFUSED, Session
from ledger.shipped import RECOVERY
from ledger.verify import Head


def verify_home(session: Session, heads: Sequence[Head] = ()) -> int:
    """Look and print; returns the exit status. Nothing is opened for writing, published or put right."""
    with _progress(session) as progress:
        soundness = examine(session.root, progress, stage=session.stage, heads=heads)
    session.answer(soundness.as_json() | {"read": read_sentence(soundness)}, lambda: show(session, soundness))
    return 0 if soundness.sound else EXIT_REFUSED


@contextlib.contextmanager
def _progress(session: Session) -> Iterator[Report]:
    if session.as_json or not session.errors.is_terminal:
        yield nobody
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn  # slow to import

    columns = (TextColumn("reading"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=session.errors, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, of: bar.update(task, completed=done, total=of)


def show(session: Session, found: Soundness) -> None:
    """Findings with what to do, what was checked, what was not, what was read, and the verdict last."""
    console, main = session.console, found.ledgers[0].ledger if found.ledgers else ""
    told = ""
    for finding in found.findings:
        console.print(f"✘ {_place(finding, main)}: {finding.cause}: {finding.sentence}", style="red", markup=False)
        if finding.expected or finding.found:
            console.print(f"    expected {finding.expected}\n    found    {finding.found}", markup=False)
        if finding.remedy != told:
            console.print(f"    → {finding.remedy}", markup=False)
        told = finding.remedy
    if any("docs/recovery.md" in finding.remedy for finding in found.findings):
        console.print(f"docs/recovery.md is {RECOVERY}", markup=False)
    for sentence in found.checked:
        console.print(f"✔ {sentence}", style="green" if found.sound else None, markup=False)
    for sentence in found.open_questions:
        console.print(f"? {sentence}", style="yellow", markup=False)
    console.print(f"{read_sentence(found)}.", markup=False)
    verdict = "VERIFIED" if found.sound else f"NOT VERIFIED: {counted(found.findings)}"
    console.print(f"{verdict}  {found.entries} entries", style="bold green" if found.sound else "bold red")


def counted(findings: Sequence[object]) -> str:
    """``1 finding``, ``2 findings``."""
    return "1 finding" if len(findings) == 1 else f"{len(findings)} findings"


def read_sentence(found: Soundness) -> str:
    """What was read, and when."""
    main, *others = found.ledgers
    text = (
        f"Read {main.rows} rows of the store, {main.checkpoints} checkpoints, {main.published} published lines, "
        f"{main.artefacts} artefacts"
    )
    for other in others:
        text += (
            f"; of {other.ledger} {other.rows} rows, {other.checkpoints} checkpoints, {other.published} published lines"
        )
    return f"{text}; at {found.began:%Y-%m-%d %H:%M:%S} UTC"


def _place(finding: Finding, main: str) -> str:
    return finding.place if finding.ledger == main else f"{finding.ledger}, {finding.place}"


def tell_findings(session: Session, guard: Guard) -> None:
    """What a guard found, line by line, for whoever reads an observer's log."""
    if guard.error:
        session.say(f"the ledger could not be looked at: {guard.error}")
    findings = guard.findings
    for finding in findings:
        session.say(f"LEDGER     {finding.place}: {finding.sentence}")
    if not findings and guard.whole is not None:
        session.say(f"{read_sentence(guard.whole)}: sound")
