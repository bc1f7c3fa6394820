"""Exporting: the lines, the checkpoint that covers exactly these lines, and the verifier key, put in place together.

All three are written under other names first. The checkpoint gets its name last: where one is there, its lines are.
"""

from __future__ import annotations

import contextlib
import errno
import gzip
import os
import secrets
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from ledger.app.installation import Installation
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.files import sync_folder
from ledger.proof.checkpoint import Checkpoint, open_checkpoint
from ledger.proof.merkle import Tree, leaf_hash
from ledger.proof.note import format_verifier

_BUFFER = 1 << 20
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}


class Exported(NamedTuple):
    """Where the three files are, and how many entries they have."""

    lines: Path
    checkpoint: Path
    verifier_key: Path
    entries: int


def export(installation: Installation, out: str) -> Exported:
    """Write the ledger as far as its newest checkpoint; ``out`` is a folder or the name of the lines.

    A folder (one that is there, or a name that ends in ``/``, or one without a suffix that nothing has yet) gets the
    published files' names. Lines whose name ends in
    ``.gz`` are packed, the same lines always into the same bytes. ``Refused`` where a name is taken: nothing is
    overwritten; ``Unreachable`` where the place cannot be written; ``Corrupt`` where the store lacks entries.
    """
    ledger = installation.ledger
    ledger.view()
    installation.publisher.witness.compare(wait=False)  # a store that was set back would export the older evidence
    note = ledger.log.newest_checkpoint()
    if note is None:
        raise Unreachable("the ledger has no checkpoint yet; there is nothing to export")
    stated = open_checkpoint(note, ledger.verifier)
    if not out or "\0" in out:
        raise Refused(f"{out!a} is no name of a file or folder")
    target = Path(out).absolute()
    folder = out.endswith("/") or not (target.suffix or os.path.lexists(out))
    if folder or os.path.isdir(out):  # noqa: PTH112  which answers whatever the name is
        target = target / installation.home.published.name
    plan = Exported(target, target.with_suffix(".checkpoint"), target.with_suffix(".vkey"), stated.size)
    contents: dict[Path, Iterable[bytes]] = {
        plan.lines: _covered(ledger.log.lines(0, stated.size), stated),
        plan.verifier_key: [format_verifier(ledger.verifier).encode() + b"\n"],
        plan.checkpoint: [note],
    }
    if len(contents) < 3:
        raise Refused(f"{target.name} leaves no name for the checkpoint; end it in .jsonl or .jsonl.gz")
    try:
        if folder:
            target.parent.mkdir(parents=True, exist_ok=True)
        _put(contents, installation.home.published_mode())
    except FileExistsError as error:
        raise Refused(f"{error.filename2 or error.filename} exists; nothing is overwritten") from error
    except OSError as error:
        raise Unreachable(f"cannot export to {target}: {error.strerror}") from error
    return plan


def _covered(lines: Iterator[bytes], stated: Checkpoint) -> Iterator[bytes]:
    """The lines with their ends; ``Corrupt`` after the last one where they are not those that were signed.

    So a pair that does not belong together never gets its names.
    """
    tree = Tree()
    for line in lines:
        tree.append(leaf_hash(line))
        yield line + b"\n"
    if (tree.size, tree.root()) != (stated.size, stated.root):
        raise Corrupt(
            f"the store's {tree.size} entries are not those that its checkpoint of {stated.size} was signed for; "
            "nothing was exported. Run: stage4 verify"
        )


def _put(contents: dict[Path, Iterable[bytes]], mode: int) -> None:
    """All of the files or none; ``FileExistsError`` where a name is taken, and what is there stays."""
    for path in contents:
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "exists", str(path))
    written, placed = dict[Path, Path](), list[Path]()
    try:
        for path, parts in contents.items():
            temporary = path.with_name(f".{path.name}.{secrets.token_hex(6)}.tmp")
            written[path] = temporary
            _write(temporary, parts, mode, packed=path.suffix == ".gz")
        for path, temporary in written.items():
            _name(temporary, path)
            placed.append(path)
        sync_folder(next(iter(contents)).parent)
    except BaseException:
        for path in placed:
            path.unlink(missing_ok=True)
        raise
    finally:
        for temporary in written.values():
            temporary.unlink(missing_ok=True)


def _name(temporary: Path, path: Path) -> None:
    """``link()``, which fails where the name is taken; on a file system without links (a stick) ``rename()``."""
    try:
        os.link(temporary, path, follow_symlinks=False)
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        if os.path.lexists(path):
            raise FileExistsError(errno.EEXIST, "exists", str(path)) from error
        os.rename(temporary, path)


def _write(path: Path, parts: Iterable[bytes], mode: int, *, packed: bool) -> None:
    with path.open("xb", buffering=_BUFFER) as file:
        with contextlib.suppress(PermissionError):  # a stick has no modes
            os.fchmod(file.fileno(), mode)  # whatever the umask is: evidence is handed on
        with _packing(file) if packed else contextlib.nullcontext[IO[bytes]](file) as stream:
            for part in parts:
                stream.write(part)
        file.flush()
        os.fsync(file.fileno())


@contextlib.contextmanager
def _packing(file: BinaryIO) -> Iterator[IO[bytes]]:
    """Gzip without name and time: the same lines are the same bytes."""
    with gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0) as stream:
        yield cast("IO[bytes]", stream)
