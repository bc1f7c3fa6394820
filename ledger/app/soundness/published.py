"""The published files as they stood when the look began, held against the store's rows on their way past.

They are taken before the store is: what is published was committed before, so the store can only be further. Nothing is
written or put right here, and a link or a pipe in a file's place is never followed or waited for.
"""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import BinaryIO, cast

from ledger.app.home.folders import Home
from ledger.app.soundness.beside import Beside
from ledger.app.soundness.found import Found
from ledger.app.soundness.keyring import Keyring
from ledger.errors import Corrupt
from ledger.files import open_plain, read_small
from ledger.proof.canonical import MAX_LINE
from ledger.proof.checkpoint import Checkpoint
from ledger.proof.entry import parse_entry
from ledger.proof.note import format_verifier
from ledger.said import Said
from ledger.store.contract import RawLog

_SMALL = 64 * 1024
PATIENCE = 60.0
"""Seconds that entries may wait to be published before it is a finding: a publisher may be just at it."""


@dataclass
class Small:
    """A small file: its bytes, or why there are none."""

    data: bytes | None
    why: str = ""


class Published:
    """One ledger's published files, opened. Close it by the stack that it is given."""

    def __init__(self, home: Home, stack: ExitStack) -> None:
        self._home = home
        # The publisher writes lines, then checkpoint, then its note: read the other way round, each is covered.
        self._state = _small(home.published_state)
        self._noted = _noted(self._state.data)
        self.checkpoint = _small(home.published_checkpoint)
        self.key = _small(home.published_key)
        self._stream, self._left, self._why = _opened(home.published, stack)
        self.lines = 0
        """Lines so far that are the store's, from the first one on."""
        self.same = 0
        """Lines so far that are the store's in their place, also after a difference."""
        self._behind = False
        self._torn = b""
        self._different: tuple[int, bytes] | None = None
        self._differing = 0
        self.stated: Checkpoint | None = None

    @property
    def was_used(self) -> bool:
        """Whether anything was ever published, as far as is left of it."""
        return self._stream is not None or self.checkpoint.data is not None or self._noted > 0

    # --- beside the rows ---------------------------------------------------------------------------------------------

    def compare(self, place: int, line: bytes) -> None:
        """The store's next line is this one."""
        if self._behind or self._stream is None:
            return
        if self._different is not None:
            self._go_on(line)
            return
        expected = line + b"\n"
        got = self._read(len(expected))
        if got == expected:
            self.lines, self.same = self.lines + 1, self.same + 1
        elif not self._left and expected.startswith(got):
            self._behind, self._torn = True, got
        else:
            self._different = (place, self._rest_of_line(got))
            self._differing = 1

    def _go_on(self, line: bytes) -> None:
        """After the first difference: how many lines differ as they stand."""
        got = self._line()
        if not got:
            self._behind = True
        elif got != line + b"\n":
            self._differing += 1
        else:
            self.same += 1

    def _read(self, size: int) -> bytes:
        assert self._stream is not None
        data = self._stream.read(min(size, self._left))
        self._left -= len(data)
        return data

    def _line(self) -> bytes:
        assert self._stream is not None
        data = self._stream.readline(min(self._left, MAX_LINE + 2))
        self._left -= len(data)
        return data

    def _rest_of_line(self, begun: bytes) -> bytes:
        """Where a difference was read across a line's end, go back to it; where before it, read on."""
        assert self._stream is not None
        end = begun.find(b"\n") + 1
        if end:
            self._stream.seek(end - len(begun), os.SEEK_CUR)
            self._left += len(begun) - end
            return begun[:end]
        return begun + self._line()

    # --- at the end --------------------------------------------------------------------------------------------------

    def open_checkpoint(self, keys: Keyring, problems: Found, beside: Beside) -> None:
        """Before the rows: what the published checkpoint says, and whether it is ours."""
        if self._state.why:
            state, remedy = self._home.published_state, "Move it away: it is made again, and nothing is lost by it"
            sentence = Said("{} cannot be read: {}.", state, self._state.why)
            problems.add("published", "published_not_plain", str(state), sentence, remedy=remedy)
        path, (data, why) = self._home.published_checkpoint, (self.checkpoint.data, self.checkpoint.why)
        if data is None:
            if why:
                problems.add("published", "published_not_plain", str(path), Said("{} cannot be read: {}.", path, why))
            return
        try:
            self.stated = keys.stated(data)
        except Corrupt as error:
            self._foreign_checkpoint(keys, problems, data, error)
            return
        beside.want(self.stated.size)

    def _foreign_checkpoint(self, keys: Keyring, problems: Found, data: bytes, error: Corrupt) -> None:
        path = self._home.published_checkpoint
        try:
            keys.stated(data.replace(b"\r\n", b"\n"))
        except Corrupt:
            sentence = Said("{} is not this ledger's checkpoint: {}.", path, error)
            problems.add("published", "published_checkpoint_foreign", str(path), sentence)
        else:
            sentence = Said("The line ends of {} were converted: no verifier takes it as it stands.", path)
            problems.add("published", "published_checkpoint_converted", str(path), sentence)

    def judge(self, keys: Keyring, problems: Found, beside: Beside, store: StoreLines, now: datetime) -> str:
        """After the rows: every finding about the files; what is no finding yet comes back as a sentence."""
        path = self._home.published
        if self._why:
            problems.add("published", "published_not_plain", str(path), Said("{} cannot be read: {}.", path, self._why))
        self._judge_lines(keys, problems, store)
        self._judge_checkpoint(problems, beside, store)
        self._judge_key(keys, problems)
        return self._judge_lag(problems, store, now)

    def judge_head(self, keys: Keyring, problems: Found, beside: Beside, store: StoreLines, now: datetime) -> None:
        """The same for the end of the files alone: their last whole line, checkpoint and key."""
        path = self._home.published
        if self._why:
            problems.add("published", "published_not_plain", str(path), Said("{} cannot be read: {}.", path, self._why))
        last = self._last_line()
        if last is not None:
            self._judge_last(keys, problems, store, last)
        self._judge_checkpoint(problems, beside, store)
        self._judge_key(keys, problems)
        if not problems.has("published", "store", "checkpoints"):
            self._judge_lag(problems, store, now)

    def _judge_last(self, keys: Keyring, problems: Found, store: StoreLines, last: bytes) -> None:
        sequence = _sequence(last)
        if sequence and (store.line(sequence) == last or keys.signed(last)):
            self.lines = min(sequence, store.size)
            self._judge_own(keys, problems, store, last)
            return
        sentence = Said("The last line of {} is no entry of the store.", self._home.published)
        problems.add("published", "published_end", str(self._home.published), sentence)

    def _last_line(self) -> bytes | None:
        """The last line that ends in a newline; None where there is none."""
        if self._stream is None:
            return None
        size = self._left
        self._stream.seek(max(0, size - 2 * (MAX_LINE + 1)))
        whole, newline, _ = self._stream.read(min(size, 2 * (MAX_LINE + 1))).rpartition(b"\n")
        return whole.rpartition(b"\n")[2] if newline else None

    def _judge_lines(self, keys: Keyring, problems: Found, store: StoreLines) -> None:
        if self._different is not None:
            self._judge_difference(keys, problems, store, *self._different)
        elif self._stream is not None and self._left:
            self._judge_surplus(keys, problems, store)

    def _judge_difference(self, keys: Keyring, problems: Found, store: StoreLines, place: int, line: bytes) -> None:
        """Who is right: the file or the store? Lines with our signatures were written by us."""
        path, bare = self._home.published, line.removesuffix(b"\n")
        if keys.signed(bare) and store.line(_sequence(bare)) != bare:
            self._judge_own(keys, problems, store, bare)
            return
        if bare.endswith(b"\r") and bare[:-1] == store.line(place):
            sentence = Said(
                "The line ends of {} were converted, from line {} on: no verifier takes it as it stands.", path, place
            )
            problems.add("published", "published_converted", str(path), sentence, sequence=place)
            return
        sentence = Said(
            "Line {} of {} is not entry {} of the store; {} lines differ as they stand.",
            place,
            path,
            place,
            self._differing,
        )
        problems.add("published", "published_changed", str(path), sentence, sequence=place, count=self._differing)

    def _judge_own(self, keys: Keyring, problems: Found, store: StoreLines, line: bytes) -> None:
        """A published line that bears our signatures, and that the store may not hold: the store is not the newest one.

        Where the store's own line in that place was changed or is gone, its own finding says so.
        """
        sequence = _sequence(line)
        kept = store.line(sequence)
        if sequence > store.size:
            self._tell_behind(problems, store, sequence)
        elif kept is not None and kept != line and keys.signed(kept):
            sentence = Said(
                "The store is another history: entry {} in {} bears this ledger's own signatures and is "
                "not the store's.",
                sequence,
                self._home.published,
            )
            problems.add("store", "another_history", Said("entry {}", sequence), sentence, sequence=sequence)

    def _judge_surplus(self, keys: Keyring, problems: Found, store: StoreLines) -> None:
        left, line = self._left, self._line().removesuffix(b"\n")
        if keys.signed(line) and _sequence(line) > store.size:
            self._judge_own(keys, problems, store, line)
            return
        sentence = Said("{} bytes after the last entry in {} are not this ledger's.", left, self._home.published)
        problems.add("published", "published_appended", str(self._home.published), sentence)

    def _tell_behind(self, problems: Found, store: StoreLines, sequence: int) -> None:
        sentence = Said(
            "The store is behind: {} holds entry {} with this ledger's own signatures, the store ends at entry {}.",
            self._home.published,
            sequence,
            store.size,
        )
        evidence = (str(sequence), str(store.size))
        problems.add("store", "behind", Said("entry {}", sequence), sentence, sequence=sequence, evidence=evidence)

    def _judge_checkpoint(self, problems: Found, beside: Beside, store: StoreLines) -> None:
        stated, path = self.stated, self._home.published_checkpoint
        if stated is None:
            return
        if stated.size > store.size:
            sentence = Said(
                "The store is behind: {} was signed for {} entries, the store ends at entry {}.",
                path,
                stated.size,
                store.size,
            )
            evidence = (str(stated.size), str(store.size))
            problems.add("store", "behind", Said("checkpoint {}", stated.size), sentence, evidence=evidence)
            return
        root = beside.roots.get(stated.size)
        if root not in (None, stated.root) and not problems.has("store", "checkpoints"):
            sentence = Said(
                "The store is another history: {} was signed for {} entries with another root than the "
                "store's first {} entries give.",
                path,
                stated.size,
                stated.size,
            )
            problems.add("store", "another_history", Said("checkpoint {}", stated.size), sentence, sequence=stated.size)

    def _judge_key(self, keys: Keyring, problems: Found) -> None:
        path, (data, why) = self._home.published_key, (self.key.data, self.key.why)
        if why:
            problems.add("published", "published_not_plain", str(path), Said("{} cannot be read: {}.", path, why))
        if data is None or keys.verifier is None:
            if not why and data is None and self.stated is not None:
                problems.add(
                    "published", "published_key_missing", str(path), Said("The verifier key {} is missing.", path)
                )
            return
        own = format_verifier(keys.verifier)
        got = data.decode("utf-8", "replace").strip()
        if got != own:
            sentence = Said(
                "{} is not the key that signs this ledger's checkpoints: whoever trusts it trusts another.", path
            )
            problems.add("published", "published_key_differs", str(path), sentence, evidence=(own, got))

    def _judge_lag(self, problems: Found, store: StoreLines, now: datetime) -> str:
        """What is not in the files any more, or not yet."""
        if self._why or self._different is not None:
            return ""
        path, checkpoint = self._home.published, self._home.published_checkpoint
        covered = self.stated.size if self.stated is not None else 0
        was = min(store.size, max(self._noted, covered))
        if self.lines < was:
            sentence = Said("{} ends after entry {}, and it held {}: its end was cut off.", path, self.lines, was)
            problems.add("published", "published_cut", str(path), sentence, sequence=self.lines + 1)
            return ""
        if self.stated is not None:
            complete = min(self.lines, covered)
        elif self.lines and self.checkpoint.data is None and not self.checkpoint.why and store.waits(1, now):
            problems.add(
                "published", "published_checkpoint_missing", str(checkpoint), Said("{} is missing.", checkpoint)
            )
            complete = self.lines
        else:
            complete = self.lines
        missing = store.size - complete
        if missing <= 0:
            return ""
        if not store.waits(complete + 1, now):
            return Said(
                "{} entries are not published yet; the next command or a running observer publishes them.", missing
            )
        sentence = Said(
            "{} entries from entry {} on are not published, for over a minute: {} or its checkpoint "
            "does not follow the store.",
            missing,
            complete + 1,
            path,
        )
        remedy = "Nothing is lost. Look at the folder's disk and permissions, then run: stage4 export"
        problems.add("published", "published_lags", str(path), sentence, sequence=complete + 1, remedy=remedy)
        return ""


class StoreLines:
    """What the published files are held against, beyond the lines on their way past."""

    def __init__(self, raw: RawLog, owner: str) -> None:
        self._raw, self._owner = raw, owner
        self.size = 0
        """Entries of the store; known when all have passed."""

    def line(self, sequence: int) -> bytes | None:
        """The store's line of an entry; None where it has none."""
        row = self._raw.row(self._owner, sequence)
        return row.line if row else None

    def waits(self, sequence: int, now: datetime) -> bool:
        """Whether an entry was written, by its own word, longer ago than a publisher may take."""
        try:
            written = parse_entry(self.line(sequence) or b"").timestamp
        except (Corrupt, RecursionError):
            return True
        return (now - written).total_seconds() >= PATIENCE


def _sequence(line: bytes) -> int:
    """The entry that a line claims to be; 0 where it is none."""
    try:
        return parse_entry(line).sequence
    except (Corrupt, RecursionError):
        return 0


def _noted(data: bytes | None) -> int:
    """How many lines the publisher noted down that it left; 0 where that is lost."""
    try:
        lines = json.loads(data or b"")["lines"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return 0
    return lines if type(lines) is int else 0


def _small(path: Path) -> Small:
    try:
        return Small(read_small(path, _SMALL))
    except FileNotFoundError:
        return Small(None)
    except OSError as error:
        return Small(None, error.strerror or str(error))


def _opened(path: Path, stack: ExitStack) -> tuple[BinaryIO | None, int, str]:
    try:
        descriptor = open_plain(path)
    except FileNotFoundError:
        return None, 0, ""
    except OSError as error:
        return None, 0, error.strerror or str(error)
    stream = cast("BinaryIO", stack.enter_context(os.fdopen(descriptor, "rb")))
    return stream, os.fstat(descriptor).st_size, ""
