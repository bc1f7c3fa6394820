"""``stage4 export``: what an auditor takes along."""

from __future__ import annotations

import click

from ledger.app.record import exporting
from ledger.cli.context import Session, stage4_command


@click.command()
@click.option("--out", required=True, metavar="DIR|FILE", help="A folder (made if needed), or a file for the lines.")
@stage4_command
def export(session: Session, out: str) -> None:
    """Write the signed lines, the checkpoint that covers exactly these lines, and the verifier key.

    The three belong together, also while the ledger is written to. Nothing is overwritten. A name without a suffix, or
    with / at its end, is a folder: there they are called stage4.jsonl, stage4.checkpoint and stage4.vkey. With a suffix
    (.jsonl, or .jsonl.gz, which packs them) it is the file of the lines, and the other two lie beside it.

    \b
    stage4 export --out /media/audit
    stage4 export --out /media/audit/stage4.jsonl.gz
    """
    done = exporting.export(session.installation, out)
    page = {name: value if name == "entries" else str(value) for name, value in done._asdict().items()}
    session.answer(page, lambda: click.echo("\n".join(f"{name:14}{value}" for name, value in page.items())))
