"""``stage4 artefact …``: what a piece of evidence is, and the erasure of free text by two people."""

from __future__ import annotations

import click

from ledger.app.press import Press
from ledger.app.record.erasing import Artefact, erase, full_name, show
from ledger.cli.context import Session, stage4_command
from ledger.errors import Erased


@click.group()
def artefact() -> None:
    """Pieces of evidence by their digest; long free text can be erased by two people.

    \b
    stage4 artefact show sha384:0f3a…
    stage4 artefact erase sha384:0f3a… --ground "names a patient"    # an admin proposes
    stage4 artefact erase sha384:0f3a…                               # somebody else erases
    """


@artefact.command("show")
@click.argument("digest")
@stage4_command
def show_(session: Session, digest: str) -> None:
    """Which entries name it, and what it says; erased is told from missing.

    \b
    stage4 artefact show sha384:DIGEST          as the entry names it
    """
    known = show(session.installation, digest)
    if known.error is not None and not isinstance(known.error, Erased):
        raise known.error
    session.answer(_page(session, known), lambda: _print(session, known))


@artefact.command("erase")
@click.argument("digest")
@click.option("--ground", default="", help="Why (the first of the two); no names in it: the ground stays for good.")
@stage4_command
def erase_(session: Session, digest: str, ground: str) -> None:
    """Erase a free text: an admin proposes with a ground, a second person of any role erases.

    The chain stays whole: entries name the digest. Backups and copies elsewhere are not reached.

    \b
    stage4 artefact erase sha384:DIGEST --ground "a customer's data"      the first person
    stage4 artefact erase sha384:DIGEST                                   the second
    """
    after = erase(session.installation, Press(session.actor), digest, ground)
    name = full_name(digest)
    page = {
        "artefact": name,
        "ground": after.ground,
        "proposal_entry": after.proposal,
        "erased_entry": after.erased or None,
    }
    told = (
        f"erased {name} (entry {after.erased}): {after.ground}"
        if after.erased
        else f"proposed (entry {after.proposal}); somebody else now types: stage4 artefact erase {name}"
    )
    session.answer(page, lambda: click.echo(told))


def _page(session: Session, known: Artefact) -> dict[str, object]:
    text = known.free_text
    return {
        "artefact": known.name,
        "named_by": [mention._asdict() for mention in known.named],
        "path": str(session.installation.artefacts.path(known.name)),
        "size": None if known.error else len(known.data),
        "text": known.text,
        "proposal_entry": text.proposal or None if text else None,
        "erased_entry": text.erased or None if text else None,
        "ground": text.ground or None if text else None,
    }


def _print(session: Session, known: Artefact) -> None:
    click.echo(known.name)
    for mention in known.named:
        click.echo(f"  named by entry {mention.entry} ({mention.status}) as {mention.field}")
    text = known.free_text
    if text and text.erased:
        click.echo(f"  erased by entry {text.erased}: {text.ground}")
        return
    if text and text.proposal:
        click.echo(f"  entry {text.proposal} proposes to erase it: {text.ground}")
    click.echo(f"  {len(known.data)} bytes at {session.installation.artefacts.path(known.name)}")
    if known.text is not None:
        click.echo()
        click.echo(known.text.rstrip("\n"))
