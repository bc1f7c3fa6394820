from __future__ import annotations

import base64
import gzip
import hmac
import io
import json

import pytest

from ledger.errors import Corrupt, Unreachable
from ledger.proof.entry import HmacKey, mac_of, parse_entry
from ledger.proof.merkle import root_of
from ledger.verify import EXPLAINED, Cause, Head, open_log, parse_head, verify
from ledger.verify.signatures import unsigned_bytes

from .builders import KEY, ORIGIN, SIGNER, Ledger, checkpoint_of, honest, join
from .conftest import check, check_all, holds, named


def test_an_honest_ledger_has_no_finding():
    lines = honest(2)
    report = check_all(lines, lines)
    assert report.verified and report.findings == ()
    assert (report.entries, report.origin, report.stage) == (len(lines), ORIGIN, "stage4")
    assert report.bytes_read == len(join(lines)) and report.checkpoint_size == len(lines)
    assert sum(report.people.values()) == len(lines) and report.people["session"] > 0


def test_many_rollbacks_have_no_finding():
    lines = honest(60)
    assert check_all(lines, lines, heads=[Head(700, root_of(lines[:700]))]).verified


def test_without_keys_it_says_what_that_means():
    report = check(honest(1))
    said = " ".join(report.not_checked)
    assert holds(report) and "no key was given" in said and "no checkpoint was given" in said
    assert "not excluded" in said and "vouches" in said


def test_an_open_rollback_is_fine():
    for size in range(1, 40):
        lines = honest(2)[:size]
        assert check_all(lines, lines).verified


def test_sha384_keys_and_any_key_id():
    ledger = Ledger(key=HmacKey("k384", b"other secret", "HMAC-SHA384")).open().run("INC-1")
    anonymous = HmacKey("", b"other secret", "HMAC-SHA384")
    for keys in ([ledger.key], [anonymous], [KEY, anonymous], [HmacKey("", b"other secret"), anonymous]):
        report = check(ledger.lines, hmac_keys=keys)
        assert holds(report) and f"Both HMACs of {len(ledger.lines)}" in " ".join(report.checked)


def test_a_checkpoint_without_key_is_a_claim():
    lines = honest(1)
    report = check(lines, checkpoint=checkpoint_of(lines))
    assert report.outcome == "incomplete" and "may have made it too" in " ".join(report.not_checked)
    assert "Give the verifier key" in report.findings[0].sentence
    assert named(check(lines[:-1], checkpoint=checkpoint_of(lines))) == [("cut", len(lines))]


def test_heads():
    lines = honest(1)
    kept = [Head(0, root_of([])), Head(5, root_of(lines[:5])), Head(len(lines), root_of(lines))]
    assert check(lines, heads=kept).verified
    assert named(check(lines, heads=[Head(5, root_of(lines[:4]))])) == [("head_differs", 5)]
    assert named(check(lines, heads=[*kept, Head(999, root_of(lines))])) == [("head_beyond", 999)]


def test_parse_head():
    root = root_of([b"x"])
    assert parse_head(f"17:{root.hex()}") == Head(17, root)
    assert parse_head("17:Fw7/V8WAV/MwkySRXu+ULqiZ1c8JkGkiyo+5ub/yUwg=").size == 17
    for bad in ("", "17", "17:", ":" + root.hex(), "-1:" + root.hex(), "١:" + root.hex(), "1:AA==", "1:" + "zz" * 32):
        with pytest.raises(Corrupt, match="N:ROOT"):
            parse_head(bad)


def test_progress_is_told_bytes():
    lines, told = honest(60), list[int]()
    verify(io.BytesIO(join(lines)), progress=told.append)
    assert told == sorted(told) and len(told) == len(lines) // 1000 + 1 and told[-1] == len(join(lines))


def test_the_report_is_json():
    lines = honest(1)
    report = json.loads(json.dumps(check_all(lines[1:], lines).as_json()))
    assert report["verified"] is False and report["findings"][0]["cause"] == "sequence_gap"


def test_every_cause_is_explained():
    assert EXPLAINED.keys() == set(Cause)


def test_unsigned_bytes_are_the_entry_without_signature():
    for line in honest(2):
        body = dict(parse_entry(line).body)
        value = body.pop("signature")["value"]
        assert (
            unsigned_bytes(line) == json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        )
        assert mac_of(KEY)(unsigned_bytes(line)).decode() == value == KEY.digest(unsigned_bytes(line))


def test_long_keys_are_hashed_first():
    for algorithm in ("HMAC-SHA256", "HMAC-SHA384"):
        for length in (0, 1, 63, 64, 65, 127, 128, 129, 500):
            key = HmacKey("", b"k" * length, algorithm)
            digest = {"HMAC-SHA256": "sha256", "HMAC-SHA384": "sha384"}[algorithm]
            expected = base64.b64encode(hmac.digest(key.secret, b"data", digest)).decode()
            assert mac_of(key)(b"data").decode() == key.digest(b"data") == expected


def test_gzip_of_one_and_of_several_members(tmp_path):
    lines, path = honest(2), tmp_path / "stage4.jsonl.gz"
    halves = join(lines[:20]), join(lines[20:])
    for packed in (gzip.compress(join(lines)), b"".join(map(gzip.compress, halves)), gzip.compress(b"") * 2):
        path.write_bytes(packed)
        with open_log(str(path)) as stream:
            report = verify(stream)
        assert report.entries in (len(lines), 0)
        assert holds(report) is (report.entries > 0)


@pytest.mark.parametrize(
    "spoil",
    [lambda p: p + b"x", lambda p: p + b"\0" * 8, lambda p: p + p[:9], lambda p: p[:-1], lambda p: p[:-9],
     lambda p: p[: len(p) // 2], lambda p: p[:-6] + b"\xff" + p[-5:], lambda p: p + b"{}\n", lambda p: b"\0" + p],
)  # fmt: skip
def test_damaged_or_trailing_gzip_is_a_finding(tmp_path, spoil):
    path = tmp_path / "stage4.jsonl.gz"
    path.write_bytes(spoil(gzip.compress(join(honest(1)))))
    with open_log(str(path)) as stream:
        assert "damaged_archive" in [finding.cause for finding in verify(stream).findings]


def test_what_cannot_be_opened_is_unreachable(tmp_path):
    for path in (tmp_path / "none.jsonl", tmp_path, "nul\0.jsonl"):
        with pytest.raises(Unreachable, match="cannot read"), open_log(str(path)) as stream:
            verify(stream)


def test_what_cannot_be_read_on_is_unreachable():
    class Failing(io.RawIOBase):
        def readable(self):
            return True

        def readinto(self, buffer):
            raise OSError(5, "Input/output error")

    with pytest.raises(Unreachable, match="Input/output error"):
        verify(io.BufferedReader(Failing()))


def test_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(join(honest(1)))))
    with open_log("-") as stream:
        assert holds(verify(stream, verifier=SIGNER.verifier))
