"""Asking Prometheus: its envelope, instant and range questions, and every sign that an answer is not whole.

Range queries go through prometheus-api-client. It drops ``warnings`` and raises four kinds of error, so a response hook
reads every answer first, with our own time-outs and sentences.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from datetime import datetime
from email.utils import parsedate_to_datetime
from itertools import islice
from typing import Any

import requests
import urllib3
from prometheus_api_client.exceptions import PrometheusApiClientException
from prometheus_api_client.prometheus_connect import PrometheusConnect

from ledger.adapters.http import (
    BoundedSession,
    Broken,
    Clock,
    Server,
    TooMuch,
    ask,
    bounded_json,
    explain,
    masked,
    session,
)
from ledger.adapters.prometheus_wire import native_histograms, parse_series
from ledger.adapters.shapes import line, listing, reading, table, text
from ledger.domain.facts import Series
from ledger.domain.moments import unix
from ledger.domain.watching.history import Grid
from ledger.errors import Unreachable
from ledger.masking import masked_text
from ledger.said import Said

WHO = "Prometheus"
SKEW = 5.0
"""Seconds between two clocks that are borne: a Date header has whole seconds, and answers take their time."""
_PART = "stage4_part"
"""Label of an answer that tells which of several questions a series belongs to."""
_OLD = 60.0
"""Seconds by which the time of an answer may differ from now."""
_MOST = 20
_LOOKED_AT = 1_000
_AS_ASKED = {"nocache": "1"}
"""But for this VictoriaMetrics moves start and end for its cache and omits the newest samples; others do not mind."""
_ENVELOPE = frozenset({"status", "data", "warnings", "infos"})
"""Of an answer that says success: one that has an ``error`` all the same is not understood."""
_HARMLESS = frozenset({"stats", "trace", "analysis"})
"""Members that only tell how the answer was come by: Prometheus' and VictoriaMetrics' statistics, Thanos' analysis."""
_DATA = frozenset({"resultType", "result", "alerts", "groups"})


@dataclass(slots=True)
class Remarks:
    """What answers said beside their data. Each sentence is one line, masked and bounded."""

    warnings: list[str] = field(default_factory=list)
    """Signs that an answer is not whole or not understood: no verdict passes on it."""
    notes: list[str] = field(default_factory=list)
    """What is only worth knowing."""
    skew: float = 0.0
    """Seconds by which our clock is ahead of the server's, by the Date of its last answer (RFC 9110, 6.6.1)."""

    def dated(self, header: str | None, now: datetime) -> None:
        """Compare the clocks; a header that is none tells nothing."""
        try:
            self.skew = (now - parsedate_to_datetime(header or "")).total_seconds() - 0.5  # it has whole seconds, cut
        except (TypeError, ValueError, OverflowError):
            self.skew = 0.0

    @property
    def clocks_differ(self) -> bool:
        """Whether the two clocks differ by more than is borne."""
        return abs(self.skew) > SKEW


class Api:
    """One Prometheus, or what answers like one. Each question has a connection of its own, but for ``kept``."""

    def __init__(self, server: Server, clock: Clock, opened: BoundedSession | None = None) -> None:
        self._server = server
        self._clock = clock
        self._opened = opened
        self._broken = self._left = False
        self._library = self._connect(opened) if opened else None
        self.place = Said("Prometheus at {}", masked(server.url))

    @contextmanager
    def kept(self) -> Iterator[Api]:
        """The same, over one connection for as long as the block runs and the server keeps it."""
        with session(self._server) as opened:
            yield Api(self._server, self._clock, opened)

    @property
    def held(self) -> bool:
        """Whether all answers so far came over one connection, and it has not broken."""
        return self._opened is not None and self._opened.connections <= 1 and not self._broken

    @property
    def answers(self) -> int:
        """How many whole answers came so far."""
        return self._opened.answers if self._opened else 0

    @property
    def closing(self) -> bool:
        """Whether another try would go as this one: each answer closes the connection, or we left a long one unread."""
        return self._left or (self._opened is not None and self._opened.connections >= self._opened.answers > 1)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        try:
            yield
        except Broken:
            self._broken = True
            raise
        except TooMuch:
            self._left = True
            raise

    def get(self, path: str, params: Mapping[str, str | list[str]] | None, remarks: Remarks) -> Any:
        """``data`` of an answer. Raises ``Unreachable``, and ``TooMuch`` where it is longer than is read."""
        with self._noted():
            answer = ask(self._server, WHO, "GET", path, params=params, kept=self._opened)
        return self._data(answer, remarks)

    def instant(self, expr: str, remarks: Remarks, at: float | None = None) -> tuple[Series, ...]:
        """``expr`` at a moment (unix seconds; None: the server's own now). A range selector gives its raw samples."""
        params: dict[str, str | list[str]] = {"query": expr, **_AS_ASKED}
        if at is not None:
            params["time"] = f"{at:.3f}"
        data = self.get("/api/v1/query", params, remarks)
        with reading(self.place):
            series = self._series(listing(table(data)["result"]), expr, remarks)
            if (kind := data.get("resultType", "vector")) not in ("vector", "matrix"):
                raise ValueError(Said("resultType {}", repr(line(str(kind), 40))))
            if kind == "vector":
                self._in_time(series, remarks, at)
            return series

    def _in_time(self, vector: tuple[Series, ...], remarks: Remarks, at: float | None) -> None:
        """An instant answer is of the moment that was asked for; one of long ago comes out of somebody's cache."""
        here = self._clock().timestamp()
        asked = (here, here - remarks.skew) if at is None else (at,)
        borne = _OLD if at is None else 1.0
        if strays := sum(
            min(abs(time - moment) for moment in asked) > borne for series in vector for time, _ in series.points
        ):
            remarks.warnings.append(Said("{} values came back of another time than was asked for", strays))

    def range(self, expr: str, window: Grid, remarks: Remarks) -> tuple[Series, ...]:
        """``expr`` at every sample of a grid. Samples at other times than asked for are a warning, and left out."""
        drawn = self.drawn(expr, window, remarks)
        times = frozenset(window.times())
        if strays := sum(at not in times for series in drawn for at, _ in series.points):
            remarks.warnings.append(
                Said("{} samples came back at other times than were asked for: they do not count", strays)
            )
            return tuple(Series(series.labels, tuple(p for p in series.points if p[0] in times)) for series in drawn)
        return drawn

    def together(self, questions: Mapping[str, str], window: Grid, remarks: Remarks) -> dict[str, tuple[Series, ...]]:
        """Several questions in one: what is answered comes from one and the same server, whatever stands before it."""
        parts = (f'label_replace({expr}, "{_PART}", "{name}", "", "")' for name, expr in questions.items())
        by_part: dict[str, list[Series]] = {name: [] for name in questions}
        for labelled in self.range(" or ".join(parts), window, remarks):
            labels = dict(labelled.labels)
            part = labels.pop(_PART, "")
            with reading(self.place):
                by_part[part].append(Series(tuple(labels.items()), labelled.points))
        return {name: tuple(series) for name, series in by_part.items()}

    def drawn(self, expr: str, window: Grid, remarks: Remarks) -> tuple[Series, ...]:
        """``expr`` over a grid with all samples as they came, for a picture."""

        def check(answer: requests.Response, *args: Any, **kwargs: Any) -> None:
            self._data(answer, remarks)

        with self._noted():
            result = self._ask_library(
                check,
                lambda connect: connect.custom_query_range(
                    expr, unix(window.first), unix(window.last), str(window.step), params=dict(_AS_ASKED)
                ),
            )
        with reading(self.place):
            return self._series(listing(result), expr, remarks)

    def _series(self, items: list[Any], expr: str, remarks: Remarks) -> tuple[Series, ...]:
        """Every series that can be read: one that cannot costs itself, and is told."""
        if any(map(native_histograms, items)):
            raise Unreachable(
                Said(
                    "{} answered {} with native histograms, and numbers were asked for: check the query, for "
                    "instance for a histogram_quantile around it",
                    self.place,
                    line(expr, 80),
                )
            )
        series, lost, why = [], 0, ""
        for item in items:
            try:
                series.append(parse_series(item))
            except (KeyError, TypeError, ValueError, OverflowError) as error:
                lost, why = lost + 1, Said("lacks {}", error) if isinstance(error, KeyError) else str(error)
        if lost and not series:
            raise ValueError(why)
        if lost:
            remarks.warnings.append(line(Said("{} of {} series could not be read ({})", lost, len(items), why)))
        return tuple(series)

    def _data(self, answer: requests.Response, remarks: Remarks) -> Any:
        """``data`` of the envelope ``{status, data, errorType, error, warnings[], infos[]}``, with all that it says."""
        page = bounded_json(answer, WHO)
        remarks.dated(answer.headers.get("Date"), self._clock())
        with reading(self.place):
            if table(page)["status"] != "success":
                raise ValueError(f"status {line(str(page['status']), 40)!r}: {line(str(page.get('error', '')))}")
            remarks.warnings += _said(page.get("warnings"))
            remarks.warnings += list(islice(_not_whole(page), _MOST))
            remarks.notes += _said(page.get("infos"))
            return page["data"]

    def _ask_library(self, check: Callable[..., None], question: Callable[[PrometheusConnect], object]) -> object:
        server = self._server
        try:
            with nullcontext(self._opened) if self._opened else session(server) as opened:
                hooks = opened.hooks["response"]
                hooks.append(check)
                try:
                    return question(self._library or self._connect(opened))
                finally:
                    hooks.remove(check)
        except PrometheusApiClientException as error:
            raise Unreachable(Said("{} failed: {}", self.place, line(masked_text(str(error)), 160))) from error
        except (KeyError, TypeError) as error:
            raise Unreachable(
                Said("{} answered JSON of another shape ({}): check the address", self.place, error)
            ) from error
        except (requests.RequestException, urllib3.exceptions.HTTPError, ValueError, OSError) as error:
            raise explain(error, WHO, server.url.rstrip("/"), server) from error

    def _connect(self, opened: BoundedSession) -> PrometheusConnect:
        """The library on a session; it puts an adapter of its own into it, and so a connection of its own."""
        url, timeout = self._server.url.rstrip("/"), self._server.timeout
        return PrometheusConnect(url, timeout=timeout, retry=urllib3.Retry(0), session=opened)  # type: ignore[arg-type]


def _said(sentences: object) -> list[str]:
    """Sentences of a server's own: the first of them, each one line, and how many more there are."""
    given = listing(sentences or [])
    told = [line(masked_text(text(sentence)[:_LOOKED_AT])) for sentence in given[:_MOST]]
    return told if len(given) <= _MOST else [*told, f"… (+{len(given) - _MOST})"]


def _not_whole(page: Mapping[str, Any]) -> Iterator[str]:
    """What stands in an envelope, or in its data, that says that there is more, or that this build does not know.

    VictoriaMetrics says ``isPartial`` where a storage node is away; Prometheus a ``groupNextToken`` where groups are
    left.
    """
    data = page.get("data")
    members = [(name, value) for name, value in page.items() if name not in _ENVELOPE]
    members += [(name, value) for name, value in data.items() if name not in _DATA] if isinstance(data, dict) else []
    for name, value in members:
        if not value or name in _HARMLESS:
            continue
        if name == "isPartial":
            yield "the answer is partial (isPartial): some of its storage did not answer"
        else:
            yield line(
                Said("the answer says {}: {}, which is not understood here", name, masked_text(str(value)[:200]))
            )
