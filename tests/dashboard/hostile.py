"""Texts that attack a page, a neighbour that says nothing else, and a reader that sees whether one got through."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser

from tests.adapters.neighbours import Handler

TURNED = "\u202e"
PAYLOAD = (
    f"xss{TURNED}\"'></title></textarea></option></select></pre></svg><script>xss()</script>"
    "<img src=x onerror=xss()><i xss onfocus=xss()>%s%(x)s{{7*7}}"
)
"""Under 200 characters, so that it fits every field; it ends every element that text of ours stands in."""
LINK = "javascript:xss()//" + PAYLOAD
VOID = frozenset(["area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"])
OWN = ("/", "#", "?")
SERVERS = re.compile(r"http://127\.0\.0\.1:\d+/(#/)?alerts")
"""The pages of the configured servers, to which the first page leads."""


class Page(HTMLParser):
    """A page of ours, element by element; ``odd`` says what cannot have come from a template."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.odd: list[str] = []
        self.forms = 0
        self.seen = "xss" in text
        self._open: list[str] = []
        self.feed(text)
        self.close()
        self.odd += [f"<{tag}> never ends" for tag in self._open]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "i" or (tag == "script" and not given.get("src", "").startswith("/static/")):
            self.odd.append(f"<{tag}>")
        for name, value in given.items():
            if name.startswith("on") or name in ("xss", "style", "srcdoc"):
                self.odd.append(f"<{tag} {name}>")
            theirs = tag == "a" and name == "href" and SERVERS.fullmatch(value)
            foreign = not (theirs or value.startswith(OWN)) or value.startswith(("//", "/\\"))
            if foreign and name in ("href", "src", "action", "formaction", "hx-get", "hx-post", "data"):
                self.odd.append(f"<{tag} {name}={value[:60]!r}>")
            if TURNED in value and not (tag == "input" and name == "value"):
                self.odd.append(f"a turned line in <{tag} {name}>")
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.odd.append(f"</{tag}> ends what was never begun")

    def handle_data(self, data: str) -> None:
        if TURNED in data and self._open[-1] not in ("textarea", "bdi"):
            self.odd.append(f"a turned line in <{self._open[-1]}>")


def odd_in(text: str) -> list[str]:
    """What is wrong with a page; nothing where it is only what its template says."""
    return Page(text).odd


def neighbour(marker: str) -> Callable[[Handler], None]:
    """Scheduler, Alertmanager, Prometheus and ticket system in one, each of whose texts is the payload."""

    def answer(handler: Handler) -> None:
        path = handler.path.partition("?")[0]
        if handler.command != "GET":
            return handler.say(400, PAYLOAD.encode())
        page = next((made for start, made in _PAGES.items() if path.startswith(start)), None)
        if page is None:
            return handler.say(500, PAYLOAD.encode())
        return handler.say(200, json.dumps(page(marker)).encode())

    return answer


def _ago(minutes: int) -> str:
    return (datetime.now(UTC) - timedelta(minutes=minutes)).isoformat(timespec="milliseconds")


def _labels() -> dict[str, str]:
    hostile = {"severity": "critical", "strategy": PAYLOAD, "schedule": PAYLOAD, "__name__": PAYLOAD}
    # What JSON can spell and UTF-8 cannot (a lone surrogate), and what a terminal obeys.
    return {"alertname": f"MultiStrategyDrawdown{PAYLOAD}", "odd": "a\ud800\x1b[31m\0", **hostile}


def _alert(_: str) -> list[dict[str, object]]:
    status = {"state": "suppressed", "silencedBy": [PAYLOAD], "inhibitedBy": []}
    return [{"labels": _labels(), "annotations": {"summary": PAYLOAD}, "startsAt": _ago(9), "status": status}]


def _silence(marker: str) -> list[dict[str, object]]:
    matcher = {"name": "alertname", "value": "MultiStrategy.*", "isRegex": True, "isEqual": True}
    silence = {"id": f"1{PAYLOAD}", "status": {"state": "active"}, "matchers": [matcher], "startsAt": _ago(9)}
    return [{**silence, "endsAt": _ago(-20), "createdBy": PAYLOAD, "comment": f"{marker} {PAYLOAD}"}]


def _data(data: object) -> dict[str, object]:
    return {"status": "success", "data": data, "warnings": [PAYLOAD]}


def _series(_: str) -> dict[str, object]:
    at = datetime.now(UTC).timestamp()
    return _data({"resultType": "matrix", "result": [{"metric": _labels(), "values": [[at, "1"], [at + 15, "2"]]}]})


def _now(_: str) -> dict[str, object]:
    """An instant question's answer, whole: what is partial is not taken for the present."""
    at = datetime.now(UTC).timestamp()
    metric = {**_labels(), "alertstate": "firing"}
    return {"status": "success", "data": {"resultType": "vector", "result": [{"metric": metric, "value": [at, "9e8"]}]}}


_PAGES: dict[str, Callable[[str], object]] = {
    "/status": lambda _: {"status": "disabled", "since": _ago(9), "cycle": 7, "warnings": [PAYLOAD]},
    "/api/v2/alerts": _alert,
    "/api/v2/silences": _silence,
    "/api/v2/status": lambda _: {"versionInfo": {"version": PAYLOAD}},
    "/api/v1/rules": lambda _: _data({"groups": []}),
    "/api/v1/query_range": _series,
    "/api/v1/query": _now,
    "/ticket": lambda _: {"fields": {"status": {"name": PAYLOAD}}},
}
