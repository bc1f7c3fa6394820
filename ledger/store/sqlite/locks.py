"""Locks between the processes of one machine: a lock file for each name (``flock``)."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from ledger.errors import Unreachable
from ledger.files import locked, make_folder
from ledger.said import Said
from ledger.store.contract import LockName


class FileLocks:
    """The lock files of a folder: :class:`ledger.store.contract.Locks` says what they promise."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextlib.contextmanager
    def hold(self, name: LockName, timeout: float = 10.0) -> Iterator[None]:
        """Hold ``<name>.lock``; the kernel lets go of it when the process ends."""
        try:
            make_folder(self._folder)
        except OSError as error:
            raise Unreachable(Said("the lock files in {} cannot be had: {}", self._folder, error.strerror)) from error
        with locked(self._folder / f"{name}.lock", timeout):
            yield
