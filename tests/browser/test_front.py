"""Through a proxy: one that holds the stream back, and one that puts the dashboard under a sub-path."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.doors.front import KINDS, front
from tests.doors.served import served

from .house import House
from .people import People, live, press


@pytest.mark.parametrize("kind", KINDS)
def test_where_the_stream_is_held_back_the_page_asks_by_itself(
    home: House, signed_in: People, tmp_path: Path, kind: str
) -> None:
    name = home.open("INC-2601").id
    with front(kind, home.port, tmp_path, hold=True) as url:
        page = signed_in("noc", url=url)
        page.goto(f"/rollbacks/{name}")
        page.wait_for_selector("body[data-live=polling]", timeout=12_000)
        for number in range(3):
            receipt = home.note(name, f"note {number}")
            began = time.monotonic()
            page.wait_for_selector(f".entries a[href='/entries/{receipt.last}']", timeout=8000)
            assert time.monotonic() - began < 6
        time.sleep(6)  # as long as a stream beside the polls would need to be found silent
        assert page.get_attribute("body", "data-live") == "polling"
        page.close()


@pytest.fixture
def below(home: House, tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[str]:
    """The house's own ledger, served once more behind a proxy that names a prefix."""
    root = home.installation.home.root
    with served(root, "--behind-proxy") as here, front(request.param, here.port, tmp_path, "/ops/stage4") as url:
        yield url


@pytest.mark.parametrize("below", KINDS, indirect=True)
def test_under_a_sub_path_a_rollback_is_read_and_written_as_anywhere(
    home: House, below: str, signed_in: People
) -> None:
    name = home.open("INC-2602").id
    page = signed_in("", url=below + "/")
    page.goto(below + "/sign-in")
    page.fill("[name=login]", "noc")
    page.fill("[name=password]", home.password)
    page.click("form[action$='/sign-in'] button")
    page.wait_for_selector("#main .glance")
    live(page)
    page.click(f"a[href='/ops/stage4/rollbacks/{name}']")
    page.wait_for_selector("#act-note", state="attached")
    live(page)
    page.locator("#act-note").evaluate("form => form.closest('details').open = true")
    press(page, "note", text="written below a prefix")
    page.wait_for_selector(".entries li:has-text('written below a prefix')")
    receipt = home.note(name, "from elsewhere")
    page.wait_for_selector(f"#ticker a[href='/ops/stage4/entries/{receipt.last}']", timeout=5000)
    page.click("#ticker a")
    page.wait_for_url(f"**/ops/stage4/entries/{receipt.last}")
