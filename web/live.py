"""Server-sent events (WHATWG HTML, "Server-sent events"): one stream a browser, and polling where streams do not pass.

``entry`` carries a sentence in each language and has the entry's sequence as id, so a browser that was away gets what
it missed by ``Last-Event-ID``; where that is too much it gets ``resync`` and reads its page anew. ``outlook`` says that
the outside looks different. ``beat`` comes every two seconds, so that a page knows within five that it cannot hear.
"""

from __future__ import annotations

import contextlib
import json
import threading
import time
from collections.abc import Iterator, Mapping
from typing import Any

from flask import Blueprint, Response, abort, request, session

from ledger.app.parsing import whole
from ledger.app.reading.outlook import SOURCES, Outlook
from ledger.app.reading.queries import sentence
from ledger.domain.record import Recorded
from ledger.domain.text import visible
from ledger.errors import LedgerError
from ledger.mistakes import mistake
from web.hub import Message
from web.i18n import LANGUAGES
from web.identity import stands
from web.site import Site, site
from web.told import heard

BEAT = 2.0
"""Seconds between two signs of life."""
CHECKED = 30.0
"""Seconds between two looks whether the session still stands."""
STREAMS = 500
"""Open streams at most; a browser beyond that polls. The server has more threads than this."""
_FOLLOW = 0.1
blueprint = Blueprint("live", __name__)


@blueprint.get("/live")
def stream() -> Response:
    """The stream of this browser."""
    here, token = site(), session.get("token", "")
    last = whole(request.headers.get("Last-Event-ID") or request.args.get("after", ""))
    if here.hub.listeners >= STREAMS:
        abort(503, "too many open streams; this page asks every few seconds instead")
    answer = Response(_events(here, token, last), mimetype="text/event-stream")
    answer.headers["X-Accel-Buffering"] = "no"
    return answer


@blueprint.get("/live/poll")
def poll() -> dict[str, Any]:
    """What a stream would have said since an entry, for browsers without one."""
    here = site()
    number = whole(request.args.get("after", ""))
    missed = here.hub.after_entry(number) if number is not None else []
    size = here.installation.ledger.log.size()  # the view may lag behind what the hub has told
    return {
        "size": size,
        "outlook": here.lookout.outlook.version,
        "at": _times(here),
        "resync": missed is None or (not missed and number is not None and number != size),
        "entries": [json.loads(message.data) for message in missed or ()],
    }


def _events(here: Site, token: str, last: int | None) -> Iterator[str]:
    listening = here.hub.listen(BEAT)  # before what was missed is looked up: nothing falls between the two
    told = 0
    yield "retry: 1000\n\n"
    for message in _missed(here, last):
        told = message.id
        yield format_event(message)
    yield format_event(_beat(here))  # a proxy that holds the stream back is known by this not coming
    checked = time.monotonic()
    for news in listening:
        if time.monotonic() - checked > CHECKED:
            if not stands(here, token):
                yield format_event(Message(0, "ended", "{}"))
                return
            checked = time.monotonic()
        if news is None or not 0 < news.id <= told:
            yield format_event(news or _beat(here))


def _missed(here: Site, last: int | None) -> list[Message]:
    """The entries after the last one that a browser had, or ``resync`` where they are no longer kept."""
    if last is None:
        return []
    size = here.installation.ledger.log.size()  # the view may lag behind what the hub has told
    missed = here.hub.after_entry(last)
    if last > size or (missed is None and last != size):
        return [Message(0, "resync", "{}", size)]
    return missed or []


def _beat(here: Site) -> Message:
    """A sign of life, with when each source was had last."""
    return Message(0, "beat", json.dumps({"at": _times(here)}))


def _times(here: Site) -> dict[str, str]:
    """When each source was had last."""
    at = here.lookout.outlook.at
    return {source: at[source].isoformat(timespec="milliseconds") for source in SOURCES if source in at}


def format_event(message: Message) -> str:
    """The bytes of one event; ``data`` is one line of JSON."""
    head = f"id: {message.id}\n" if message.id else ""
    return f"{head}event: {message.event}\ndata: {message.data}\n\n"


class Follower:
    """Tells the hub of every new entry, whoever appended it, and of every change outside."""

    def __init__(self, here: Site) -> None:
        self._site = here
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="follower", daemon=True)
        self._told: int | None = None
        """The last entry that the hub was told of; None until the ledger could be read."""

    def start(self) -> None:
        """Begin with what is new from now on; where the ledger cannot be read, from when it can."""
        with contextlib.suppress(LedgerError):
            self._told = self._site.installation.ledger.view().size
        self._site.lookout.changed = self.changed
        self._thread.start()

    def stop(self) -> None:
        """End, and with it every stream."""
        self._stopped.set()
        self._site.hub.close()
        self._thread.join(5)

    def changed(self, outlook: Outlook) -> None:
        """The outside looks different."""
        self._site.hub.publish("outlook", {"version": outlook.version})

    def _run(self) -> None:
        ledger = self._site.installation.ledger
        while not self._stopped.wait(_FOLLOW):
            try:
                size = ledger.view().size
                if self._told is None:
                    self._told = size
                elif size > self._told:
                    names = self._site.installation.people.names()
                    for record, _ in ledger.records(self._told):
                        self._site.hub.publish("entry", news_of(record, names), record.sequence)
                        self._told = record.sequence
            except Exception as error:  # noqa: BLE001 (pages that hear nothing more would look as if nothing came)
                if not isinstance(error, LedgerError):
                    mistake(error)
                continue  # every page says what is wrong with the store; the next round looks again


def news_of(record: Recorded, names: Mapping[str, str]) -> dict[str, Any]:
    """What an open page hears of an entry."""
    text = sentence(record)
    return {
        "sequence": record.sequence,
        "at": record.at.isoformat(timespec="seconds"),
        "actor": record.actor,
        "rollback": record.rollback,
        "status": record.status,
        "text": {tongue: visible(heard(text, tongue, names)) for tongue in LANGUAGES},
    }
