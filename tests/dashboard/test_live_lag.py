"""Who has heard of an entry is not told to read the page anew because the server's own view lags behind it."""

from __future__ import annotations

import pytest

from ledger.app.installation import Installation, opened
from ledger.app.press import Press
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from web.live import _missed, news_of
from web.site import Site


@pytest.fixture
def heard(installation: Installation, site: Site) -> int:
    """The newest entry, by another process: the hub has told it, the view does not know it yet."""
    ledger = installation.ledger
    ledger.lag = 1e9
    before = ledger.view().size
    with opened(installation.home.root) as other:
        other.submit(AddPerson(person="p-new01", roles=("auditor",)), Press(SYSTEM))
    for record, _ in ledger.records(before):
        site.hub.publish("entry", news_of(record, {}), record.sequence)
    assert ledger.view().size == before
    return before + 1


def test_a_stream_that_comes_again_has_missed_nothing(site: Site, heard: int) -> None:
    assert _missed(site, heard) == []


def test_a_page_that_polls_has_missed_nothing(browser, heard: int) -> None:
    told = browser("noc").get(f"/live/poll?after={heard}").json
    assert not told["resync"] and told["entries"] == []
