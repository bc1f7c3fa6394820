"""A home as one small file: what is evidence or needed to go on, the same bytes for the same files."""

from __future__ import annotations

import contextlib
import io
import lzma
import os
import sqlite3
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

HOMES = Path(__file__).with_name("homes")
MADE_AT = Path("/srv/stage4-kept")
"""Where homes are made: entries name paths, which are to say nothing of the machine that made them."""
WANTED = (".gitattributes", "stage4.toml", "audit", "var")
UNWANTED = ("var/cache", "var/lab", "var/locks", "var/override_folder", "var/spool/.reserve")
"""Caches, servers and locks; the folder that a stop without a configuration writes to, which is not the unpacked
home's; and a megabyte of zeros. What the publisher left behind (``*.published.json``) knows a file by its inode."""
PASSING = (".lock", "-wal", "-shm", ".published.json")
LZMA = [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]


def names() -> list[str]:
    """The kept homes."""
    return sorted(path.name.removesuffix(".tar.xz") for path in HOMES.glob("*.tar.xz"))


def pack(root: Path) -> bytes:
    """The home as an xz-compressed tar: sorted, nobody's, without times; databases with their journals folded in."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        for path in _wanted(root):
            member = tarfile.TarInfo(path.relative_to(root).as_posix())
            member.mode = path.stat().st_mode & 0o777
            if path.is_dir():
                member.type = tarfile.DIRTYPE
                tar.addfile(member)
                continue
            data = _database(path) if path.suffix == ".sqlite" else path.read_bytes()
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return lzma.compress(out.getvalue(), format=lzma.FORMAT_XZ, check=lzma.CHECK_SHA256, filters=LZMA)


def unpack(name: str, root: Path) -> Path:
    """The kept home of that name, in a folder that is not there yet."""
    root.mkdir(parents=True)
    with tarfile.open(HOMES / f"{name}.tar.xz", "r:xz") as tar:
        tar.extractall(root, filter="data")
    return root


def _wanted(root: Path) -> Iterator[Path]:
    for top in WANTED:
        for at, folders, files in os.walk(root / top):
            folders[:] = sorted(one for one in folders if _kept(root, Path(at, one)))
            yield Path(at)
            yield from (Path(at, one) for one in sorted(files) if _kept(root, Path(at, one)))
        if (root / top).is_file():
            yield root / top


def _kept(root: Path, path: Path) -> bool:
    name = path.relative_to(root).as_posix()
    return not name.startswith(UNWANTED) and not name.endswith(PASSING) and not path.is_symlink()


def _database(path: Path) -> bytes:
    """A copy through SQLite, so that what its journal holds is in it."""
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        with contextlib.closing(sqlite3.connect(path)) as source, contextlib.closing(sqlite3.connect(copy)) as target:
            source.backup(target)
        return copy.read_bytes()
