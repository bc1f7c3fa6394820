"""The charts of a watch in a real browser: their limits, one moment and one zoom for all, and all of it by keyboard."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from ledger.app.press import Press
from ledger.app.steps import watching
from ledger.lab.rehearsal import person, wait_for_alert

from .axe import text, violations
from .house import House
from .people import WIDE, People

SLIDER = ".chart-bar input"
NO_SAMPLE = re.compile(r"^\d\d:\d\d:\d\d UTC: cross_exchange_arbitrage –, ")
"""After the stop."""


@pytest.fixture
def charts(home: House, signed_in: People) -> Iterator[Page]:
    """A watch of 20 s, after latency was critical, as NOC sees it."""
    home.lab.misbehave("latency")
    try:
        wait_for_alert(home.installation, home.lab)
        name = home.open("INC-2480", upto=3).id
        watching.start(home.installation, Press(person(home.installation, "noc")), home.installation.rollback(name), 20)
        page = signed_in("noc", viewport=WIDE)
        page.goto(f"/rollbacks/{name}")
        page.wait_for_selector(".chart.lead .chart-flag", timeout=40_000)
        yield page
    finally:
        home.lab.misbehave("none")


def scale(page: Page) -> tuple[int, int]:
    """From when to when the charts show."""
    slider = page.locator(SLIDER)
    return int(slider.get_attribute("min") or 0), int(slider.get_attribute("max") or 0)


def moment(page: Page) -> str:
    """What is said at the cursor: the moment, and each series' value there."""
    return page.locator(SLIDER).get_attribute("aria-valuetext") or ""


def test_the_metric_that_stopped_trading_is_large_with_its_limit_and_all_charts_follow_one_moment(
    charts: Page, tmp_path_factory: pytest.TempPathFactory
) -> None:
    lead = charts.locator(".chart.lead")
    assert lead.locator(".chart-title").inner_text() == "Scheduler loop latency"
    value, _, unit = lead.locator(".chart-now").inner_text().partition("\u00a0")
    assert int(value) > 320 and unit == "ms"
    assert "above 320 ms" in lead.locator(".chart-state").inner_text()
    assert lead.locator(".chart-limit").first.inner_text().startswith("MultiStrategySchedulerLatencyCritical: above")

    for one in charts.locator(".chart").all():
        names = one.locator(".chart-key li span").all_inner_texts()
        dashes = [line.get_attribute("stroke-dasharray") for line in one.locator(".chart-key line").all()]
        assert len(set(names)) == len(names) == len(set(dashes)) > 0
        assert all(names)
        assert "value" not in names

    lead.scroll_into_view_if_needed()
    place = lead.locator(".u-over").bounding_box()
    assert place is not None
    before = scale(charts)
    across = place["y"] + place["height"] / 2
    charts.mouse.move(place["x"] + place["width"] * 0.3, across)
    shown = charts.locator(".chart-at:visible")
    expect(shown).to_have_count(8)
    assert len(set(shown.all_inner_texts())) == 1, "one cursor in all charts"
    expect(charts.locator(".chart-bar output")).to_have_text(shown.first.inner_text() + " UTC")

    charts.mouse.down()
    charts.mouse.move(place["x"] + place["width"] * 0.8, across, steps=5)
    charts.mouse.up()
    near = scale(charts)
    assert before[0] < near[0] < near[1] < before[1] + 5
    charts.wait_for_timeout(6_000)
    assert scale(charts) == near, "new samples do not take the zoom away"
    charts.mouse.dblclick(place["x"] + place["width"] * 0.5, across)
    expect(charts.get_by_role("button", name="Whole window")).to_be_disabled()
    assert scale(charts)[0] <= before[0]

    charts.mouse.move(1, 1)
    charts.locator(SLIDER).focus()
    charts.keyboard.press("ArrowLeft")
    expect(charts.locator(SLIDER)).to_have_attribute("aria-valuetext", NO_SAMPLE)
    for _ in range(200):  # back over the seconds after the stop, to the last sample before it
        if "\u00a0ms" in moment(charts):
            break
        charts.keyboard.press("ArrowLeft")
        charts.wait_for_timeout(20)
    charts.locator(".chart-table summary").press("Enter")
    expect(charts.locator(".chart-table")).to_contain_text(f"{value}\u00a0ms")
    expect(charts.locator(".chart-table")).to_contain_text("PnL drawdown · limit −4 %")
    charts.get_by_role("button", name="Latest").press("Enter")
    expect(charts.locator(SLIDER)).to_be_focused()
    assert violations(charts, text(tmp_path_factory.mktemp("axe"))) == []
