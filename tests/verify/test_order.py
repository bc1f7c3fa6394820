"""Lines in another order than their entries: said as what it is, once, with both places."""

from __future__ import annotations

import itertools

import pytest

from .builders import KEY, honest, join, reseal
from .conftest import check, check_all, holds, named

LINES = honest(1)
N = len(LINES)
MANY = honest(6)
PAIRS = list(itertools.combinations(range(1, N + 1), 2))


def swapped(lines, one, other):
    changed = list(lines)
    changed[one - 1], changed[other - 1] = lines[other - 1], lines[one - 1]
    return changed


def test_any_two_lines_swapped_are_one_finding_that_names_both():
    for one, other in PAIRS:
        report = check_all(swapped(LINES, one, other), LINES)
        assert named(report) == [("out_of_order", other)], (one, other)
        sentence = report.findings[0].sentence
        assert f"Entries {one} and {other} were swapped" in sentence
        assert f"entry {other} stands at line {one}, entry {one} at line {other}." in sentence
        assert report.entries in (N, N - 1) and report.outcome == "not_verified"


@pytest.mark.parametrize(("one", "other"), [(1, 150), (20, 90), (20, 120), (100, 164), (3, 164)])
def test_however_far_apart_they_are(one, other):
    report = check_all(swapped(MANY, one, other), MANY)
    assert named(report) == [("out_of_order", other)]
    assert "The Merkle root over 164 entries" in " ".join(report.not_checked)
    assert named(check(swapped(MANY, one, other))) == [("out_of_order", other)]


def test_two_pairs_swapped_are_two_findings():
    lines = swapped(swapped(MANY, 10, 60), 30, 140)
    assert named(check_all(lines, MANY)) == [("out_of_order", 60), ("out_of_order", 140)]


def test_a_line_that_only_claims_to_be_another_is_no_swap():
    """Entry 60 stands a second time in the place of entry 10, which is nowhere."""
    lines = [*MANY[:9], MANY[59], *MANY[10:]]
    causes = named(check_all(lines, MANY))
    assert ("sequence_wrong", 10) in causes and "out_of_order" not in [what for what, _ in causes]


@pytest.mark.parametrize("lines", [LINES[:3], LINES, MANY], ids=len)
def test_newest_first_is_said_once_and_is_no_cut(lines):
    report = check_all(lines[::-1], lines)
    assert named(report) == [("reversed_order", None)] and report.findings[0].count == len(lines)
    assert f"line 1 is entry {len(lines)}" in report.findings[0].sentence and "tac FILE" in report.findings[0].sentence
    assert report.checked == () and "newest first" in " ".join(report.not_checked)
    assert report.outcome == "not_verified"


def test_newest_first_and_then_something_else_is_said_as_far_as_it_goes():
    report = check_all([*MANY[:80][::-1], *MANY[80:]], MANY)
    assert named(report) == [("reversed_order", None)] and "down to line 80, entry 1," in report.findings[0].sentence
    assert named(check(join(MANY[::-1]) + b"hello\n")) == [("reversed_order", None)]


def test_a_few_lines_newest_first_are_put_in_order():
    report = check_all([*LINES[:10][::-1], *LINES[10:]], LINES)
    assert {what for what, _ in named(report)} == {"out_of_order"} and report.entries == N


@pytest.mark.parametrize("length", [65_536, 65_540, 65_543, 65_544, 70_000])
def test_a_line_that_is_too_long_is_called_so_wherever_it_stands(length):
    line = LINES[9][:-1] + b" " * (length - len(LINES[9])) + b"}"
    for lines in ([*LINES[:9], line, *LINES[10:]], [*LINES[:9], line, *LINES[9:]], [line, *LINES], [*LINES, line]):
        assert "too_long" in [what for what, _ in named(check(lines))]
        assert "foreign_line" not in [what for what, _ in named(check(lines))]


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
@pytest.mark.parametrize(
    ("spelling", "shown"),
    [(b"59.50", "59.50"), (b"1.0", "1.0"), (b"1e5", "1e5"), (b"-0.5", "-0.5"), (b"1E+2", "1E+2")],
)
def test_a_number_that_is_no_integer_is_shown_as_it_is_spelled_and_where(spelling, shown, end):
    line = LINES[9].replace(b'"version":1', b'"version":' + spelling)
    report = check(join(LINES[:9]) + line + end + join(LINES[10:]))
    finding = next(one for one in report.findings if one.cause == "not_canonical")
    at = line.index(b'"version":') + len(b'"version":')
    assert finding.line == 10 and f"{shown} at byte {at} is a float" in finding.sentence


def test_a_number_inside_a_text_is_no_float():
    line = LINES[9].replace(b'"request_id":"', b'"request_id": "1.5 \\"2.5\\" ')
    finding = next(one for one in check([*LINES[:9], line, *LINES[10:]]).findings if one.cause == "not_canonical")
    at = line.index(b'"request_id":') + len(b'"request_id":')
    assert f"not canonical at byte {at}" in finding.sentence


def test_what_is_no_json_is_told_by_its_byte_and_no_line_of_its_own():
    line = LINES[9].replace(b'"kind":', 'ü"kind":'.encode())
    finding = next(one for one in check([*LINES[:9], line, *LINES[10:]]).findings if one.line == 10)
    assert f"at byte {line.index('ü'.encode())}" in finding.sentence and "line 1 " not in finding.sentence


@pytest.mark.parametrize("tags", [[], [""], ["a", "b"]], ids=str)
def test_tags_may_be_missing_or_empty(tags):
    """Decision log v2: a list of texts without duplicates, and nothing more is asked of it."""
    assert holds(check(reseal(LINES, 10, lambda body: body.update(tags=tags)), hmac_keys=[KEY]))


@pytest.mark.parametrize("tags", [b'["a","a"]', b'["",""]', b"[1]", b"{}", b"null"])
def test_tags_that_stand_twice_or_are_no_texts_are_malformed(tags):
    line = LINES[9].replace(b'"tags":["rollback"]', b'"tags":' + tags)
    assert named(check([*LINES[:9], line, *LINES[10:]])) == [("malformed", 10), ("chain_broken", 11)]
