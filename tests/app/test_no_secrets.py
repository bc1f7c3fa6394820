"""Servers repeat everything that they are sent: no secret of the settings reaches the home, a log or a sentence."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from ledger.app.doctor import examine as doctor
from ledger.app.installation import Installation, opened
from ledger.app.observer import Observer
from ledger.app.press import Press
from ledger.app.reading.status import status_json
from ledger.app.steps import silencing, stopping
from ledger.app.steps.stop import stop
from ledger.domain.asked import fit
from ledger.errors import LedgerError
from tests.adapters.neighbours import Handler, odd

from .builders import actor
from .settings import changed

SECRETS = ("S3CRETKEY", "T0KENFILE", "HEADER5ECRET", "PASSW0RD", "QUERYWORD1")


def repeating(handler: Handler) -> None:
    """Says what it was sent: in a status page, in an answer that is refused, in one of another shape."""
    said = json.dumps({name: [value] for name, value in handler.headers.items()}) + handler.path
    if "/status" in handler.path:
        page = {"status": "disabled", "since": "2026-11-23T05:27:01+01:00", "cycle": 7, "warnings": [said]}
        handler.say(200, json.dumps(page).encode())
    elif "/rules" in handler.path:
        handler.say(200, json.dumps({"status": "success", "data": {"groups": []}, "warnings": [said]}).encode())
    elif "/api/v1" in handler.path:
        handler.say(200, json.dumps({"status": "error", "error": said}).encode())
    elif "/alerts" in handler.path:
        handler.say(200, json.dumps([{"labels": {"alertname": "MultiStrategyX"}, "startsAt": said}]).encode())
    else:
        handler.say(500, said.encode())


@pytest.fixture
def telling(root: Path, tmp_path: Path) -> Iterator[Installation]:
    """A home whose servers are all that one, each asked with secrets of every kind."""
    (tmp_path / "token").write_text("T0KENFILE\n")
    (tmp_path / "password").write_text("PASSW0RD\n")
    with odd(repeating) as server, opened(root) as made:
        query = "?key=S3CRETKEY&QUERYWORD1"
        own = {"headers": {"X-Api-Key": "HEADER5ECRET"}, "bearer_token_file": str(tmp_path / "token")}
        basic = {"username": "ops", "password_file": str(tmp_path / "password")}
        made.config = changed(
            made.config,
            scheduler={"url": f"{server.url}/status{query}", **own},
            tickets={"url": f"{server.url}/ticket/{{ticket}}{query}", **basic},
            prometheus={"url": server.url, **basic},
            alertmanager={"url": f"{server.url.replace('//', '//u:PASSW0RD@')}", **own},
        )
        made.publish()
        yield made


def test_no_secret_reaches_the_home_a_log_or_a_sentence(telling: Installation, root: Path) -> None:
    said: list[str] = []
    stop(telling, Press(actor("l2_ops")), fit(reason="latency", ticket="INC-1"))
    said.append(stopping.check(telling, Press(actor("l2_ops")), telling.rollback("INC-1"), patience=0).log)
    for act in (silencing.silence, silencing.check_silence):
        try:
            said.append(act(telling, Press(actor("observability")), telling.rollback("INC-1")).log)
        except LedgerError as error:
            said.append(str(error))
    observer = Observer(telling, said.append)
    for _ in range(21):
        observer.look()
    for looked in (doctor._scheduler, doctor._prometheus, doctor._alertmanager, doctor._labels):
        try:
            said += [f"{one.found} {one.remedy}" for one in looked(telling)]
        except LedgerError as error:
            said.append(str(error))
    with contextlib.suppress(LedgerError):
        said.append(repr(status_json(telling)))
    written = {str(file): file.read_bytes() for file in root.rglob("*") if file.is_file()}
    assert any(b"<masked>" in content for content in written.values()), "the servers did repeat them"
    for secret in SECRETS:
        assert not [one for one in said if secret in one], secret
        assert not [name for name, content in written.items() if secret.encode() in content], secret
