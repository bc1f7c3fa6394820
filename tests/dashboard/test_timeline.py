"""The timeline as people read it: told as a story, found in their language, by category, by time, by id."""

from __future__ import annotations

import html
import re

import pytest
from click.testing import CliRunner

from ledger.app.press import Press
from ledger.app.reading.grouping import MOST
from ledger.app.steps import duties, opening, restoring, stopping
from ledger.cli.root import stage4
from ledger.domain.events import EVENTS
from ledger.proof.entry import link
from tests.app.builders import behind_the_triggers
from web import story
from web.categories import CATEGORIES

from .conftest import person
from .stories import observed, straight, walk
from .story import Kept

FOLD = re.compile(r"<summary><span aria-hidden(.*?)</summary>\s*<ol class=\"tl-parts\">(.*?)</ol>", re.DOTALL)


@pytest.fixture
def stopped(installation):
    made = opening.open_rollback(
        installation, Press(person("incident_manager")), ticket="INC-7", reason="latency is critical"
    ).rollback
    made = opening.confirm(installation, Press(person("product_owner")), made).rollback
    return stopping.disable(installation, Press(person("l2_ops")), made, requested_by="L2").rollback


def plain(page: str) -> str:
    """The words of a page or a part of it."""
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]+>", "", page))).strip()


def rows(page: str) -> list[str]:
    """The entries on a page, by their numbers."""
    return re.findall(r'id="e(\d+)"', page)


def test_the_stop_is_one_line_that_holds_what_was_asked_and_what_was_written(browser, stopped):
    page = browser("noc").get("/timeline").text
    [(line, parts)] = FOLD.findall(page)
    assert plain(line).endswith(
        ">■ asked for the override multi_strategy_disable.json →, override written ✓ pass 2 entries"
    )
    assert len(re.findall('id="e', parts)) == 2
    assert "<a " not in line, "what unfolds a line holds no link of its own"


def test_every_entry_stands_alone_where_that_is_asked_for(browser, stopped, installation):
    page = browser("noc").get("/timeline?view=every").text
    assert rows(page) == [str(n) for n in range(installation.state.sequence, 0, -1)] and "<details open" not in page
    assert not FOLD.findall(page)


def test_the_systems_entries_are_hidden_and_counted(browser, stopped, installation):
    page = browser("noc").get("/timeline").text
    assert "1" not in rows(page) and "opened the ledger" not in page
    assert "1 entry of the system is hidden" in page and f"{installation.state.sequence - 1} entries" in plain(page)
    assert rows(browser("noc").get("/timeline?category=system").text) == ["1"]


def test_lines_stand_under_their_day_and_rollback_once(browser, stopped):
    page = browser("noc").get("/timeline").text
    heads = [plain(one) for one in re.findall(r"<h[23]>.*?</h[23]>", page)]
    today = f"{stopped.opened_at:%Y-%m-%d}"
    assert heads == [f"Today, {today} UTC", "INC-7 latency is critical", "Of no rollback"]
    assert f"{today} " not in plain(page.split('class="card tl"')[1].split("</h2>", 1)[1].split("</ol>\n</main>")[0])


def test_heads_are_not_said_again_on_the_next_page(browser, stopped, installation):
    for number in range(60):
        opening.note(installation, Press(person("noc")), installation.rollback("INC-7"), f"note {number}")
    noc = browser("noc")
    more = html.unescape(re.search(r'class="tl-more" hx-get="([^"]+)"', noc.get("/timeline").text)[1])
    following = noc.get(more, headers={"HX-Request": "true"}).text
    assert '<li class="tl-day">' not in following and following.count('class="tl-under"') == 1  # of no rollback


@pytest.mark.parametrize("word", ["wyciszenie", "Wyciszeń", "WYCISZENIA", "silence"])
def test_a_polish_page_finds_by_polish_words_whatever_their_ending_and_accents(browser, installation, word):
    walk(Kept(installation))
    client = browser("noc")
    client.set_cookie("lang", "pl")
    found = {row.status for row in pages_rows(installation, client, word)}
    assert {"silence_requested", "silence_created", "silence_checked", "silence_ended"} <= found
    assert "note_added" not in found and "watch_started" not in found


def test_an_english_page_finds_by_english_words(browser, installation):
    walk(Kept(installation))
    found = {row.status for row in pages_rows(installation, browser("noc"), "silences")}
    assert {"silence_requested", "silence_ended"} <= found and "watch_started" not in found


def pages_rows(installation, client, word):
    page = client.get("/timeline", query_string={"q": word, "view": "every"}).text
    records = {str(record.sequence): record for record, _ in installation.ledger.records()}
    return [records[number] for number in rows(page)]


def test_an_entry_is_found_by_its_digest_its_request_id_and_the_silence_it_names(browser, installation):
    walk(Kept(installation))
    noc = browser("noc")
    line, record = next(
        (line, record) for record, line in installation.ledger.records() if record.status == "silence_created"
    )
    for typed in (
        link(line),
        link(line).removeprefix("sha384:")[:10] + "…",
        record.request_id,
        record.event.silence_id,
    ):
        page = noc.get("/timeline", query_string={"q": typed, "view": "every"}).text
        assert str(record.sequence) in rows(page), typed


def test_a_number_leads_to_its_entry(browser, stopped):
    assert 'href="/entries/3">Entry 3</a>' in browser("noc").get("/timeline?q=3").text
    assert "Entry 999</a>" not in browser("noc").get("/timeline?q=999").text


def test_every_event_has_one_category(browser):
    found = [status for category in CATEGORIES for status in category.statuses]
    assert sorted(found) == sorted({status for status, _ in EVENTS})


def test_categories_add_up_and_are_taken_away_by_the_same_press(browser, installation):
    straight(Kept(installation))
    noc = browser("noc")
    page = noc.get("/timeline?category=silence,watch&view=every").text
    statuses = {record.status for record, _ in installation.ledger.records() if str(record.sequence) in rows(page)}
    assert {"silence_requested", "watch_started"} <= statuses and "override_requested" not in statuses
    on = re.findall(r'<a href="([^"]+)" aria-current="true"><span aria-hidden="true">✓</span> (\w+)', page)
    assert on == [
        ("/timeline?category=watch&amp;view=every", "Silence"),
        ("/timeline?category=silence&amp;view=every", "Watch"),
    ]


def test_one_goes_to_a_time_and_is_told_what_is_newer(browser, installation):
    kept = Kept(installation)
    walk(kept)
    confirmed = next(record for record in kept.records if record.status == "rollback_confirmed")
    at = f"{confirmed.at:%Y-%m-%d %H:%M:%S}"
    page = browser("noc").get("/timeline", query_string={"at": at, "view": "every"}).text
    assert rows(page)[0] == str(confirmed.sequence)
    assert f"{installation.state.sequence - confirmed.sequence} are newer" in page
    clock = browser("noc").get("/timeline", query_string={"at": f"{confirmed.at:%H:%M:%S}", "view": "every"}).text
    assert rows(clock)[0] == str(confirmed.sequence)
    upwards = browser("noc").get("/timeline", query_string={"at": at, "view": "every", "order": "oldest"}).text
    assert rows(upwards)[0] == str(confirmed.sequence)


@pytest.mark.parametrize("typed", ["noon", "25:00", "2026-13-01", "<b>", "9999-12-31"])
def test_what_is_no_time_is_said_and_hides_nothing(browser, stopped, typed):
    page = browser("noc").get("/timeline", query_string={"at": typed}).text
    assert "opened the rollback" in page and "is no time" in page and "<b>” is" not in page


def test_what_ended_the_incident_and_what_evidence_shows_is_told(browser, installation, tmp_path):
    kept = Kept(installation)
    walk(kept, end="watched")
    rollback = installation.rollback("INC-2042")
    duties.attach_bytes(
        installation, Press(person("noc")), rollback, "before.png", b"\x89PNG", 4, "the dashboard before the stop"
    )
    manager = Press(person("incident_manager"))
    restoring.end_incident(installation, manager, installation.rollback("INC-2042"), "Deployment 14:20 reverted")
    noc = browser("noc")
    assert "ended the incident: Deployment 14:20 reverted" in noc.get("/timeline").text
    assert "to step 4: the dashboard before the stop" in noc.get("/timeline").text
    noc.set_cookie("lang", "pl")
    assert "zakończono incydent: Deployment 14:20 reverted" in noc.get("/timeline").text
    log = stage4_log(installation)
    assert "ended the incident: Deployment 14:20 reverted" in log


def stage4_log(installation) -> str:
    done = CliRunner().invoke(stage4, ["--home", str(installation.home.root), "log"])
    assert done.exit_code == 0
    return done.output


def test_sentences_carry_no_absolute_path_and_no_whole_id(browser, installation):
    walk(Kept(installation))
    for view in ("", "every"):
        page = plain(browser("noc").get(f"/timeline?view={view}&order=oldest").text.split('class="card tl"')[1])
        assert not re.search(r"\s/\w+/|[0-9a-f]{8}-[0-9a-f]{4}-|[0-9a-f]{64}", page)


def test_who_acted_is_told_by_name_letters_and_a_colour(browser, stopped):
    page = browser("noc").get("/timeline").text
    row = page[page.index("confirmed the rollback") :].split("</li>")[0]
    assert re.search(r'class="tl-face tl-hue-\d" aria-hidden="true">AS</span> <span class="tl-name">Adam Sowa', row)


@pytest.mark.parametrize(
    ("name", "letters"),
    [("Ola", "OL"), ("Incident Manager (lab)", "IM"), ("Jan van der Łoś", "JŁ"), ("(x)", "X"), ("", "?"), ("<b>", "B")],
)
def test_two_letters_of_a_name(name, letters):
    assert story.initials(name) == letters


def test_a_line_of_which_an_entry_does_not_hold_is_open_and_says_so(browser, stopped, installation):
    written = next(r.sequence for r, _ in installation.ledger.records() if r.status == "override_written")
    line = installation.ledger.log.line(written).replace(b'"l2_ops"', b'"noc"').replace(b"0600", b"0644")
    with behind_the_triggers(installation.home) as connection:
        connection.execute("UPDATE stored_events SET state = ? WHERE originator_version = ?", (line, written))
    page = browser("noc").get("/timeline").text
    assert (
        re.search(r'<li class="tl-row false" data-row>.*?<details open>', page, re.DOTALL) and "does not hold" in page
    )


def test_a_page_of_lines_with_many_entries_each_stays_under_100_kb(browser, stopped, installation):
    for number in range(6):
        press = Press(person("noc"), f"{number:032x}")
        for _ in range(MOST):
            opening.note(installation, press, installation.rollback("INC-7"), "Zażółć gęślą jaźń " * 10)
    noc = browser("noc")
    noc.set_cookie("lang", "pl")
    answer = noc.get("/timeline")
    assert len(answer.data) < 100_000 and "tl-more" in answer.text
    seen, path = rows(answer.text), "more"
    while path := re.search(r'class="tl-more" hx-get="([^"]+)"', answer.text):
        answer = noc.get(html.unescape(path[1]))
        seen += rows(answer.text)
    assert sorted(map(int, seen)) == list(range(2, installation.state.sequence + 1))


def test_a_line_of_no_rollback_between_two_of_one_stays_among_them(browser, installation):
    kept = Kept(installation)
    walk(kept, end="disabled")
    kept.wait(seconds=1)
    observed(kept, "unknown")
    walk(kept, "silenced", "silenced")
    page = browser("noc").get("/timeline").text
    row = page[page.index("saw the scheduler unknown") :].split("</li>")[0]
    assert "of no rollback" in row
    assert page.count('class="tl-under"') == 2
