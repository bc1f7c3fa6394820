"""Whether every artefact that an entry names is there and has the digest that the entry gave it."""

from __future__ import annotations

import hashlib
import json
import os
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ledger.app.home.folders import Home
from ledger.app.soundness.beside import Beside, Named
from ledger.app.soundness.found import Found
from ledger.digest import sha384
from ledger.said import Said
from ledger.store.artefacts import Artefacts

NOTHING: Final = sha384(b"")
"""What an emptied file is named by: there are no bytes to keep."""
_CHUNK = 1 << 18


def judge(
    home: Home,
    beside: Beside,
    problems: Found,
    erased_since: Callable[[], set[str]],
    progress: Callable[[int], None] = lambda _: None,
) -> int:
    """Look at every artefact that was named; returns how many were there as they should be.

    ``erased_since`` gives those that were erased after the rows were read: their entry comes before their bytes go.
    """
    folder, whole = Artefacts(home.artefacts), 0
    missing: list[tuple[str, Named, str]] = []
    named = {name: by for name, by in beside.names.items() if name != NOTHING and name not in beside.erased}
    for number, (name, by) in enumerate(named.items()):
        progress(number)
        digest, why = _digest(folder.path(name))
        if digest == name:
            whole += 1
        elif digest:
            _changed(problems, folder.path(name), by, name, digest)
        else:
            missing.append((name, by, why))
    late = erased_since() if missing else set()
    for name, by, why in missing:
        if name not in late:
            _missing(problems, folder.path(name), by, name, why)
    return whole


def _changed(problems: Found, path: Path, by: Named, name: str, digest: str) -> None:
    sentence = Said(
        "The artefact that entry {} names ({}) is not what it was: its bytes were changed.", by.sequence, by.field
    )
    problems.add("artefacts", "artefact_changed", str(path), sentence, sequence=by.sequence, evidence=(name, digest))


def _missing(problems: Found, path: Path, by: Named, name: str, why: str) -> None:
    sentence = Said("The artefact that entry {} names ({}) cannot be read: {}.", by.sequence, by.field, why)
    problems.add("artefacts", "artefact_missing", str(path), sentence, sequence=by.sequence, evidence=(name, ""))


def judge_earlier_log(home: Home, first: bytes, problems: Found) -> None:
    """The log from before the ledger stands beside the published lines; its digest is in the first entry."""
    try:
        body = json.loads(first)
        named, name = body["artefacts"].get("earlier_log_sha384"), body["metadata"].get("earlier_log_path")
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return  # the verifier says what is wrong with it
    if not isinstance(named, str) or not isinstance(name, str):
        return
    path = home.published.with_name(Path(name).name)  # the home may have been moved since
    (digest, why), by = _digest(path), Named(1, "earlier_log_sha384")
    if digest and digest != named:
        _changed(problems, path, by, named, digest)
    elif not digest:
        _missing(problems, path, by, named, why)


def _digest(path: Path) -> tuple[str, str]:
    """``sha384:<hex>`` of a plain file, or ``""`` and why it cannot be read."""
    digest = hashlib.sha384()
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        with os.fdopen(descriptor, "rb") as stream:
            if not stat.S_ISREG(os.fstat(descriptor).st_mode):
                return "", "it is no plain file"
            while piece := stream.read(_CHUNK):
                digest.update(piece)
    except FileNotFoundError:
        return "", "it is missing"
    except OSError as error:
        return "", error.strerror or str(error)
    return f"sha384:{digest.hexdigest()}", ""
