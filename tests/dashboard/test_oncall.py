"""Pages say who is on duty, by what was seen last; none of them asks a schedule."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from ledger.app.oncall.watch import OnCall
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.lab.standins.pagerduty import OnCall as Shift
from ledger.lab.standins.pagerduty import PagerDutyApi
from tests.app.settings import changed

from .conftest import person

OWNER = "POWNER1"


@pytest.fixture
def api(site) -> Iterator[PagerDutyApi]:
    """A schedule of product owners, by which Ola of another role is on duty; and an open rollback."""
    installation, at = site.installation, datetime.now(UTC)
    with PagerDutyApi() as made:
        made.schedules = {OWNER: [Shift("POLA", "Ola <b>Lis</b>", at - timedelta(hours=1), at + timedelta(hours=30))]}
        key = installation.home.root / "key"
        key.write_text(PagerDutyApi.TOKEN)
        table = {
            "kind": "pagerduty",
            "url": made.url,
            "bearer_token_file": str(key),
            "roles": {"product_owner": OWNER},
        }
        installation.config = changed(installation.config, oncall=table)
        installation.oncall = OnCall(installation.config, installation.clock)
        opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="latency")
        yield made


def text(page: str) -> str:
    return " ".join(re.sub(r"<[^>]*>", " ", page).split())


PAGES = ("/", "/rollbacks/INC-7", "/setup?item=people")


def test_without_a_schedule_pages_say_nothing_of_duty(browser) -> None:
    assert "on duty" not in text(browser("admin").get("/setup?item=people").text).lower()


@pytest.mark.parametrize("path", PAGES)
def test_pages_say_who_is_on_duty_and_ask_nobody(site, browser, api, path) -> None:
    reader = browser("admin")
    before = reader.get(path).text
    assert "ho is on duty is not known: nobody has looked yet" in text(before)
    assert not api.requests
    site.installation.oncall.look()
    asked = len(api.requests)
    page = reader.get(path).text
    assert "n duty by PagerDuty, as of " in text(page)
    assert "Ola &lt;b&gt;Lis&lt;/b&gt; (not known here) until " in page
    assert len(api.requests) == asked, "and it is made anew although no entry came"


@pytest.mark.parametrize("path", PAGES)
def test_a_look_that_failed_has_no_name_on_any_page(site, browser, api, path) -> None:
    api.fail("403")
    site.installation.oncall.look()
    page = browser("admin").get(path).text
    assert "Lis" not in page and PagerDutyApi.TOKEN not in page
    assert "ho is on duty is not known: PagerDuty at " in text(page)


def test_somebody_on_duty_without_the_role_may_not_confirm_for_that(site, browser, api) -> None:
    installation = site.installation
    installation.config = changed(installation.config, oncall={"people": {"ola@example.net": "lab-noc"}})
    installation.oncall = OnCall(installation.config, installation.clock)
    installation.oncall.look()
    page = browser("noc").get("/rollbacks/INC-7").text
    assert "(on duty, but does not hold the role)" in text(page)
    assert 'action="/rollbacks/INC-7/confirm"' not in page


def test_it_is_said_in_polish(site, browser, api) -> None:
    site.installation.oncall.look()
    reader = browser("noc")
    reader.set_cookie("lang", "pl")
    page = text(reader.get("/").text)
    assert "Dyżur (źródło: PagerDuty, stan na " in page and "(tu nieznana osoba) do " in page
