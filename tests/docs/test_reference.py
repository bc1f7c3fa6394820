"""The reference is made from the program and has all of it; the site has every document."""

from __future__ import annotations

import re

import pytest

from ledger.app.home.config_types import PLACES
from ledger.cli.root import COMMANDS
from ledger.domain.events import EVENTS
from tools.reference import PAGES, commands_page, entries_page, metrics_page, settings_page

from .blocks import DOCS


def test_it_has_every_command() -> None:
    page = commands_page()
    assert [name for name in COMMANDS if f"## `stage4 {name}`" not in page] == []
    assert "## `stage4 rollback owe-silence-end`" in page and "--reason TEXT" in page


def test_it_has_every_setting_with_its_default_and_variable() -> None:
    page = settings_page()
    assert [str(place) for place in PLACES if f"| `{place.name}` |" not in page or place.variable not in page] == []
    assert "| `duration` | the observation window of step 4 | `15m` | `STAGE4_WATCH_DURATION` |" in page


def test_it_has_every_kind_of_entry_and_says_which_version() -> None:
    page = entries_page()
    assert len(re.findall(r"^\| `\w+`", page, re.MULTILINE)) == len(EVENTS)
    assert [
        status for status, version in EVENTS if f"| `{status}`{f' ({version})' if version > 1 else ''} |" not in page
    ] == []
    assert ":class:" not in page and "``" not in page


def test_it_has_the_metrics_that_the_shipped_rules_ask_for() -> None:
    page = metrics_page()
    rules = (DOCS.parent / "deploy/prometheus/stage4_observer_rules.yml").read_text("utf-8")
    asked = set(re.findall(r"stage4_(?:ledger|observer|publish)_\w+", rules))
    assert asked and [name for name in sorted(asked) if f"`{name}`" not in page] == []


@pytest.mark.parametrize("name", PAGES)
def test_what_is_made_is_included(name: str) -> None:
    assert f"var/site/made/{name}" in (DOCS / "reference" / name).read_text("utf-8")


def test_the_site_leads_to_every_document() -> None:
    listed = set()
    for index in (DOCS / "index.md", DOCS / "adr" / "index.md"):
        for tree in re.findall(r"```\{toctree\}\n(.*?)```", index.read_text("utf-8"), re.DOTALL):
            for entry in (line for line in tree.splitlines() if line and not line.startswith(":")):
                listed |= set(index.parent.glob(f"{entry}.md"))
    assert set(DOCS.glob("**/*.md")) - listed == {DOCS / "index.md"}
