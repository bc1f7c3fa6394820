"""What people type, and the bytes of the override file."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.digest import sha384
from ledger.domain.override_text import format_override, parse_override
from ledger.domain.stopping.decide import override_content
from ledger.domain.text import check_text, check_ticket, shorten
from ledger.errors import Refused

from .builders import Story, digest
from .road import disabling, opening, story_at


@pytest.mark.parametrize("ticket", ["INC-2042", "inc_7", "1", "A" * 64, "CHG0030052"])
def test_a_ticket_id_is_taken_as_it_is(ticket):
    assert check_ticket(ticket) == ticket


@pytest.mark.parametrize(
    "ticket",
    [
        "",
        "INC-2042.2",
        "INC/2042",
        "../INC",
        "..",
        ".",
        "-INC",
        "_INC",
        "INC 2042",
        "INC-2042\n",
        " INC-2042",
        "INC\x00",
        "INC\u202e",
        "ＩＮＣ",
        "INC-٢",
        "INC-🙂",
        "\ud800",
        "A" * 65,
        "A" * 10_000_000,
        "$(reboot)",
        "'; --",
        "%2e%2e",
    ],
)
def test_a_ticket_id_that_is_none_is_refused_in_a_short_sentence(ticket):
    with pytest.raises(Refused) as refusal:
        check_ticket(ticket)
    assert len(str(refusal.value)) < 1000 and str(refusal.value).isprintable()


@given(st.text(max_size=80))
def test_a_ticket_id_is_one_path_segment_or_refused(ticket):
    try:
        check_ticket(ticket)
    except Refused:
        return
    assert ticket.isascii() and not set(ticket) & set("/\\.\0 \n'\"$`;&|<>*?~") and 0 < len(ticket) <= 64


@pytest.mark.parametrize("text", ["ok", "zażółć gęślą jaźń", "emoji 👩‍🚒 ok", "two\nlines", "a\ttab", "x" * 200])
def test_a_text_is_taken(text):
    assert check_text("the reason", f"  {text}\n", longest=200) == text


@pytest.mark.parametrize("text", ["", "   ", "\n\t ", "\u2003"])
def test_an_empty_text_is_refused_unless_it_may_be(text):
    with pytest.raises(Refused, match="the reason is empty"):
        check_text("the reason", text)
    assert check_text("the note", text, empty=True) == ""


@pytest.mark.parametrize("text", ["a\x00b", "a\x1bb", "a\x7fb", "a\x85b", "a\rb", "a\ud800b", "x\udcff"])
def test_what_cannot_be_printed_is_refused_and_not_repeated(text):
    with pytest.raises(Refused, match="cannot be printed") as refusal:
        check_text("the reason", text)
    assert str(refusal.value).isascii()


@pytest.mark.parametrize("size", [201, 10_000_000])
def test_a_text_too_long_is_refused_with_its_length(size):
    with pytest.raises(Refused, match=f"{size} characters; at most 200"):
        check_text("the reason", "x" * size, longest=200)


@given(st.text(max_size=300), st.integers(1, 250))
def test_a_shortened_text_is_short_and_says_that_it_was(text, longest):
    short = shorten(text, longest)
    assert len(short) <= longest and (short == text or short.endswith("…"))


@pytest.mark.parametrize(
    "changes",
    [
        {"reason": "x" * 201},
        {"reason": ""},
        {"channel": "\x00"},
        {"component": "scheduler"},
        {"component": "x" * 1_000_000},
        {"ticket": "INC-2042.2"},
        {"permalink": "x" * 2001},
    ],
)
def test_an_opening_with_wrong_texts_is_refused(changes):
    story = Story()
    with pytest.raises(Refused) as refusal:
        story.do("im", opening(story, **changes), "")
    assert len(str(refusal.value)) < 500


def test_a_window_that_ends_before_it_starts_is_refused():
    story = Story()
    with pytest.raises(Refused, match="ends before it starts"):
        story.do("im", opening(story, window_end=story.now), "")


def test_an_override_that_has_ended_already_is_refused():
    story = story_at("confirmed")
    with pytest.raises(Refused, match="ended already"):
        story.do("ops", disabling(expires_at=story.now))


# --- the override file -----------------------------------------------------------------------------------------------

WRITTEN = datetime(2026, 11, 23, 3, 14, 7, 999999, UTC)


def content(**changes: object) -> bytes:
    fields = {"component": "multi_strategy", "reason": 'spór "/" 🙂\nx', "requested_by": "l2", "ticket": "INC-2042"}
    return format_override(**fields | {"written_at": WRITTEN, "expires_at": None} | changes)


def test_the_override_file_has_exactly_these_bytes():
    assert content().decode() == (
        "{\n"
        '  "action": "disable_multi_strategy",\n'
        '  "reason": "spór \\"/\\" 🙂\\nx",\n'
        '  "requested_by": "l2",\n'
        '  "schema": "stage6.scheduler.override",\n'
        '  "schema_version": "1.0",\n'
        '  "ticket": "INC-2042",\n'
        '  "timestamp": "2026-11-23T03:14:07Z"\n'
        "}\n"
    )


def test_an_end_stands_in_the_file_and_the_orchestrator_has_its_own_schema():
    later = WRITTEN.astimezone(timezone(timedelta(hours=1))) + timedelta(minutes=30)
    fields = json.loads(content(component="decision_orchestrator", expires_at=later))
    assert fields["expires_at"] == "2026-11-23T03:44:07Z"
    assert (fields["schema"], fields["action"]) == (
        "runtime.decision_orchestrator.override",
        "disable_decision_orchestrator",
    )


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_the_override_file_is_read_back(reason, requested_by):
    fields = parse_override(content(reason=reason, requested_by=requested_by))
    assert fields and (fields["reason"], fields["requested_by"]) == (reason, requested_by)


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"null", b"\xff", b"[" * 100_000, b'{"a":' * 100_000])
def test_what_is_no_override_is_none(data):
    assert parse_override(data) is None


def test_the_bytes_follow_from_the_asking_entry_alone():
    story = story_at("confirmed")
    (event,) = story.do("ops", disabling(expires_at=story.now + timedelta(hours=1)))
    assert sha384(override_content(event)) == event.content_sha384 != digest("")
