"""Artefacts: pieces of evidence, stored once by digest, never changed; erased only where an entry says so first."""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from pathlib import Path

from ledger.digest import sha384
from ledger.errors import Corrupt, Refused, Unreachable
from ledger.files import digest_file, make_folder, sync_folder, write_once
from ledger.said import Said

_NAME = re.compile(r"sha384:[0-9a-f]{96}")


class Artefacts:
    """A folder of files named by their SHA-384, in subfolders by its first two hex digits."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def path(self, name: str) -> Path:
        """Where the artefact ``sha384:<96 hex>`` is or would be; ``Refused`` for another form of name."""
        if not _NAME.fullmatch(name):
            raise Refused(Said("an artefact's name is sha384:<96 hex digits>, not {}", ascii(name[:120])))
        digits = name.removeprefix("sha384:")
        return self.folder / digits[:2] / digits[2:]

    def put(self, data: bytes) -> str:
        """Store the bytes (flushed to disk) and return their name; storing them again changes nothing."""
        name = sha384(data)
        path = self.path(name)
        try:
            make_folder(path.parent)
            if not path.exists() or path.read_bytes() != data:
                write_once(path, data, 0o600)  # says so where other bytes have the name
        except OSError as error:
            raise Unreachable(Said("cannot store an artefact in {}: {}", self.folder, error.strerror)) from error
        return name

    def put_part(self, source: Path, offset: int) -> str:
        """Store what stands in a file from ``offset`` on, however much that is, read in pieces."""
        digest = hashlib.sha384()
        try:
            make_folder(self.folder)
            with tempfile.NamedTemporaryFile(dir=self.folder, prefix=".part-") as kept, source.open("rb") as stream:
                stream.seek(offset)
                while piece := stream.read(1024 * 1024):
                    digest.update(piece)
                    kept.write(piece)
                kept.flush()
                os.fsync(kept.fileno())
                name = f"sha384:{digest.hexdigest()}"
                make_folder(self.path(name).parent)
                try:
                    os.link(kept.name, self.path(name))
                except FileExistsError:
                    if digest_file(self.path(name)) != name:
                        raise Corrupt(
                            Said(
                                "the artefact at {} was changed; expected sha384:{}",
                                self.path(name),
                                digest.hexdigest(),
                            )
                        ) from None
        except OSError as error:
            raise Unreachable(Said("cannot store an artefact in {}: {}", self.folder, error.strerror)) from error
        sync_folder(self.path(name).parent)
        return name

    def get(self, name: str) -> bytes:
        """The bytes of an artefact; ``Unreachable`` where it is missing, ``Corrupt`` where they were changed."""
        path = self.path(name)
        try:
            data = path.read_bytes()
        except OSError as error:
            raise Unreachable(Said("the artefact {} cannot be read at {}: {}", name, path, error.strerror)) from error
        if sha384(data) != name:
            raise Corrupt(Said("the artefact at {} was changed: expected {}, found {}", path, name, sha384(data)))
        return data

    def erase(self, name: str) -> bool:
        """Remove an artefact's bytes (the folder is flushed); whether there were any. ``Unreachable`` on failure."""
        path = self.path(name)
        try:
            path.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            raise Unreachable(Said("the artefact at {} cannot be erased: {}", path, error.strerror)) from error
        sync_folder(path.parent)
        return True

    def has(self, name: str) -> bool:
        """Whether a file of that name is there (its bytes are not looked at)."""
        return self.path(name).is_file()
