"""Every attack is named by its cause at its place, and nothing else is accused."""

from __future__ import annotations

import json
import re

import pytest

from ledger.proof.checkpoint import Checkpoint, sign_checkpoint
from ledger.proof.entry import GENESIS, HmacKey, chain_text, link, seal_entry
from ledger.proof.merkle import root_of
from ledger.verify import Head
from ledger.verify.signatures import unsigned_bytes

from .builders import (
    KEY,
    ORIGIN,
    OTHER_ORIGIN,
    OTHER_SIGNER,
    SIGNER,
    Ledger,
    body_of,
    checkpoint_of,
    honest,
    join,
    reseal,
)
from .conftest import check, check_all, named

LINES = honest(2)
N = len(LINES)
ROOT = ("root_differs", None)


def changed(number, line, lines=LINES):
    return [*lines[: number - 1], line, *lines[number:]]


def both(lines):
    """Findings with key and checkpoint, and with neither."""
    return named(check_all(lines, LINES)), named(check(lines))


# --- bytes -----------------------------------------------------------------------------------------------------------


def test_every_byte_of_a_line_counts():
    number = 20
    line = LINES[number - 1]
    for at in range(len(line)):
        for flip in (0x01 if at % 2 else 0x20,):
            edited = changed(number, line[:at] + bytes([line[at] ^ flip]) + line[at + 1 :])
            for report in (check_all(edited, LINES), check(edited)):
                assert not report.verified
                for finding in report.findings:
                    assert finding.sequence in (number, number + 1) or finding.cause == "root_differs", (at, finding)


def test_a_flipped_byte_is_named_at_its_entry_and_where_the_chain_breaks():
    edited = changed(12, LINES[11].replace(b'"request_id":"req-00000012"', b'"request_id":"req-00000013"'))
    report = check_all(edited, LINES)
    assert named(report) == [("signature_wrong", 12), ("chain_broken", 13), ROOT]
    assert "entry 12 was changed" in report.findings[1].sentence
    assert report.findings[1].expected == link(edited[11]) and report.findings[1].found == link(LINES[11])
    assert named(check(edited)) == [("chain_broken", 13)]


def test_the_last_entry_edited_shows_by_key_or_checkpoint():
    edited = changed(N, LINES[-1].replace(b"Thursday", b"Friday.."))
    assert both(edited) == ([("signature_wrong", N), ROOT], [])
    edited = changed(N - 1, LINES[-2].replace(b'"request_id":"req-', b'"request_id":"rex-'))
    assert both(edited) == ([("signature_wrong", N - 1), ("chain_broken", N), ROOT], [("chain_broken", N)])


def test_an_edited_previous_breaks_the_chain_twice():
    line = LINES[11].replace(link(LINES[10]).encode(), link(LINES[9]).encode())
    assert both(changed(12, line)) == (
        [("signature_wrong", 12), ("chain_signature_wrong", 12), ("chain_broken", 12), ("chain_broken", 13), ROOT],
        [("chain_broken", 12), ("chain_broken", 13)],
    )


def test_an_edited_sequence_keeps_its_place():
    for wrong in (b"7", b"77", b"9007199254740991"):
        line = LINES[11].replace(b'"sequence":12', b'"sequence":' + wrong)
        assert both(changed(12, line))[1] == [("sequence_wrong", 12), ("chain_broken", 13)]


def test_many_edits_are_all_named():
    edited = list(LINES)
    for number in (10, 20, 21, 40):
        edited[number - 1] = edited[number - 1].replace(b'"request_id":"req-', b'"request_id":"rex-')
    assert named(check(edited)) == [("chain_broken", n) for n in (11, 21, 22, 41)]
    assert [s for c, s in named(check_all(edited, LINES)) if c == "signature_wrong"] == [10, 20, 21, 40]


def test_every_line_edited_is_not_one_long_list():
    edited = [line.replace(b'"request_id":"req-', b'"request_id":"rex-') for line in LINES]
    findings = [finding for finding in check(edited).findings if finding.cause != "confirmation_mismatch"]
    assert [f.sequence for f in findings] == list(range(2, 18)) and {f.cause for f in findings} == {"chain_broken"}
    assert findings[-1].count == N - 16 and f"{N - 17} more" in findings[-1].sentence


# --- lines -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 2, 9, 20, N - 1])
def test_a_deleted_line_is_one_gap(number):
    with_all, alone = both([*LINES[: number - 1], *LINES[number:]])
    assert with_all == alone == [("sequence_gap", number)]


def test_a_deleted_block_is_one_gap():
    report = check_all([*LINES[:14], *LINES[30:]], LINES)
    assert named(report) == [("sequence_gap", 15)]
    assert report.findings[0].count == 16 and "15 to 30" in report.findings[0].sentence
    said = " ".join(report.not_checked)
    assert "state from entry 15 on" in said and "entry 15 is missing" in said and report.root == ""


def test_two_gaps_are_two_findings():
    assert named(check([*LINES[:9], *LINES[10:29], *LINES[30:]])) == [("sequence_gap", 10), ("sequence_gap", 30)]


@pytest.mark.parametrize("number", [1, 2, 20, N - 1])
def test_swapped_lines(number):
    swapped = list(LINES)
    swapped[number - 1], swapped[number] = swapped[number], swapped[number - 1]
    assert both(swapped) == ([("out_of_order", number + 1)], [("out_of_order", number + 1)])


def test_a_block_moved_is_one_finding():
    later = [*LINES[:9], *LINES[20:30], *LINES[9:20], *LINES[30:]]
    report = check(later)
    assert named(report) == [("out_of_order", 10)] and report.findings[0].count == 11


@pytest.mark.parametrize("number", [1, 2, 20, N])
def test_a_duplicated_line(number):
    for place in {number, min(N, number + 1), min(N, number + 25)}:
        doubled = [*LINES[:place], LINES[number - 1], *LINES[place:]]
        assert both(doubled) == ([("duplicate_line", number)], [("duplicate_line", number)])


def test_the_whole_log_twice_is_one_finding():
    report = check_all([*LINES, *LINES], LINES)
    assert named(report) == [("duplicate_line", 1)] and report.findings[0].count == N


@pytest.mark.parametrize("junk", [b"", b"hello", b"{}", b'{"a":1.5}', b"[1,2]", b"\xff\xfe"])
@pytest.mark.parametrize("number", [0, 1, 20, N - 1])
def test_an_inserted_line_that_is_no_entry(junk, number):
    report = check_all([*LINES[:number], junk, *LINES[number:]], LINES)
    assert named(report) == [("foreign_line", None)] and report.findings[0].line == number + 1


def test_an_appended_line_that_is_no_entry():
    cause = named(check_all([*LINES, b"hello"], LINES))
    assert cause == [("malformed", N + 1), ("not_covered", N + 1)]


@pytest.mark.parametrize("key", [KEY, HmacKey("stage4-2026-11", b"guess")])
def test_an_inserted_entry_that_fits_the_one_before(key):
    forged = seal_entry(body_of(LINES[19]), origin=ORIGIN, sequence=21, previous=link(LINES[19]), key=key)
    assert both([*LINES[:20], forged, *LINES[20:]]) == ([("foreign_line", 21)], [("foreign_line", 21)])


def test_an_inserted_entry_that_fits_nothing():
    for sequence in (5, 20, 21, 999):
        forged = seal_entry(body_of(LINES[19]), origin=ORIGIN, sequence=sequence, previous=GENESIS, key=KEY)
        assert both([*LINES[:20], forged, *LINES[20:]])[0] == [("foreign_line", sequence)]


def test_a_line_of_another_ledger():
    other = honest(1, OTHER_ORIGIN)
    assert both([*LINES[:20], other[20], *LINES[20:]])[0] == [("foreign_line", 21)]


def test_a_cut_tail():
    for left in (1, 20, N - 1):
        report = check_all(LINES[:left], LINES)
        assert named(report) == [("cut", left + 1)]
        assert (report.findings[0].expected, report.findings[0].found) == (str(N), str(left))
        assert named(check(LINES[:left])) == []


def test_an_empty_log_is_never_verified():
    assert named(check(b"")) == [("empty", None)]
    assert named(check_all(b"", LINES)) == [("empty", None), ("cut", 1)]
    assert named(check_all(b"", ())) == [("empty", None)]


def test_a_log_of_no_entries_at_all():
    assert named(check(b"\n")) == [("malformed", 1)]
    assert named(check(b"a\nb\nc\n")) == [("malformed", 1), ("malformed", 2), ("malformed", 3)]


# --- forms -----------------------------------------------------------------------------------------------------------


def test_crlf():
    data = join(LINES).replace(b"\n", b"\r\n")
    report = check_all(data, LINES)
    assert named(report) == [("carriage_return", None)] and report.findings[0].count == N
    one = join(LINES[:9]) + LINES[9] + b"\r\n" + join(LINES[10:])
    assert named(check_all(one, LINES)) == [("carriage_return", None)]


def test_byte_order_mark():
    assert named(check_all(b"\xef\xbb\xbf" + join(LINES), LINES)) == [("byte_order_mark", None)]


def test_missing_last_newline():
    assert named(check_all(join(LINES)[:-1], LINES)) == [("not_terminated", N)]


def test_a_torn_last_line():
    report = check_all(join(LINES)[:-200], LINES)
    assert named(report) == [("cut", N)] and "in the middle of a line" in report.findings[0].sentence
    assert named(check(join(LINES)[:-200])) == [("not_terminated", N)]


FORMS = {
    "duplicate key": lambda line: line.replace(b'"kind":', b'"kind":"x","kind":'),
    "float": lambda line: line.replace(b'"version":1', b'"version":1.0'),
    "exponent": lambda line: line.replace(b'"version":1', b'"version":1e0'),
    "trailing space": lambda line: line + b" ",
    "leading space": lambda line: b" " + line,
    "spaces": lambda line: json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False).encode(),
    "key order": lambda line: json.dumps(dict(reversed(json.loads(line).items())), separators=(",", ":")).encode(),
    "escaped": lambda line: line.replace(b'"stage":"stage4"', b'"stage":"\\u0073tage4"'),
    "NaN": lambda line: line.replace(b'"version":1', b'"version":NaN'),
    "large integer": lambda line: line.replace(b'"version":1', b'"version":9007199254740993'),
}


@pytest.mark.parametrize("name", FORMS)
def test_a_form_that_is_not_canonical(name):
    edited = FORMS[name](LINES[19])
    assert edited != LINES[19]
    assert both(changed(20, edited)) == (
        [("not_canonical", 20), ("chain_broken", 21), ROOT],
        [("not_canonical", 20), ("chain_broken", 21)],
    )


MALFORMED = {
    "no entry": b"{}",
    "no object": b"[]",
    "not JSON": b'{"a":',
    "field missing": LINES[19].replace(b'"kind":"runbook_event",', b""),
    "field more": LINES[19].replace(b'"kind"', b'"extra":1,"kind"'),
    "signature stripped": re.sub(rb'"signature":\{[^}]*\},', b"", LINES[19]),
    "signature null": re.sub(rb'"signature":\{[^}]*\}', b'"signature":null', LINES[19]),
    "chain signature stripped": re.sub(rb'"signatures":\{[^}]*\}', b'"signatures":{}', LINES[19]),
    "algorithm none": LINES[19].replace(b"HMAC-SHA256", b"none"),
}


@pytest.mark.parametrize("name", MALFORMED)
def test_a_line_that_is_no_entry(name):
    edited = changed(20, MALFORMED[name])
    assert named(check_all(edited, LINES)) == [("malformed", 20), ("chain_broken", 21), ROOT]


def test_not_utf8():
    edited = changed(20, LINES[19].replace(b'"stage":"stage4"', b'"stage":"stage\xff"'))
    assert named(check_all(edited, LINES)) == [("not_utf8", 20), ("chain_broken", 21), ROOT]


# --- keys ------------------------------------------------------------------------------------------------------------


def test_rechained_with_the_hmac_key_shows_by_the_checkpoint_only():
    def change(body):
        body["metadata"]["request_id"] = "req-changed"

    forged = reseal(LINES, 12, change)
    assert both(forged) == ([ROOT], [])
    assert named(check(forged, heads=[Head(11, root_of(LINES[:11])), Head(12, root_of(LINES[:12]))])) == [
        ("head_differs", 12)
    ]


def test_rechained_without_the_key():
    forged = reseal(LINES, 30, lambda body: None, key=HmacKey(KEY.id, b"guess"))
    report = check_all(forged, LINES)
    causes = {finding.cause for finding in report.findings}
    assert causes == {"signature_wrong", "chain_signature_wrong", "root_differs"}
    for cause in ("signature_wrong", "chain_signature_wrong"):
        of_it = [finding for finding in report.findings if finding.cause == cause]
        assert of_it[0].sequence == 30 and sum(finding.count for finding in of_it) == N - 29


def test_a_right_signature_is_never_printed():
    edited = changed(12, LINES[11].replace(b'"request_id":"req-', b'"request_id":"rex-'))
    edited[11] = re.sub(rb"hmac:[^\"]*", b"hmac:AAAA", edited[11])
    report = check_all(edited, LINES)
    assert ("signature_wrong", 12) in named(report) and ("chain_signature_wrong", 12) in named(report)
    printed = json.dumps(report.as_json())
    assert KEY.digest(unsigned_bytes(edited[11])) not in printed
    assert KEY.digest(chain_text(ORIGIN, 12, link(LINES[10]))) not in printed


def test_signed_with_a_key_of_another_name():
    forged = reseal(LINES, 30, lambda body: None, key=HmacKey("mine", b"guess"))
    report = check_all(forged, LINES)
    assert named(report) == [("unknown_key", 30), ROOT]
    assert report.findings[0].count == N - 29 and report.findings[0].found == "mine"


def test_algorithm_downgraded():
    strong = HmacKey("k", b"one secret", "HMAC-SHA384")
    ledger = Ledger(key=strong).open().run("INC-1")
    forged = reseal(ledger.lines, 30, lambda body: None, key=HmacKey("k", b"one secret"))
    count = len(forged) - 29
    for keys in ((), [strong], [strong, HmacKey("", b"one secret")]):
        findings = check(forged, hmac_keys=keys).findings
        assert {f.cause for f in findings} == {"algorithm_differs"} and findings[0].sequence == 30
        assert sum(finding.count for finding in findings) == count


def test_an_entry_signed_for_another_ledger():
    forged = reseal(LINES, N, lambda body: None, origin=OTHER_ORIGIN)
    assert both(forged) == ([("chain_signature_wrong", N), ROOT], [])


def test_a_whole_other_ledger():
    other = honest(2, OTHER_ORIGIN)
    assert both(other)[0] == [("wrong_origin", 1), ROOT]
    assert named(check_all(other, LINES, checkpoint=checkpoint_of(other, OTHER_SIGNER))) == [
        ("wrong_origin", 1),
        ("checkpoint_origin", None),
    ]


def test_the_key_named_inside_is_not_trusted():
    impostor = Ledger(signer=type(SIGNER)(ORIGIN, OTHER_SIGNER.key)).open()
    report = check(impostor.lines, checkpoint=impostor.checkpoint(), verifier=SIGNER.verifier, hmac_keys=[KEY])
    assert named(report) == [("checkpoint_key_differs", 1), ("checkpoint_signature", None)]


# --- checkpoints -----------------------------------------------------------------------------------------------------


def test_an_older_checkpoint_does_not_cover_the_rest():
    report = check_all(LINES, LINES[:40])
    assert named(report) == [("not_covered", 41)] and report.findings[0].count == N - 40


def test_an_older_checkpoint_of_another_history():
    forged = reseal(LINES, 12, lambda body: body["metadata"].update(request_id="x"))
    assert named(check_all(forged, LINES[:40])) == [ROOT, ("not_covered", 41)]
    assert named(check_all(forged, LINES[:11])) == [("not_covered", 12)]


def test_checkpoint_of_another_ledger():
    note = checkpoint_of(LINES, OTHER_SIGNER)
    assert named(check_all(LINES, LINES, checkpoint=note)) == [("checkpoint_origin", None)]


def test_checkpoint_with_a_flipped_byte():
    note = checkpoint_of(LINES)
    for at in range(len(note)):
        flipped = note[:at] + bytes([note[at] ^ 1]) + note[at + 1 :]
        found = named(check_all(LINES, LINES, checkpoint=flipped))
        assert len(found) == 1 and found[0][0].startswith("checkpoint_"), (at, found)
    for cut in range(len(note)):
        found = named(check_all(LINES, LINES, checkpoint=note[:cut]))
        assert len(found) == 1 and found[0][0].startswith("checkpoint_"), (cut, found)


def test_checkpoint_signed_by_another_key():
    stranger = type(SIGNER)(ORIGIN, OTHER_SIGNER.key)
    note = sign_checkpoint(Checkpoint(ORIGIN, N, root_of(LINES)), stranger)
    report = check_all(LINES, LINES, checkpoint=note)
    assert named(report) == [("checkpoint_signature", None)] and report.checkpoint_size is None
    assert "cannot be relied on" in " ".join(report.not_checked)


def test_checkpoint_that_is_none():
    for note in (b"", b"\n\n", b"\xff\n\n\xe2", b"hello", b"a\n1\nx\n\n", b"a\n" * 100_000):
        assert named(check_all(LINES, LINES, checkpoint=note)) == [("checkpoint_malformed", None)]


def test_a_forked_history():
    """Two ledgers that share 34 entries: each is honest by itself, the other's checkpoint tells them apart."""
    fork = Ledger().open()
    fork.run("INC-2042").run("INC-9999")
    assert fork.lines[:34] == list(LINES[:34])
    assert named(check_all(fork.lines, LINES)) == [ROOT]
    assert named(check_all([*LINES, *fork.lines[34:]], LINES)) == [("foreign_line", 35)]
