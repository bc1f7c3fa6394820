"""The store's lines as the verifier reads them: a stream, with everything else compared as each row goes by."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator

from ledger.store.values import StoredRow

_EVERY = 50


class RowStream(io.RawIOBase):
    """Each row's line and a newline, one a call of :meth:`readline`; ``passing`` is told each before it is given."""

    def __init__(
        self, rows: Iterator[StoredRow], passing: Callable[[StoredRow], None], progress: Callable[[int], None]
    ) -> None:
        super().__init__()
        self._rows = rows
        self._passing = passing
        self._progress = progress
        self._rest = b""
        self.count = 0

    def readline(self, size: int | None = -1, /) -> bytes:
        """The next line, at most ``size`` bytes of it; the rest comes with the next call."""
        data = self._rest or self._next()
        if size is not None and 0 <= size < len(data):
            data, self._rest = data[:size], data[size:]
        else:
            self._rest = b""
        return data

    def _next(self) -> bytes:
        row = next(self._rows, None)
        if row is None:
            return b""
        self.count += 1
        if self.count % _EVERY == 0:
            self._progress(self.count)
        self._passing(row)
        return row.line + b"\n"
