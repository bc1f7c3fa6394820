"""Files of iCalendar at secret addresses, as Google's or Outlook's calendars are published.

RFC 5545 for the files; RFC 9110, sections 8.8.3 and 13.1.2, for ``ETag`` and ``If-None-Match``.
"""

from __future__ import annotations

from hashlib import sha256
from typing import ClassVar

from ledger.lab.standins.server import Answer, Request, StandIn, Wrong, route


def calendar(*events: str, more: str = "") -> bytes:
    """A calendar; each event is the lines between its ``BEGIN`` and ``END``, ``more`` stands before the events."""
    inside = "".join(
        f"BEGIN:VEVENT\n{'' if 'UID:' in event else f'UID:{number}@schedule.invalid'}\n"
        f"DTSTAMP:20261101T000000Z\n{event}\nEND:VEVENT\n"
        for number, event in enumerate(events)
    )
    text = f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Stage4//Lab//EN\n{more}\n{inside}END:VCALENDAR\n"
    return "\r\n".join(line for line in text.split("\n") if line).encode() + b"\r\n"


class CalendarFiles(StandIn):
    """``calendars`` are the files by the secret part of their address."""

    NAME = "calendar"
    SECRET: ClassVar[str] = "private-0123456789abcdef0123456789abcdef"  # noqa: S105

    def __init__(self, port: int = 0) -> None:
        super().__init__(port)
        self.calendars: dict[str, bytes] = {self.SECRET: calendar()}

    def address(self, secret: str = SECRET) -> str:
        """Where a calendar is."""
        return f"{self.url}/calendar/ical/stage4%40example.net/{secret}/basic.ics"

    def allow(self, request: Request) -> None:
        """Nobody is asked who they are; a program that does not say what it is gets no answer."""
        if "user-agent" not in request.headers or request.headers.get("accept") != "text/calendar":
            raise Wrong(Answer(406, b"", content_type="text/plain"))

    @route("GET", "/calendar/ical/stage4@example.net/{secret}/basic.ics")
    def file(self, request: Request, secret: str) -> Answer:
        """The file, or that it did not change."""
        content = self.calendars.get(secret)
        if content is None:
            return Answer(404, b"<html>Not Found</html>", content_type="text/html")
        headers = {"ETag": f'"{sha256(content).hexdigest()[:16]}"', "Cache-Control": "no-cache"}
        if request.headers.get("if-none-match") == headers["ETag"]:
            return Answer(304, None, headers)
        return Answer(200, content, headers, "text/calendar; charset=utf-8")
