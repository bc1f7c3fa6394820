"""Homes that an earlier build left: they verify, show and are reviewed as they were, byte for byte."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from click.testing import CliRunner, Result
from flask.testing import FlaskClient

from ledger.app.home.folders import Home
from ledger.app.installation import Installation
from ledger.app.people.access import STAGE
from ledger.app.reading.queries import sentence
from ledger.app.record.erasing import whole_text
from ledger.cli.root import stage4
from tests.dashboard.test_words_complete import ENGLISH, MESSAGES, RAW
from tools.texts import page_texts
from web.review_words import LONGEST_SHOWN
from web.sentences import translate

from .archive import HOMES, names
from .told import comparable, told

WORDS = frozenset(ENGLISH.split())
TYPED = ("reason", "text", "open_points", "note")
"""Fields of entries that have what people typed."""
MADE_UP = ("Alertmanager is down", "the observer did not run")
"""Causes in the stories, which no build composed."""
COMMANDS = re.compile(r"(python|sed) ")
WHOLE = 1_500_000
EACH = 150_000
"""Bytes that the archives may have, together and each."""


def run(*arguments: object) -> Result:
    return CliRunner().invoke(stage4, [str(one) for one in arguments])


def verified(home: Home, keys: Path) -> dict[str, object]:
    """The published lines by the files that are given and nothing else."""
    given = ("--checkpoint", home.published_checkpoint, "--public-key", home.published_key, "--hmac-key-file", keys)
    done = run("verify", home.published, *given, "--json")
    assert done.exit_code == 0, done.output
    return json.loads(done.stdout)


def lines(home: Home) -> list[bytes]:
    return home.published.read_bytes().splitlines()


def test_the_archives_are_small() -> None:
    sizes = {name: (HOMES / f"{name}.tar.xz").stat().st_size for name in names()}
    assert max(sizes.values()) < EACH and sum(sizes.values()) < WHOLE, sizes


def test_the_published_lines_verify_offline_with_all_keys(kept: Home) -> None:
    page = verified(kept, kept.var / "keys" / "hmac.key")
    assert (page["outcome"], page["entries"]) == ("verified", len(lines(kept)))
    access = Home(kept.root, STAGE)
    assert verified(access, access.var / "keys" / STAGE / "hmac.key")["entries"] == len(lines(access))


def test_the_home_verifies_as_a_whole(kept: Home) -> None:
    done = run("--home", kept.root, "verify")
    assert done.exit_code == 0, done.output


def test_status_and_log_have_all_entries(kept: Home) -> None:
    done = run("--home", kept.root, "status", "--json")
    assert done.exit_code == 0 and json.loads(done.stdout)["entries"] == len(lines(kept)), done.output
    timeline = [json.loads(line) for line in run("--home", kept.root, "log", "--json").stdout.splitlines()]
    assert [one["sequence"] for one in timeline if one["holds"]] == list(range(1, len(lines(kept)) + 1))


def test_the_state_is_the_one_that_was_kept(kept: Home, installation: Installation) -> None:
    wanted = comparable(json.loads((HOMES / f"{kept.root.name}.json").read_bytes()))
    found = comparable(json.loads(json.dumps(told(installation))))
    assert [name for name in wanted.keys() | found.keys() if found.get(name) != wanted.get(name)] == []


def ids(installation: Installation) -> list[str]:
    return [*installation.state.open, *installation.state.closed]


def shown(browser: FlaskClient, path: str, tongue: str) -> list[str]:
    """The texts of a page in a language."""
    browser.set_cookie("lang", tongue)
    answer = browser.get(path)
    assert answer.status_code == 200, path
    page = answer.get_data(as_text=True)
    assert f'<html lang="{tongue}"' in page
    return [text for found in re.findall(r">([^<>]+)<", page) if (text := html.unescape(found).strip())]


def typed(installation: Installation) -> list[str]:
    """What people typed, the longest first."""
    events = [record.event for record, _ in installation.ledger.records()]
    found = {getattr(event, name, "") for event in events for name in TYPED}
    whole = {whole_text(installation, getattr(event, "text_sha384", ""), "") for event in events}
    found |= whole | {text[:LONGEST_SHOWN] for text in whole}
    return sorted(filter(None, {*found, *MADE_UP}), key=len, reverse=True)


def without(text: str, parts: list[str]) -> str:
    for part in parts:
        text = text.replace(part, "")
    return text


def test_timeline_rollbacks_and_reviews_are_shown_in_english_and_in_polish(
    browser: FlaskClient, installation: Installation
) -> None:
    english = {one for one, _ in page_texts()} - {one.string for one in MESSAGES if one.context is None} - RAW
    people_typed = typed(installation)
    rollbacks = [path for one in ids(installation) for path in (f"/rollbacks/{one}", f"/rollbacks/{one}/review")]
    for path in ("/", "/timeline", *rollbacks):
        texts = shown(browser, path, "en")
        assert all(one in " ".join(texts) for one in path.split("/")[2:3])
        for text in shown(browser, path, "pl"):
            assert text not in english, path
            if not COMMANDS.match(text):
                left = set(re.findall(r"\w+", without(text, people_typed).lower())) & WORDS
                assert not left, (path, text)


def test_the_post_mortems_are_downloaded_in_both_languages(browser: FlaskClient, installation: Installation) -> None:
    for one in ids(installation):
        assert json.loads(browser.get(f"/rollbacks/{one}/review.json").data)["rollback"] == one
        pages = set()
        for tongue in ("en", "pl"):
            browser.set_cookie("lang", tongue)
            answer = browser.get(f"/rollbacks/{one}/review.md")
            assert (answer.status_code, answer.headers["Content-Language"]) == (200, tongue)
            pages.add(answer.data)
        assert len(pages) == 2


def test_every_sentence_and_every_reason_is_known_in_polish(installation: Installation) -> None:
    for record, _ in installation.ledger.records():
        for said in (sentence(record), *getattr(record.event, "reasons", ())):
            assert translate(said, "pl") != said, record.sequence
