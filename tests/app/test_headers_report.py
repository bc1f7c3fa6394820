"""The headers report names what is sent to Prometheus, also headers of one's own, and masks what is secret."""

from __future__ import annotations

import pytest

from ledger.app.installation import Installation
from ledger.app.steps.headers import format_report, headers_report

from .settings import changed


def test_headers_of_ones_own_are_named_and_secrets_masked(installation: Installation) -> None:
    own = {"X-Scope-OrgID": "trading", "X-Api-Key": "hunter2"}
    installation.config = changed(installation.config, prometheus={"url": "http://p", "headers": own})
    report = headers_report(installation)
    rows = {row["key"]: row for row in report["headers"]}
    assert rows["X-Scope-OrgID"]["value_preview"] == "trading"
    assert rows["X-Scope-OrgID"]["source"] == "configuration"
    assert rows["X-Api-Key"]["masked"]
    assert b"hunter2" not in format_report(report)
    assert report["headers_count"] == len(rows)


def test_headers_from_the_environment_say_so(installation: Installation, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE4_PROMETHEUS_HEADERS", "X-Scope-OrgID=trading")
    own = {"X-Scope-OrgID": "trading"}
    installation.config = changed(installation.config, prometheus={"url": "http://p", "headers": own})
    rows = {row["key"]: row for row in headers_report(installation)["headers"]}
    assert rows["X-Scope-OrgID"]["source"] == "environment"
    assert rows["User-Agent"]["source"] == "configuration"
