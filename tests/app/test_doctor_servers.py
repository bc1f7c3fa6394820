"""What doctor advises about servers fits what they did, and labels are judged by the Alertmanager in use."""

from __future__ import annotations

import contextlib

import pytest

from ledger.app.doctor import examine as doctor
from ledger.app.doctor.check import remedy_for
from ledger.app.installation import Installation
from ledger.errors import LedgerError
from tests.adapters.neighbours import Handler, odd, says

from .settings import changed


@pytest.mark.parametrize(
    ("why", "remedy"),
    [
        ("Prometheus at http://p answered, and not all: the answer is partial", "until it answers whole"),
        ("Prometheus at http://p did not answer whole within 3 s: check its load and log", "less to tell"),
        ("Prometheus at http://p answered more than 10485760 bytes: ask it for less", "less to tell"),
    ],
)
def test_a_server_that_answers_has_the_right_address(why: str, remedy: str) -> None:
    assert remedy in remedy_for(why)


@pytest.mark.parametrize("name", ["prometheus", "alertmanager"])
@pytest.mark.parametrize("url", ["http://nosuch.invalid:9093", "http://127.0.0.1:1"])
def test_one_that_names_its_cause_gets_no_second_advice(installation: Installation, name: str, url: str) -> None:
    installation.config = changed(installation.config, **{name: {"url": url}})
    with pytest.raises(LedgerError) if name == "prometheus" else contextlib.nullcontext():
        found = list(getattr(doctor, f"_{name}")(installation))
        assert [(one.state, one.remedy) for one in found] == [("problem", "")] and ": " in found[0].found


@pytest.mark.parametrize(("version", "taken"), [("0.25.0", False), ("0.26.0", False), ("0.27.0", True), ("", True)])
def test_a_label_with_a_dot_is_judged_by_the_alertmanager_in_use(
    installation: Installation, version: str, taken: bool
) -> None:
    def answer(handler: Handler) -> None:
        says({"versionInfo": {"version": version}} if handler.path.endswith("/status") else [])(handler)

    with odd(answer) as server:
        labels = {"service.name": "stage4", "env": "lab"}
        installation.config = changed(installation.config, alertmanager={"url": server.url}, silence={"labels": labels})
        found = list(doctor._labels(installation))
    assert (found == []) == taken
    assert taken or "takes no label of the name 'service.name'" in found[0].found
