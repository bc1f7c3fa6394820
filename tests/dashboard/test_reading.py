"""Timeline, entries, artefacts and audit, as an auditor reads them."""

from __future__ import annotations

import hashlib
import html
import re

import pytest

from ledger.app.press import Press
from ledger.app.steps import opening

from .conftest import person


@pytest.fixture
def rollback(installation):
    return opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency <script>alert(1)</script>"
    ).rollback


def test_the_timeline_shows_every_entry_and_says_what_a_filter_hides(browser, rollback, installation):
    auditor = browser("auditor")
    size = installation.state.sequence
    page = auditor.get("/timeline?view=every").text
    assert all(f'id="e{n}"' in page for n in range(1, size + 1))
    page = auditor.get("/timeline?rollback=INC-7").text
    assert "opened the rollback" in page
    assert f"{size - 1} entries are hidden by this filter" in page


def test_what_people_typed_is_shown_as_text(browser, rollback):
    for path in ("/timeline", "/rollbacks/INC-7", "/", f"/entries/{rollback.opened_entry}", "/rollbacks/INC-7/review"):
        page = browser("auditor").get(path).text
        assert "<script>alert" not in page, path
        assert "&lt;script&gt;alert" in page, path


def test_more_rows_come_by_a_link_and_none_twice(browser, installation, rollback):
    for number in range(60):
        opening.note(installation, Press(person("noc")), installation.rollback("INC-7"), f"note {number}")
    auditor, path, seen = browser("auditor"), "/timeline?view=every", []
    while path:
        page = auditor.get(path).text
        seen += re.findall(r'id="e(\d+)"', page)
        more = re.search(r'class="tl-more" hx-get="([^"]+)"', page)
        path = more[1].replace("&amp;", "&") if more else ""
    assert seen == [str(n) for n in range(installation.state.sequence, 0, -1)]


def test_an_entry_is_shown_with_the_bytes_that_its_follower_names(browser, installation, rollback):
    auditor, number = browser("auditor"), rollback.opened_entry
    line = auditor.get(f"/entries/{number}/bytes").data
    assert line == installation.ledger.log.line(number)
    page = auditor.get(f"/entries/{number}").text
    assert hashlib.sha384(line).hexdigest() in page
    assert "both HMACs fit" in page
    assert auditor.get("/entries/999999").status_code == 404


def test_an_artefact_is_shown_and_its_bytes_come_under_a_name_of_ours(browser, installation, rollback):
    auditor, name = browser("auditor"), rollback.evidence[0].sha384.removeprefix("sha384:")
    data = installation.artefacts.get(f"sha384:{name}")
    page = auditor.get(f"/artefacts/{name}").text
    assert "Announcement" in page and f"/entries/{rollback.opened_entry}" in page
    assert html.unescape(re.search(r'<pre class="artefact"[^>]*>(.*?)</pre>', page, re.DOTALL)[1]) == data.decode()
    answer = auditor.get(f"/artefacts/{name}/bytes")
    assert answer.data == data
    assert answer.headers["Content-Disposition"] == 'attachment; filename="INC-7-step0-announcement.txt"'
    for odd in ("..%2f..%2fkeys%2fhmac.key", name.upper(), name[:-1], "0" * 96):
        assert auditor.get(f"/artefacts/{odd}").status_code == 404


def test_the_export_is_exactly_the_stored_bytes(browser, installation, rollback):
    found = browser("auditor").get("/audit/stage4.jsonl").data
    assert found == b"".join(line + b"\n" for line in installation.ledger.log.lines())
    assert browser("auditor").get("/audit/other.jsonl").status_code == 404


def test_the_audit_verifies_the_ledger_and_remembers_when(browser, site, rollback):
    auditor = browser("auditor")
    assert auditor.post("/audit/verify").status_code == 303
    page = auditor.get("/audit").text
    assert "Verified" in page
    assert site.verified is not None


def test_the_audit_names_what_was_changed_and_heals_nothing_before(browser, site, installation, rollback):
    path = installation.home.published
    installation.publish()
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([*lines[:-1], lines[-1].replace(b"latency", b"Latency")]))
    auditor = browser("auditor")
    auditor.post("/audit/verify")
    page = auditor.get("/audit").text
    assert "Not verified" in page and "published_changed" in page
    assert "foreign_lines_found" not in [record.status for record, _ in installation.ledger.records()]
    installation.publish()  # what the next entry does: the changed line is set aside, and said
    auditor.post("/audit/verify")
    assert "set aside" in auditor.get("/timeline?status=foreign_lines_found").text
    assert "Not verified" not in auditor.get("/audit").text
