"""Another team's silence with a regex that takes hours where every way is tried: pages and the stop answer at once."""

from __future__ import annotations

import json
import time
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.adapters.neighbours import Handler, odd, until

from .served import KIND, made_home, served

NAME = "MultiStrategySchedulerLatencyCritical"
AT_ONCE = 3.0
"""Seconds on two shared cores; it is some tenths alone."""
REGEXES = [r"(.|\w)*!", r"([a-z]|\w)*x", ".*" * 11 + "x"]
TIMES = {"startsAt": "2026-11-23T05:27:01Z", "endsAt": "2099-01-01T00:00:00Z"}


def silence(number: int, regex: str) -> dict[str, object]:
    matcher = {"name": "alertname", "value": regex, "isRegex": True, "isEqual": True}
    who = {"createdBy": "otherteam", "comment": "theirs"}
    return {"id": f"s-{number}", "status": {"state": "active"}, "matchers": [matcher], **TIMES, **who}


def member(handler: Handler) -> None:
    """Another team's silences, and an alert of ours that fires and is not muted."""
    labels = {"alertname": NAME, "severity": "critical"}
    alert = {"labels": labels, **TIMES, "status": {"state": "active", "silencedBy": []}}
    silences = [silence(number, regex) for number, regex in enumerate(REGEXES)]
    handler.say(200, json.dumps([alert] if "/alerts" in handler.path else silences).encode())


@pytest.mark.enable_socket
def test_pages_and_the_stop_answer_at_once(tmp_path: Path) -> None:
    root = made_home(tmp_path / "home")
    with odd(member) as alertmanager:
        with (root / "stage4.toml").open("a") as settings:
            settings.write(f'\n[alertmanager]\nurl = "{alertmanager.url}"\n')
        with served(root) as here:
            cookies = here.sign_in()
            asked = len(alertmanager.seen)
            until(lambda: sum("/silences" in path for _, path, _, _ in alertmanager.seen[asked:]) >= 3)
            for path in ("/", "/silences"):
                began = time.monotonic()
                assert here.ask("GET", path, Cookie=cookies).status == 200
                assert time.monotonic() - began < AT_ONCE, path
            began = time.monotonic()
            form = urlencode({"request_id": "a" * 32, "reason": "orders look wrong"})
            assert here.ask("POST", "/stop", form, Cookie=cookies, Content_Type=KIND).status == 303
            assert time.monotonic() - began < AT_ONCE
            assert list((root / "var" / "runtime" / "overrides").glob("*.json"))
