"""Who answers: the running server's own word of when it began, asked again and again between the questions.

Several servers may stand behind one address. A balancer of connections gives one of them for as long as a connection
is kept; one of requests gives another one for each, and only their own word tells them apart.
"""

from __future__ import annotations

from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.shapes import reading, table, text, when
from ledger.errors import Unreachable

_STORES = "storageRetention"
"""What the page about the running server has where it keeps the series itself; Thanos Query has such a page too."""


class Witness:
    """What was said by whoever answered; two that began at the same nanosecond are one."""

    def __init__(self, api: Api) -> None:
        self._api = api
        self._said: list[str] = []

    def look(self, times: int = 1) -> None:
        """Ask who answers. Twice in a row tells two apart that take turns."""
        for _ in range(times):
            before = self._api.answers
            try:
                self._said.append(self._began())
            except Unreachable:  # Mimir and VictoriaMetrics have no such page; a look without an answer tells nothing
                self._said += [""] if self._api.answers > before else []

    @property
    def one(self) -> bool:
        """Whether it was the same each time. A server without such a page says nothing each time."""
        return len(set(self._said)) <= 1

    @property
    def began(self) -> float | None:
        """When its process began, in unix seconds.

        None where that is not known, or where what answers is no Prometheus: then the series are another's by right.
        """
        said = self._said[0] if self._said else ""
        return when(said).timestamp() if said else None

    def _began(self) -> str:
        page = self._api.get("/api/v1/status/runtimeinfo", None, Remarks())
        with reading(self._api.place):
            said = text(table(page)["startTime"])
            when(said)
            return said if _STORES in page else ""
