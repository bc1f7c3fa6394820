"""Pages after a clock that jumped into the future once: the time when an entry was made, and what stands in it."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import pytest

from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.command import SYSTEM
from ledger.domain.keeping.commands import KeepLog

from .conftest import person

AHEAD = "2038-02-01 00:00:00 UTC"
PAGES = ("/timeline", "/rollbacks/INC-7", "/rollbacks/INC-7/review", "/rollbacks/INC-7/review.md", "/entries/{last}")


@pytest.fixture
def jumped(installation, site):
    now = installation.clock()
    installation.clock = lambda: datetime(2038, 2, 1, tzinfo=UTC)
    installation.submit(KeepLog(program="note", exit_status=0, log_sha384="sha384:" + 96 * "0"), Press(SYSTEM))
    installation.clock = lambda: now + timedelta(minutes=1)
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
    return installation


@pytest.mark.parametrize(
    ("language", "said"),
    [
        ("en", f"(recorded as {AHEAD}, because an earlier entry is later)"),
        ("pl", f"(zapisano jako {AHEAD}, bo wcześniejszy wpis ma późniejszy czas)"),
    ],
)
@pytest.mark.parametrize("path", PAGES)
def test_a_page_shows_the_wall_time_and_marks_it(jumped, browser, path, language, said):
    client = browser("incident_manager")
    client.set_cookie("lang", language)
    page = client.get(path.format(last=jumped.state.sequence)).get_data(as_text=True)
    page = re.sub(r"\\([^\w\s])", r"\1", page)  # Markdown's escapes
    assert said in page
    assert f"{jumped.clock():%H:%M:%S}" in page


def test_what_was_not_clamped_is_not_marked(installation, site, browser):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
    for path in PAGES:
        page = browser("incident_manager").get(path.format(last=installation.state.sequence)).get_data(as_text=True)
        assert "because an earlier entry is later" not in page


def test_the_first_page_counts_the_last_entrys_age_by_the_wall_clock(jumped, browser):
    page = browser("incident_manager").get("/").get_data(as_text=True)
    assert f'datetime="{jumped.clock().isoformat(timespec="seconds")}"' in page
    assert "2038" not in page
