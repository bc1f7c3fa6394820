"""Export: the signed lines, the checkpoint that covers exactly them, and the verifier key. Reads the store alone."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterable
from pathlib import Path

from ledger.app.installation import Installation
from ledger.app.published import stated
from ledger.errors import Refused, Unreachable
from ledger.files import open_plain
from ledger.proof.note import format_verifier


def export_to(installation: Installation, target: Path) -> dict[str, Path]:
    """Write ``target``, its ``.checkpoint`` and ``.vkey``; gives their paths by name.

    Each file appears whole, the checkpoint last. ``Refused`` where one of them is there, ``Corrupt`` where the store is
    behind what was published: that evidence would be the older one. ``Unreachable`` where they cannot be written.
    """
    log, mode = installation.ledger.log, installation.home.published_mode()
    paths = {
        "lines": target,
        "checkpoint": target.with_suffix(".checkpoint"),
        "verifier_key": target.with_suffix(".vkey"),
    }
    for path in paths.values():
        if os.path.lexists(path):
            raise Refused(f"{path} exists; nothing is overwritten")
    installation.ledger.view()
    installation.publisher.witness.compare(wait=False)
    note = log.newest_checkpoint()
    if note is None:
        raise Unreachable("there is no checkpoint that could be exported with the lines")
    key = format_verifier(installation.ledger.verifier).encode() + b"\n"
    try:
        _place(target, (line + b"\n" for line in log.lines(0, stated(note).size)), mode)
        _place(paths["verifier_key"], [key], mode)
        _place(paths["checkpoint"], [note], mode)
    except OSError as error:
        raise Unreachable(f"cannot export to {target}: {error.strerror}") from error
    return paths


def _place(path: Path, pieces: Iterable[bytes], mode: int) -> None:
    """Write a file of its own name that appears at once, or not at all; its permissions do not go by the umask."""
    temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
    try:
        descriptor = open_plain(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with os.fdopen(descriptor, "wb") as stream:
            for piece in pieces:
                stream.write(piece)
        os.link(temporary, path, follow_symlinks=False)
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
