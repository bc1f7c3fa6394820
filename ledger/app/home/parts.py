"""What ``init`` makes, and what of it a home has not: ``init`` itself finishes it, ``doctor`` tells of it.

Looks only; changes nothing.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Container, Iterator
from pathlib import Path
from typing import NamedTuple

from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.people.directory import LAB_PEOPLE, Directory
from ledger.app.record.view import empty_view, fold
from ledger.domain.record import parse_body
from ledger.domain.state import State
from ledger.errors import Corrupt
from ledger.files import open_plain
from ledger.proof.entry import parse_entry
from ledger.stop import RESERVE
from ledger.store.contract import Unmade
from ledger.store.open import open_log

UNCONVERTED = b"audit/** -text"
"""The line of ``.gitattributes`` that leaves evidence as it is: with other line ends no signature fits it."""


ESCROW = "stage4 keys import ESCROW"
"""What brings a lost key back: no init makes one anew."""


class Missing(NamedTuple):
    """One part that is not there, and the command that mends it."""

    name: str
    found: str
    remedy: str
    grave: bool = True
    """Whether something does not work without it."""


def missing(root: Path) -> list[Missing]:
    """Everything that ``init`` makes and this home has not. ``Refused`` where its configuration cannot be read."""
    config = settings.load(Home(root).config)
    gaps, home = unmade(root, config), Home(root, config.stage)
    if any(gap.name == "ledger" for gap in gaps):
        return gaps
    with contextlib.closing(open_log(home.store)) as log:
        state = fold(empty_view(), log.lines()).state
    return gaps + [gap for gap in unnamed(home, state) if gap.remedy == again(root)]  # the others are no part of init


def again(root: Path) -> str:
    """The command that finishes what an interrupted ``init`` left."""
    return f"stage4 init --home {Home(root).root}"


def unmade(root: Path, config: Config) -> list[Missing]:
    """Files and entries that are not there."""
    home, command = Home(root, config.stage), again(root)
    gaps = [] if home.config.exists() else [Missing("config", f"{home.config} is not there", command)]
    if not read_only(home.root) and git_converts(home.root / ".gitattributes"):
        what = f"{home.root / '.gitattributes'} does not keep git from converting the evidence's line ends"
        gaps.append(Missing("gitattributes", what, command, grave=False))
    for stage in (config.stage, *settings.other_stages(config)):
        gaps += of_stage(root, config, stage)
    if not (folder := home.path(config.override.directory)).is_dir():
        gaps.append(Missing("override", f"{folder} is not there", command))
    if not (path := home.spool / RESERVE).exists():
        what = f"{path} is not there: a stop on a full disk has nothing to give up, or gave it up"
        gaps.append(Missing("reserve", what, command, grave=False))
    return gaps


def read_only(folder: Path) -> bool:
    """Whether the file system of a home takes no writes but in ``var/`` and ``audit/``, as in a container.

    No git works in such a folder.
    """
    with contextlib.suppress(OSError):  # not there: other parts say so
        return bool(os.statvfs(folder).f_flag & os.ST_RDONLY)
    return False


def git_converts(path: Path) -> bool:
    """Whether the line that ``init`` writes into ``.gitattributes`` is missing; what is no plain file is left alone."""
    if path.is_symlink() or (path.exists() and not path.is_file()):
        return False
    try:
        return UNCONVERTED not in (line.strip() for line in path.read_bytes().splitlines())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def of_stage(root: Path, config: Config, stage: str) -> list[Missing]:
    """What one ledger of a home has not: its keys, its first entry, its published files."""
    own, home = settings.for_stage(config, stage), Home(root, stage)
    label = "" if stage == config.stage else f"{stage} "
    first = first_line(home)
    if first is None:
        what = "is not there" if not home.store.exists() else "has no entries: its init was interrupted"
        return [Missing(f"{label}ledger", f"{home.store} {what}", again(root))]
    gaps = list(_keys(home, own, first, label))
    return gaps + [Missing(f"{label}published", what, again(root)) for what in _published(home, first)]


def _keys(home: Home, config: Config, first: bytes, label: str) -> Iterator[Missing]:
    escrow = f"{ESCROW} --home {home.root}"
    if label:
        escrow = f"put it back; or move {home.store} and {home.published} away, then: {again(home.root)}"
    for name in (config.signing.hmac_key_file, config.signing.checkpoint_key_file):
        if not home.path(name).exists():
            yield Missing(f"{label}keys", f"{home.path(name)} is not there", escrow)
    public = keys.verifier_path(home.path(config.signing.checkpoint_key_file))
    if _text(public) is None:
        yield Missing(f"{label}keys", f"{public} is not there", again(home.root))
    elif _text(public) != signing_key(first):
        what = f"{public} is not the key that signs this ledger"
        yield Missing(f"{label}keys", what, f"mv {public} {public}.other && {again(home.root)}")


def _published(home: Home, first: bytes) -> Iterator[str]:
    for path in (home.published, home.published_checkpoint):
        if not path.exists():
            yield f"{path} is not there"
    if (text := _text(home.published_key)) is None:
        yield f"{home.published_key} is not there"
    elif text != signing_key(first):
        yield f"{home.published_key} is not the key that signs this ledger"


def unnamed(home: Home, state: State) -> list[Missing]:
    """Who may act and has no name in the directory, and names of nobody in the ledger."""
    if not state.people:
        return [Missing("people", "nobody is a person of this ledger: its init was interrupted", again(home.root))]
    names = {listed.id: listed for listed in Directory(home.people).people()}
    if lost := nameless_founder(state, names):
        return [Missing("people", f"{lost}, who made this home, has no name in {home.people}", again(home.root))]
    gaps = []
    if state.opened is not None and state.opened.purpose == "lab" and LAB_PEOPLE.keys() - state.people.keys():
        gaps.append(Missing("people", "some of the lab's people are missing", again(home.root)))
    for person in sorted(state.people.keys() - state.deactivated.keys() - names.keys()):
        way = f'stage4 people name {person} "NAME" --home {home.root}, with --uid N for who has a shell here'
        gaps.append(Missing("people", f"{person} has no name in {home.people}", way))
    for person in sorted(names.keys() - state.people.keys()):
        way = f"the same people add again, or: stage4 people erase {person} --home {home.root}"
        what = f"{names[person].name} ({person}) is in the directory and not in the ledger: people add was interrupted"
        gaps.append(Missing("people", what, way, grave=False))
    return gaps


def nameless_founder(state: State, names: Container[str]) -> str:
    """The one person of a ledger that knows nobody else, where the directory has no such line; else ""."""
    real = [person for person in state.people if person not in LAB_PEOPLE]
    return real[0] if len(real) == 1 and real[0] not in names else ""


def first_line(home: Home) -> bytes | None:
    """The first entry of a store; None where there is none and never was, so that ``init`` may make it.

    ``Unreachable`` where the store cannot be read, ``Corrupt`` where it has lost its first entry.
    """
    if not home.store.exists():
        return None
    try:
        with contextlib.closing(open_log(home.store)) as log:
            first = log.line(1)
            if first is None and (log.size() or log.newest_checkpoint()):
                raise Corrupt(f"the ledger at {home.store} has lost its first entry. Put a copy of the store back")
            return first
    except Unmade:
        return None


def signing_key(first: bytes) -> str:
    """The verifier key that a ledger's first entry names; "" where it names none."""
    entry = parse_entry(first)
    event = parse_body(entry.sequence, entry.timestamp, entry.body).event
    return str(getattr(event, "checkpoint_key", ""))


def _text(path: Path) -> str | None:
    """A small plain file's text; None where there is none, also where a pipe or a link has the name."""
    try:
        with os.fdopen(open_plain(path), encoding="utf-8") as stream:
            return stream.read().strip()
    except (OSError, UnicodeDecodeError):
        return None
