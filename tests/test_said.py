"""A sentence is its English, and keeps apart what was filled in; an entry gives it back whole."""

from __future__ import annotations

import ast
import copy
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.adapters.shapes import line
from ledger.domain.judge import LONGEST_REASON, worst
from ledger.domain.text import check_text, clean, shorten, visible
from ledger.errors import Corrupt, Refused
from ledger.proof.canonical import format_canonical
from ledger.said import Said, as_said, decode, encode, joined
from web.sentences import translate

MODE = Said("mode is {}, expected 0600", "0644", code="file_mode")
DOMAIN = Path(__file__).resolve().parents[1] / "ledger"
_CODES = """
alertmanager_not_configured alerts_elsewhere alerts_new alerts_not_listed alerts_not_sent alerts_not_suppressed
alerts_of_others alerts_unlabelled all_clear_not_announced coverage disabled_and_free file_content file_digest
file_kind file_mode file_not_declared more muting_unknown no_cycle nobody_holds not_paged override_changed
override_not_removed override_not_written override_there_again prometheus_unknown prometheus_warns
restart_not_confirmed rules_not_healthy rules_not_loaded scheduler_disabled scheduler_enabled scheduler_unknown
scheduler_warns silence_absent silence_ended silence_foreign silence_matchers silence_not_active silence_not_ended
silence_not_listed silence_second silence_too_wide status_read_too_early status_unknown watch_disturbed window_other
"""
CODES = frozenset(_CODES.split())
"""Codes are for ever, as entries and those who count them keep them: a new one is added here, none goes."""


def test_it_is_its_english() -> None:
    assert MODE == "mode is 0644, expected 0600" and hash(MODE) == hash(MODE.text) and type(MODE.text) is str
    assert f"{MODE}!" == "mode is 0644, expected 0600!" and {MODE: 1}["mode is 0644, expected 0600"] == 1


def test_an_error_gives_it_back() -> None:
    assert str(Refused(MODE)) is MODE
    assert Said("not known: {}", Refused(MODE)).values == (MODE,)


@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, lambda one: pickle.loads(pickle.dumps(one))])
def test_a_copy_is_whole(again) -> None:
    made = again(MODE)
    assert (made, made.code, made.template, made.values) == (MODE, "file_mode", MODE.template, ("0644",))


@pytest.mark.parametrize("values", [(), ("a", "b")])
def test_values_fit_the_places(values: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="values for"):
        Said("mode is {}", *values)


def test_an_entry_keeps_code_template_and_values() -> None:
    told = Said("{} of {}: {}", 3, 4, MODE, code="coverage")
    kept = ["coverage", "{} of {}: {}", 3, 4, ["file_mode", "mode is {}, expected 0600", "0644"]]
    assert encode(told) == kept and encode(decode(kept)) == kept and decode(kept) == told


@pytest.mark.parametrize(
    "value",
    [
        "mode is 0644",
        [],
        ["file_mode"],
        [None, "x"],
        ["file_mode", 1],
        ["File", "x"],
        ["a b", "x"],
        ["x\n", "x"],
        ["", "{}"],
        ["", "x", "y"],
        ["", "{}", None],
        ["", "{}", True],
        ["", "{}", 1.5],
        ["", "{}", 2**53],
        ["", "{}", {}],
        ["", "{}", ["", "{}"]],
    ],
    ids=repr,
)
def test_nothing_else_is_taken_for_one(value: object) -> None:
    with pytest.raises(Corrupt):
        decode(value)


def test_elsewhere_it_is_written_as_text() -> None:
    assert format_canonical({"ü"[:0] + "a": [MODE, Said("{} ü", "é")]}) == (
        '{"a":["mode is 0644, expected 0600","é ü"]}'.encode()
    )


def nested(depth: int) -> Said:
    return Said("{}", nested(depth - 1)) if depth > 1 else Said("the end")


def test_what_lies_very_deep_is_kept_as_english_alone() -> None:
    assert decode(encode(nested(8))).values[0].template == "{}"
    assert decode(encode(nested(100))) == nested(100)


def test_sentences_within_sentences_without_end_are_refused() -> None:
    value: list[object] = ["", "the end"]
    for _ in range(8):
        value = ["", "{}", value]
    with pytest.raises(Corrupt, match="too deep"):
        decode(value)


def test_a_number_that_no_entry_can_hold_is_a_text() -> None:
    assert encode(Said("{} alerts", 2**53)) == ["", "{} alerts", str(2**53)]


def test_joined_they_keep_their_values() -> None:
    told = joined([MODE, "the scheduler is enabled"], "; ")
    assert told == f"{MODE}; the scheduler is enabled" and told.values[0] is MODE
    assert translate(told, "pl") == "; ".join(translate(one, "pl") for one in (MODE, "the scheduler is enabled"))
    assert (joined([]), joined([MODE])) == ("", MODE)


def test_a_cause_that_is_checked_keeps_its_values() -> None:
    assert check_text("cause", MODE) is MODE and check_text("cause", Said(" {} ", "x")) == "x"


def test_a_note_is_cut_as_a_whole() -> None:
    told = Said("{} servers have the job {}", 3, "a" * 250)
    assert line(told, 400) == told and len(line(told, 100)) <= 100


def test_a_text_with_a_place_in_it_is_a_value() -> None:
    assert encode("a {} b") == ["", "{}", "a {} b"] and encode("a b") == ["", "a b"] and as_said(MODE) is MODE


@given(st.lists(st.text(max_size=300), min_size=1, max_size=3), st.integers(60, 400))
def test_cut_it_keeps_its_words(values: list[str], longest: int) -> None:
    said = Said("the {}" + " and {}" * (len(values) - 1) + " end", *values)
    cut = shorten(said, longest)
    assert len(cut) <= longest and isinstance(cut, Said) and cut.template == said.template
    assert cut is said or len(said) > longest


def test_cleaned_and_made_visible_it_keeps_its_words() -> None:
    said = Said("not known: {}", Said("answered {}", "a\x07\nb\u202e"))
    assert (clean(said), clean(said).values[0].template) == ("not known: answered a\ufffd b\u202e", "answered {}")
    assert visible(clean(said)) == "not known: answered a\ufffd b[U+202E]"


def test_a_reason_that_is_too_long_keeps_its_code() -> None:
    (reason,) = worst(("fail", Said("Prometheus warns: {}", "x" * 5_000, code="prometheus_warns"))).reasons
    assert isinstance(reason, Said) and len(reason) <= LONGEST_REASON and reason.code == "prometheus_warns"


@pytest.mark.parametrize("text", ["{5}", "{0}{1}{9:said}", "{}", ":", "{0:word}"])
def test_a_line_with_strange_words_is_said_as_it_stands(text: str) -> None:
    for said in (as_said(text), decode(["", text, *["x"] * text.count("{}")])):
        assert translate(said, "pl") == said


def test_what_nobody_sees_is_named_in_the_words_too() -> None:
    assert visible(decode(["", "a\u202eb {}", "\u200b"])) == "a[U+202E]b [U+200B]"
    assert clean(Said("a\x07b {}", "c")) == "a\ufffdb c"


@pytest.mark.parametrize("typed", ["the scheduler is enabled", "mode is 0644, expected 0600", "pass", "{} at {}"])
def test_what_a_person_wrote_is_never_translated(typed: str) -> None:
    assert translate(Said("{}", typed), "pl") == typed
    assert translate(Said("mode is {}, expected 0600", typed), "pl").startswith(f"uprawnienia {typed},")


def test_a_sentence_within_a_sentence_is_translated() -> None:
    assert translate(Said("{}; {}", MODE, MODE), "pl") == "; ".join([translate(MODE, "pl")] * 2)
    assert translate(MODE, "pl") == translate(MODE.text, "pl") != MODE


JUDGES = ("fail", "unclear", "unclear if unknown and (not holds_back(rollback, muting)) else fail")


def codes_in(path: Path) -> set[str]:
    """Every code that is given in a file, as a string or as a constant of it."""
    tree = ast.parse(path.read_text("utf-8"))
    names = {
        node.target.id: node.value.value
        for node in ast.walk(tree)
        if isinstance(node, ast.AnnAssign)
        and isinstance(node.target, ast.Name)
        and isinstance(node.value, ast.Constant)
    }
    given = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and len(node.args) >= 3 and ast.unparse(node.func) in JUDGES:
            given.append(node.args[1])
        elif isinstance(node, ast.keyword) and node.arg == "code":
            given.append(node.value)
    found = {names.get(one.id) if isinstance(one, ast.Name) else getattr(one, "value", None) for one in given}
    return {one for one in found if isinstance(one, str)}


def test_codes_are_for_ever() -> None:
    given = set().union(*map(codes_in, [*(DOMAIN / "domain").rglob("*.py"), DOMAIN / "app/reading/queries.py"]))
    assert given <= CODES, "a new code is added to CODES"
    assert given >= CODES, "a code that entries may hold is not given any more: keep it here, in a set of its own"
