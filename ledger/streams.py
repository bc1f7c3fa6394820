"""Standard input, output and error that end no command: what happened is said as well as the terminal can show it.

Standard library only: the stop needs it too. Three things are made safe, once, before anything is printed:

* a locale that is not UTF-8: what it cannot show is written in letters that it can (``✔`` is ``[ok]``), never an error;
* a reader that has gone, or a disk that is full: the rest is dropped, the command goes on to its end, and its exit
  status is the verdict's; :func:`lost` says so afterwards;
* a descriptor 0, 1 or 2 that is closed: it is ``/dev/null``, or the next file that is opened would get its number.
"""

from __future__ import annotations

import codecs
import errno
import io
import os
import sys
import unicodedata
from typing import TextIO

_ERRORS = "stage4-readable"
_ASCII = "stage4-ascii"
_SHOWN = {
    "✔": "[ok]",
    "✓": "[ok]",
    "✘": "[x]",
    "✕": "[x]",
    "↻": "[again]",
    "≈": "~",
    "≠": "!=",
    "→": "->",
    "…": "...",
    "–": "-",
    "—": "-",
    "·": ".",
    "×": "x",
    "“": '"',
    "”": '"',
    "„": '"',
    "’": "'",
    "‘": "'",
    "ł": "l",
    "Ł": "L",
}


def readable(error: UnicodeError) -> tuple[str, int]:
    """An error handler (``codecs.register_error``): letters without their marks, signs by their like, else a number."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    return "".join(map(_shown, error.object[error.start : error.end])), error.end


def _shown(letter: str) -> str:
    if letter in _SHOWN:
        return _SHOWN[letter]
    if 0xDC80 <= ord(letter) <= 0xDCFF:  # a byte that was no text (PEP 383)
        return f"\\x{ord(letter) - 0xDC00:02x}"
    plain = unicodedata.normalize("NFD", letter).encode("ascii", "ignore").decode()
    return plain if plain.isprintable() and plain else letter.encode("ascii", "backslashreplace").decode()


def _ascii_by_another_name(name: str) -> codecs.CodecInfo | None:
    """ASCII under another name: click takes a stream whose encoding is ASCII for a mistake and writes UTF-8 past it."""
    if name != _ASCII.replace("-", "_"):
        return None
    codec = codecs.lookup("ascii")
    return codecs.CodecInfo(
        codec.encode,
        codec.decode,
        codec.streamreader,
        codec.streamwriter,
        codec.incrementalencoder,
        codec.incrementaldecoder,
        name=_ASCII,
    )


codecs.register_error(_ERRORS, readable)
codecs.register(_ascii_by_another_name)


class Patient(io.FileIO):
    """A descriptor that is written to and never fails: after the first error everything is dropped."""

    def __init__(self, descriptor: int) -> None:
        super().__init__(descriptor, "w", closefd=False)
        self.failure: OSError | None = None

    def write(self, data: object) -> int | None:  # type: ignore[override]
        """Write, or drop; how many bytes are done with."""
        if self.failure is None:
            try:
                return super().write(data)  # type: ignore[arg-type]
            except OSError as error:
                self.failure = error
        return memoryview(data).nbytes  # type: ignore[arg-type]


def prepare() -> None:
    """Make the three streams of this process safe. Whatever goes wrong in that stops nothing."""
    try:
        for descriptor in (0, 1, 2):
            _require_open(descriptor)
        if sys.stdin is None:
            sys.stdin = open(0, encoding="utf-8", errors="surrogateescape", closefd=False)  # noqa: SIM115
        sys.stdout = _safe(sys.stdout, 1)
        sys.stderr = _safe(sys.stderr, 2)
    except (OSError, ValueError, LookupError):
        return


def _require_open(descriptor: int) -> None:
    try:
        os.fstat(descriptor)
    except OSError:
        null = os.open(os.devnull, os.O_RDWR)
        if null == descriptor:
            os.set_inheritable(null, True)
        else:
            os.dup2(null, descriptor)
            os.close(null)


def _safe(stream: TextIO | None, descriptor: int) -> TextIO:
    """The stream over the same descriptor; one that belongs to somebody else (a test) stays as it is."""
    encoding, by_line = "utf-8", descriptor == 2
    if stream is not None:
        if not isinstance(stream, io.TextIOWrapper) or _raw(stream) is None or _is_safe(stream):
            return stream
        if stream.fileno() != descriptor:
            return stream
        stream.flush()
        encoding, by_line = stream.encoding, by_line or stream.write_through
    raw = Patient(descriptor)
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=_ASCII if codecs.lookup(encoding).name == "ascii" else encoding,
        errors=_ERRORS,
        line_buffering=by_line or raw.isatty(),
    )


def _raw(stream: object) -> io.FileIO | None:
    buffer = getattr(stream, "buffer", None)
    raw = getattr(buffer, "raw", buffer)  # with python -u there is no buffer between
    return raw if isinstance(raw, io.FileIO) else None


def _is_safe(stream: object) -> bool:
    return isinstance(_raw(stream), Patient)


def shows_all_text() -> bool:
    """Whether standard output takes any text as it is (UTF-8); JSON is else written in ASCII, which loses nothing."""
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    return codecs.lookup(encoding).name == "utf-8"


def gone() -> bool:
    """Whether nothing that is printed from now on arrives anywhere: there is no use in printing more."""
    return _failure() is not None


def lost() -> str:
    """Why some of what was printed did not arrive, or ``""``. A reader that went away wanted no more of it."""
    failure = _failure()
    return "" if failure is None or failure.errno == errno.EPIPE else failure.strerror or "error"


def _failure() -> OSError | None:
    raw = _raw(sys.stdout)
    if not isinstance(raw, Patient) or sys.stdout.closed:
        return None
    sys.stdout.flush()
    return raw.failure
