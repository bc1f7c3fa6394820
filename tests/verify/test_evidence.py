"""What an auditor holds: checkpoints that were kept, copies made while the ledger was written, and keys."""

from __future__ import annotations

import pytest

from ledger.proof.entry import HmacKey
from ledger.proof.merkle import root_of
from ledger.verify import Head

from .builders import (
    KEY,
    ORIGIN,
    OTHER_SIGNER,
    SIGNER,
    Ledger,
    checkpoint_of,
    honest,
    join,
    reseal,
)
from .conftest import check, check_all, holds, named

LINES = honest(2)
N = len(LINES)
WRONG = HmacKey("", b"somebody else's")
RIGHT = HmacKey("", KEY.secret)
SIGNED = {"verifier": SIGNER.verifier}


# --- a kept checkpoint as the checkpoint -----------------------------------------------------------------------------


@pytest.mark.parametrize("size", [1, 20, N - 1])
def test_newer_lines_that_follow_rightly_are_an_outcome_of_their_own(size):
    report = check_all(LINES, LINES[:size])
    assert (report.outcome, report.verified) == ("incomplete", False)
    assert (report.proved, report.beyond, report.checkpoint_size) == (size, N - size, size)
    (finding,) = report.findings
    assert (finding.cause, finding.accuses) == ("not_covered", False)
    assert f"Proved as far as the checkpoint ({size} entries). {N - size} newer lines" in finding.sentence
    page = report.as_json()
    assert (page["outcome"], page["proved"], page["beyond"]) == ("incomplete", size, N - size)


def test_without_the_key_it_agrees_and_is_not_called_proved():
    report = check(LINES, checkpoint=checkpoint_of(LINES[:20]))
    assert report.outcome == "incomplete" and "whose signature was not checked" in report.findings[0].sentence


def test_newer_lines_that_do_not_follow_rightly_are_no_such_outcome():
    edited = [*LINES[:40], LINES[40].replace(b"req-", b"rex-"), *LINES[41:]]
    for lines in (edited, [*LINES[:30], *LINES[31:]], [*LINES, b"hello"]):
        report = check_all(lines, LINES[:20])
        assert report.outcome == "not_verified" and report.beyond == 0
        assert any(finding.accuses for finding in report.findings if finding.cause == "not_covered")


def test_a_change_before_the_kept_checkpoint_is_no_such_outcome():
    forged = reseal(LINES, 12, lambda body: body["metadata"].update(request_id="x"))
    report = check_all(forged, LINES[:20])
    assert report.outcome == "not_verified" and report.proved == 0 and report.beyond == 0


def test_a_kept_head_further_on_covers_the_rest():
    kept = checkpoint_of(LINES[:20])
    report = check(LINES, checkpoint=kept, heads=[Head(N, root_of(LINES))], **SIGNED)
    assert report.verified and report.proved == N
    report = check(LINES, checkpoint=kept, heads=[Head(40, root_of(LINES[:40]))], **SIGNED)
    assert (report.outcome, report.proved, report.beyond) == ("incomplete", 40, N - 40)
    assert "the kept head (40 entries)" in report.findings[0].sentence


# --- a kept checkpoint as a head -------------------------------------------------------------------------------------


def test_a_kept_checkpoint_is_a_head_whose_signature_is_checked():
    for size in (0, 5, N):
        assert check_all(LINES, LINES, kept=[checkpoint_of(LINES[:size])]).verified
    report = check_all(LINES, LINES, kept=[checkpoint_of(LINES[:5])])
    assert "kept, at 5 entries" in " ".join(report.checked) and "not excluded" not in " ".join(report.not_checked)


def test_a_kept_checkpoint_finds_a_ledger_written_anew():
    forged = reseal(LINES, 3, lambda body: body["metadata"].update(request_id="x"))
    report = check(forged, checkpoint=checkpoint_of(forged), hmac_keys=[KEY], kept=[checkpoint_of(LINES[:9])], **SIGNED)
    assert named(report) == [("head_differs", 9)]
    report = check(LINES[:9], checkpoint=checkpoint_of(LINES[:9]), kept=[checkpoint_of(LINES)], **SIGNED)
    assert named(report) == [("head_beyond", N)] and "older copy" in report.findings[0].sentence


def test_without_a_key_a_kept_checkpoint_is_compared_and_not_trusted():
    report = check(LINES, kept=[checkpoint_of(LINES[:9])])
    said = " ".join(report.not_checked)
    assert holds(report) and "may have made them too" in said and "not excluded" in said
    assert named(check(LINES, kept=[checkpoint_of([*LINES[:8], LINES[9]])])) == [("head_differs", 9)]


STRANGER = type(SIGNER)(ORIGIN, OTHER_SIGNER.key)


@pytest.mark.parametrize(
    ("note", "cause"),
    [
        (checkpoint_of(LINES[:9], STRANGER), "head_signature"),
        (checkpoint_of(LINES[:9], OTHER_SIGNER), "head_origin"),
        (checkpoint_of(LINES[:9]).replace(b"\n9\n", b"\n8\n"), "head_signature"),
        (b"hello", "head_malformed"),
        (b"", "head_malformed"),
    ],
)
def test_a_kept_checkpoint_that_is_none_of_this_ledgers_is_a_finding(note, cause):
    report = check_all(LINES, LINES, kept=[note])
    assert named(report) == [(cause, None)] and report.outcome == "not_verified"


# --- copied while it was written -------------------------------------------------------------------------------------


@pytest.mark.parametrize("cut", [1, 2, 200, 900])
def test_fewer_lines_than_the_checkpoint_may_have_been_copied_apart(cut):
    report = check_all(join(LINES)[:-cut], LINES) if cut > 1 else check_all(LINES[:-1], LINES)
    (finding,) = report.findings
    assert (finding.cause, report.outcome) == ("cut", "not_verified")
    assert "copied while the ledger was being written" in finding.sentence and "was cut off" in finding.sentence
    assert "stage4 export --out DIR" in finding.sentence


@pytest.mark.parametrize("left", [1, 9, 14, 300, 700])
def test_a_line_torn_after_the_checkpoint_is_not_accused(left):
    report = check_all(join(LINES[:40]) + LINES[40][:left], LINES[:40])
    (finding,) = report.findings
    assert (finding.cause, finding.accuses, report.outcome) == ("not_terminated", False, "incomplete")
    assert "copied while an entry was being written" in finding.sentence and "stage4 export" in finding.sentence
    assert (report.entries, report.proved) == (40, 40)
    report = check_all(join(LINES[:42]) + LINES[42][:left], LINES[:40])
    assert [one.cause for one in report.findings] == ["not_terminated", "not_covered"]
    assert (report.outcome, report.beyond) == ("incomplete", 2)


def test_a_newline_that_is_missing_after_the_checkpoint_is_not_accused():
    report = check_all(join(LINES[:42])[:-1], LINES[:40])
    assert [one.cause for one in report.findings] == ["not_terminated", "not_covered"]
    assert (report.outcome, report.proved, report.beyond) == ("incomplete", 40, 2)
    report = check_all(join(LINES[:40])[:-1], LINES[:40])
    assert named(report) == [("not_terminated", 40)] and report.outcome == "not_verified"


def test_what_is_no_beginning_of_an_entry_is_accused():
    for tail in (b"hello", b'{"b', b"\x00", b'{"artefacts":[', b" "):
        report = check_all(join(LINES) + tail, LINES)
        assert named(report) == [("not_terminated", N + 1)] and report.outcome == "not_verified"


def test_without_a_checkpoint_a_torn_line_proves_nothing():
    report = check(join(LINES) + LINES[3][:300], hmac_keys=[KEY])
    assert report.outcome == "not_verified" and "copied while an entry" in report.findings[0].sentence


# --- HMAC keys -------------------------------------------------------------------------------------------------------


def test_a_wrong_key_is_one_finding_however_long_the_ledger_is():
    report = check_all(LINES, LINES, hmac_keys=[WRONG])
    (finding,) = report.findings
    assert (finding.cause, finding.count, report.outcome) == ("wrong_key", N, "not_verified")
    assert "is not the key that signed this ledger" in finding.sentence and "checkpoint hold" in finding.sentence
    assert not any("HMACs" in sentence for sentence in report.checked)
    assert f"HMACs of {N} entries" in " ".join(report.not_checked)


def test_a_wrong_key_without_a_checkpoint_may_also_be_a_ledger_signed_anew():
    (finding,) = check(LINES, hmac_keys=[WRONG]).findings
    assert finding.cause == "wrong_key" and "signed anew" in finding.sentence


def test_a_wrong_key_hides_no_other_finding():
    edited = [*LINES[:11], LINES[11].replace(b"req-", b"rex-"), *LINES[12:]]
    assert [what for what, _ in named(check_all(edited, LINES, hmac_keys=[WRONG]))] == [
        "wrong_key",
        "chain_broken",
        "root_differs",
    ]
    lied = reseal(LINES, 20, lambda body: body["runtime_flags"].update({"scheduler.known": False}))
    assert [what for what, _ in named(check(lied, hmac_keys=[WRONG]))] == ["wrong_key", "flags_lie"]


def test_the_first_entries_changed_are_not_taken_for_a_wrong_key():
    forged = reseal(LINES, 1, lambda body: None, key=HmacKey(KEY.id, b"guess"))[:3]
    report = check([*forged, *LINES[3:]], hmac_keys=[RIGHT])
    assert named(report) == [("signature_wrong", 1), ("chain_broken", 4)]
    assert report.findings[0].count == 3 and "entry 3 was changed" in report.findings[1].sentence


def test_with_several_keys_each_entry_is_matched_by_itself():
    rotated = reseal(LINES, 30, lambda body: None, key=HmacKey("stage4-2027-01", b"the next one"))
    next_key = HmacKey("", b"the next one")
    for keys in ([RIGHT, next_key, WRONG], [WRONG, next_key, RIGHT]):
        report = check(rotated, hmac_keys=keys)
        assert {what for what, _ in named(report)} == {"key_renamed"}  # the first entry names one key alone
    same_name = reseal(LINES, 30, lambda body: None, key=HmacKey(KEY.id, b"the next one"))
    assert holds(check(same_name, hmac_keys=[WRONG, next_key, RIGHT]))
    report = check(rotated, hmac_keys=[RIGHT])
    assert named(report) == [("unknown_key", 30)] and report.findings[0].count == N - 29
    assert "Both HMACs of 29 entries" in " ".join(report.checked)


@pytest.mark.parametrize("key", [RIGHT, KEY])
@pytest.mark.parametrize("number", [1, 20, N])
def test_a_renamed_key_is_blamed_on_nobody_who_holds_a_key(key, number):
    renamed = list(LINES)
    renamed[number - 1] = LINES[number - 1].replace(b'"key_id":"stage4-2026-11"', b'"key_id":"stage4-2019-01"')
    report = check_all(renamed, LINES, hmac_keys=[key])
    expected = [("key_renamed", number), ("chain_broken", number + 1), ("root_differs", None)]
    assert named(report) == (expected if number < N else [expected[0], expected[2]])
    said = " ".join(finding.sentence for finding in report.findings)
    assert "without any key" in said and "somebody who holds" not in said


def test_who_replaced_an_entry_and_signed_it_rightly_holds_the_key():
    forged = reseal(LINES, 20, lambda body: body["metadata"].update(request_id="x"))
    report = check([*LINES[:19], forged[19], *LINES[20:]], hmac_keys=[KEY])
    assert named(report) == [("chain_broken", 21)] and "somebody who holds the HMAC key" in report.findings[0].sentence


def test_a_flood_of_key_ids_is_bounded():
    lines = []
    for number, line in enumerate(honest(20)):
        lines.append(line.replace(b"stage4-2026-11", f"stage4-{number}".encode()))
    report = check(lines, hmac_keys=[WRONG])
    assert [finding.cause for finding in report.findings].count("wrong_key") == 1


def test_a_ledger_of_another_algorithm_and_a_wrong_key():
    ledger = Ledger(key=HmacKey("k", b"other secret", "HMAC-SHA384")).open()
    both = [WRONG, WRONG._replace(algorithm="HMAC-SHA384")]
    assert [what for what, _ in named(check(ledger.lines, hmac_keys=both))] == ["wrong_key"]


@pytest.mark.parametrize("keys", [[], [RIGHT]])
def test_without_a_checkpoint_the_end_is_not_covered_and_the_sentence_says_what_to_give(keys):
    for lines in (LINES, LINES[:-1], LINES[:-20]):
        report = check(lines, hmac_keys=keys)
        (finding,) = report.findings
        assert (report.outcome, report.verified, report.proved) == ("incomplete", False, 0)
        assert (finding.cause, finding.accuses, finding.count) == ("not_covered", False, len(lines))
        assert "--checkpoint FILE" in finding.sentence


def test_a_changed_last_line_is_never_called_verified_without_a_key():
    report = check([*LINES[:-1], LINES[-1].replace(b"req-", b"rex-")])
    assert report.outcome == "incomplete" and not report.verified


def test_a_kept_head_that_covers_the_end_is_enough_and_one_before_it_is_not():
    assert check(LINES, heads=[Head(N, root_of(LINES))]).verified
    report = check(LINES, heads=[Head(40, root_of(LINES[:40]))])
    (finding,) = report.findings
    assert (report.outcome, report.beyond, finding.sequence) == ("incomplete", N - 40, 41)
    assert "Proved as far as the kept head (40 entries)" in finding.sentence


def test_where_something_is_wrong_nothing_more_is_said_of_the_end():
    assert [one.cause for one in check([*LINES[:10], *LINES[11:]]).findings] == ["sequence_gap"]


def said(report):
    """The first words of what is called right."""
    return {" ".join(one.split()[:3]) for one in report.checked}


FORM, HMACS, STATE, ROOT = "Form, order and", "Both HMACs of", "The state after", "The Merkle root"


@pytest.mark.parametrize(
    ("data", "not_said"),
    [
        ([*LINES[:10], LINES[11], LINES[10], *LINES[12:]], {FORM}),
        (LINES[:-1], {ROOT}),
        ([*LINES[:-1], LINES[-1].replace(b"req-", b"rex-")], {HMACS, ROOT}),
        ([*LINES[:9], LINES[9][:-1] + b" }", *LINES[10:]], {FORM, ROOT}),
        (b"\xef\xbb\xbf" + join(LINES), {FORM}),
    ],
)
def test_nothing_is_called_right_that_a_finding_contradicts(data, not_said):
    report = check_all(data, LINES)
    assert report.outcome == "not_verified" and not said(report) & not_said


def test_what_is_right_is_still_called_so_beside_a_finding():
    assert said(check_all(LINES[:-1], LINES)) >= {FORM, HMACS, STATE}
    assert said(check_all(LINES, LINES)) >= {FORM, HMACS, STATE, ROOT}


def test_what_was_only_counted_contradicts_too():
    report = check_all([line.replace(b"req-", b"rex-") for line in LINES], LINES, max_findings=0)
    assert not said(report) & {FORM, HMACS, ROOT}
