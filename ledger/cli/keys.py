"""``stage4 keys …``: list, make, escrow, restore."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from ledger.app.home import config as settings
from ledger.app.home import keys as store
from ledger.app.home.folders import Home
from ledger.app.home.setup import make_keys
from ledger.cli.context import Session, stage4_command
from ledger.errors import LedgerError, Refused
from ledger.files import make_folder, place_exclusive, read_bounded
from ledger.proof.note import format_verifier


@click.group()
def keys() -> None:
    """The two secrets of a ledger. A lost key ends it: keep an escrow elsewhere.

    \b
    stage4 keys list
    stage4 keys export --out escrow.json      (asks for a passphrase)
    stage4 keys import escrow.json
    """


def _paths(session: Session) -> dict[str, Path]:
    home = Home(session.root)
    config = settings.load(home.config)
    return {
        "hmac.key": home.path(config.signing.hmac_key_file),
        "checkpoint.pem": home.path(config.signing.checkpoint_key_file),
    }


@keys.command("list")
@stage4_command
def list_(session: Session) -> None:
    """Where the keys are, their ids and modes; never the secrets.

    \b
    stage4 keys list
    """
    rows = []
    for name, path in _paths(session).items():
        try:
            store.read_private(path)
            state = "ok"
        except LedgerError as error:
            state = str(error)
        rows.append({"name": name, "path": str(path), "state": state})
    vkey = store.verifier_path(_paths(session)["checkpoint.pem"])
    public = vkey.read_text("utf-8").strip() if vkey.is_file() else ""
    rows.append({"name": "checkpoint.vkey", "path": str(vkey), "state": public or "missing"})
    session.answer(
        rows, lambda: click.echo("\n".join(f"{r['name']:16} {r['path']}\n{'':16} {r['state']}" for r in rows))
    )


@keys.command()
@stage4_command
def new(session: Session) -> None:
    """Make both keys for a home that has no ledger yet, e.g. to keep an escrow before the first entry.

    The command init takes them; without them it makes its own.

    \b
    stage4 keys new --home /srv/stage4
    """
    home = Home(session.root)
    if home.store.exists():
        raise Refused(f"{home.store} has a ledger; its keys cannot be replaced, only restored: stage4 keys import")
    signer = make_keys(home, settings.load(home.config))
    vkey = format_verifier(signer.verifier)
    session.answer({"verifier_key": vkey}, lambda: click.echo(f"key  {vkey}"))


@keys.command("export")
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="Where to put the encrypted escrow.")
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False), help="Instead of asking for it.")
@stage4_command
def export(session: Session, out: str, passphrase_file: str | None) -> None:
    """Encrypt both keys under a passphrase (scrypt, AES-256-GCM) for keeping elsewhere.

    \b
    stage4 keys export --out escrow.json
    """
    files = {name: store.read_private(path) for name, path in _paths(session).items()}
    sealed = store.seal_escrow(files, _passphrase(passphrase_file, confirm=True))
    target = Path(out).absolute()
    try:
        place_exclusive(target, sealed, 0o600)
    except FileExistsError:
        raise Refused(f"{target} exists; nothing is overwritten") from None
    session.answer({"escrow": str(target)}, lambda: click.echo(f"escrow  {target} (keep it away from this machine)"))


@keys.command("import")
@click.argument("escrow", type=click.Path(exists=True, dir_okay=False))
@click.option("--passphrase-file", type=click.Path(exists=True, dir_okay=False), help="Instead of asking for it.")
@stage4_command
def import_(session: Session, escrow: str, passphrase_file: str | None) -> None:
    """Put the keys of an escrow back; existing files are never overwritten.

    \b
    stage4 keys import escrow.json --home /srv/stage4
    """
    files = store.open_escrow(read_bounded(Path(escrow), 1024 * 1024), _passphrase(passphrase_file, confirm=False))
    paths = _paths(session)
    for name, path in paths.items():
        if name not in files:
            raise Refused(f"{escrow} holds no {name}")
        if path.exists() and store.read_private(path) != files[name]:
            raise Refused(f"{path} exists and is another key; keys are never overwritten")
    missing = {name: path for name, path in paths.items() if not path.exists()}
    for name, path in missing.items():
        make_folder(path.parent)
        place_exclusive(path, files[name], 0o600)
    restored = [str(path) for path in missing.values()]
    session.answer({"restored": restored}, lambda: click.echo("\n".join(f"restored  {path}" for path in restored)))


def _passphrase(path: str | None, *, confirm: bool) -> str:
    if path:
        return _text(read_bounded(Path(path), 64 * 1024), path).strip()
    if not sys.stdin.isatty():
        raise click.UsageError("there is no terminal to ask for the passphrase; say --passphrase-file FILE")
    typed = str(click.prompt("Passphrase", hide_input=True, confirmation_prompt=confirm, err=True))
    return _text(typed.encode("utf-8", "surrogateescape"), "what was typed")


def _text(data: bytes, name: str) -> str:
    """The same passphrase in every locale: UTF-8, or it is refused."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        raise Refused(f"{name} is no UTF-8 text; a passphrase has to be") from None
