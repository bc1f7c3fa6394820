"""``verify_decision_log.py PATH``: what verifies, and that everything wrong is found."""

from __future__ import annotations

import gzip
import json
import tracemalloc
from pathlib import Path

import pytest

from ledger.decision_log.line import MAX_FOREIGN_LINE
from ledger.decision_log.rules import Rules
from ledger.decision_log.schema import DECISION_LOG_V2, Schema
from ledger.decision_log.signature import SharedKey, sign
from ledger.decision_log.verify import verify_log
from ledger.decision_log.write import append
from ledger.errors import Refused, Unreachable

from .conftest import CHECK, SECRET, Run, canonical, causes, mac_of, signed, valid, verify_bytes, write

KEY = SharedKey(SECRET)
V2 = Schema("builtin:decision_log_v2", DECISION_LOG_V2)


def test_a_log_another_tool_signed_verifies(log: Path) -> None:
    report = verify_log(str(log), Rules(KEY, schema=V2))
    assert (report.ok, report.entries, report.signed) == (True, 3, 3)


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")])
@pytest.mark.parametrize("escaped", [True, False])
def test_any_spelling_of_pythons_json_verifies(separators: tuple[str, str], escaped: bool) -> None:
    entry = signed(valid(note="zażółć 🚀", share=1e22, z=1, a=-0.0))
    line = json.dumps(entry, separators=separators, ensure_ascii=escaped)
    assert verify_bytes(line.encode() + b"\n").findings == ()


def test_a_compressed_log_and_standard_input_verify(run: Run, log: Path) -> None:
    packed = log.with_suffix(".jsonl.gz")
    packed.write_bytes(gzip.compress(log.read_bytes()))
    assert run(packed, *CHECK).exit_code == 0
    assert run("-", *CHECK, input=log.read_bytes()).exit_code == 0


def test_hmac_sha384_is_accepted() -> None:
    entry = valid()
    signature = {"algorithm": "HMAC-SHA384", "value": mac_of(entry, algorithm="sha384")}
    assert verify_bytes(canonical({**entry, "signature": signature}) + b"\n").ok


def test_a_changed_byte_at_every_position_is_found(log: Path) -> None:
    append(log, sign(valid(note="zażółć", share=0.30000000000000004, big=1e300), SECRET, "ops"))
    line = log.read_bytes().splitlines(keepends=True)[-1]
    key = SharedKey(SECRET, "ops")
    assert verify_bytes(line, key=key).ok
    for at, byte in enumerate(line):
        for other in {byte ^ 1, byte ^ 0x20, ord(" "), ord("0"), ord("9"), ord("\r"), ord('"')} - {byte}:
            changed = line[:at] + bytes([other]) + line[at + 1 :]
            assert not verify_bytes(changed, key=key).ok, (at, changed)


def test_a_byte_more_or_less_at_every_position_is_found(log: Path) -> None:
    line = log.read_bytes().splitlines(keepends=True)[0]
    for at in range(len(line)):
        assert not verify_bytes(line[:at] + line[at + 1 :]).ok
        for more in (b" ", b"0", b"\t"):
            assert not verify_bytes(line[:at] + more + line[at:]).ok


def test_all_findings_are_reported_with_their_line(log: Path) -> None:
    lines = log.read_bytes().splitlines(keepends=True)
    lines[0] = lines[0].replace(b"ready_0", b"ready_9")
    lines[1] = b"not json\n"
    lines.append(canonical(valid()) + b"\n")
    report = verify_bytes(b"".join(lines))
    assert causes(report) == [(1, "signature.value"), (2, "line"), (4, "signature")]
    assert (report.entries, report.signed) == (3, 3 - 1)


def test_a_finding_never_shows_the_right_mac(log: Path) -> None:
    entry = {**valid(), "status": "forged"}
    report = verify_bytes(canonical({**entry, "signature": signed(valid())["signature"]}) + b"\n")
    assert mac_of(entry) not in str(report.findings[0])


GOOD = canonical(signed(valid()))
FORMS = [
    ("blank line is skipped", b"\n" + GOOD + b"\n", []),
    ("no last newline", GOOD, [(1, "line")]),
    ("carriage return", GOOD + b"\r\n", [(1, "line")]),
    ("byte order mark", b"\xef\xbb\xbf" + GOOD + b"\n", [(1, "line"), (None, "entries")]),
    ("no UTF-8", b'{"a":"\xff"}\n', [(1, "line"), (None, "entries")]),
    ("list", b"[1]\n", [(1, "line"), (None, "entries")]),
    ("nothing", b"", [(None, "entries")]),
    ("NaN", b'{"a":NaN}\n', [(1, "line"), (None, "entries")]),
    ("duplicate keys", b'{"a":1,"a":1}\n', [(1, "line"), (None, "entries")]),
    ("deep nesting", b'{"a":' + b"[" * 100_000 + b"\n", [(1, "line"), (None, "entries")]),
    ("endless number", b'{"a":' + b"9" * 5000 + b"}\n", [(1, "line"), (None, "entries")]),
    ("infinite number", b'{"a":1e999}\n', [(1, "line"), (1, "signature")]),
    ("lone surrogate", b'{"a":"\\ud800","signature":{"algorithm":"HMAC-SHA256","value":"QQ=="}}\n', [(1, "signature")]),
    ("huge line", b"x" * (MAX_FOREIGN_LINE + 1) + b"\n" + GOOD + b"\n", [(1, "line")]),
    ("huge last line", GOOD + b"\n" + b"x" * (3 * MAX_FOREIGN_LINE), [(2, "line")]),
    ("null signature", b'{"signature":null}\n', [(1, "signature")]),
    ("two lines in one", GOOD + b" " + GOOD + b"\n", [(1, "line"), (None, "entries")]),
]  # fmt: skip


@pytest.mark.parametrize(("data", "expected"), [case[1:] for case in FORMS], ids=[case[0] for case in FORMS])
def test_bad_lines_are_findings(data: bytes, expected: list[tuple[int | None, str]]) -> None:
    assert causes(verify_bytes(data)) == expected


def test_nesting_that_parses_but_is_too_deep_to_check_is_a_finding() -> None:
    for depth in range(200, 1200, 50):
        line = (
            b'{"metadata":'
            + b'{"a":' * depth
            + b"1"
            + b"}" * depth
            + b',"tags":['
            + b"[" * depth
            + b"]" * depth
            + b"]}\n"
        )
        assert not verify_bytes(line, schema=V2).ok


@pytest.mark.parametrize(
    ("change", "places"),
    [
        ({"algorithm": "HMAC-MD5"}, ["signature.algorithm"]),
        ({"algorithm": ["x"]}, ["signature.algorithm"]),
        ({"value": "!!"}, ["signature.value"]),
        ({"value": 7}, ["signature.value"]),
        ({"value": mac_of(valid())[:-2] + "J="}, ["signature.value"]),
        ({"extra": 1}, ["signature"]),
        ({"key_id": 1}, ["signature.key_id"]),
        ({"key_id": "other"}, ["signature.key_id"]),
    ],
)
def test_a_signature_of_another_form_is_a_finding(change: dict[str, object], places: list[str]) -> None:
    entry = valid()
    entry["signature"] = {"algorithm": "HMAC-SHA256", "value": mac_of(entry), **change}
    report = verify_bytes(canonical(entry) + b"\n", key=SharedKey(SECRET, "mine"))
    assert [finding.place for finding in report.findings] == places


def test_key_ids_are_compared_only_where_both_name_one() -> None:
    with_id, without = (canonical(signed(valid(), key_id=one)) + b"\n" for one in ("ops", None))
    assert verify_bytes(with_id, key=SharedKey(SECRET)).ok
    assert verify_bytes(without, key=SharedKey(SECRET, "ops")).ok
    assert not verify_bytes(with_id, key=SharedKey(SECRET, "dev")).ok


def test_unsigned_entries_pass_only_where_they_are_allowed(run: Run, folder: Path) -> None:
    write(folder / "plain.jsonl", valid())
    assert run("plain.jsonl", *CHECK).exit_code == 1
    assert run("plain.jsonl", "--allow-unsigned").exit_code == 0
    assert run("plain.jsonl", env={"BOT_CORE_VERIFY_DECISION_LOG_ALLOW_UNSIGNED": "yes"}).exit_code == 0


def test_a_signed_entry_is_not_verified_without_its_key(run: Run, log: Path) -> None:
    assert run(log).exit_code == 1
    assert "no key was given" in run(log, "--allow-unsigned").stdout
    assert run(log, "--hmac-key", "wrong").exit_code == 1


@pytest.mark.parametrize("damage", ["garbage", "cut", "flipped", "plain"])
def test_a_damaged_compressed_log_is_a_finding(run: Run, log: Path, damage: str) -> None:
    whole = gzip.compress(log.read_bytes())
    packed = {
        "garbage": whole + b"garbage",
        "cut": whole[:-9],
        "flipped": whole[:40] + bytes([whole[40] ^ 0xFF]) + whole[41:],
        "plain": log.read_bytes(),
    }
    Path("log.gz").write_bytes(packed[damage])
    result = run("log.gz", *CHECK)
    assert result.exit_code == 1 and "NOT VERIFIED" in result.stdout


@pytest.mark.parametrize("name", ["missing.jsonl", ".", "missing.gz"])
def test_a_log_that_cannot_be_read_is_status_3(run: Run, name: str) -> None:
    assert run(name, *CHECK).exit_code == 3
    with pytest.raises(Unreachable):
        verify_log(name, Rules(KEY))


def test_memory_stays_bounded_whatever_the_log(folder: Path) -> None:
    Path("big.gz").write_bytes(gzip.compress(b"x" * (64 << 20) + b"\n" + b"{}\n" * 50_000, 1))
    found = 0

    def tell(finding: object) -> None:
        nonlocal found
        found += 1

    tracemalloc.start()
    report = verify_log("big.gz", Rules(KEY), tell)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert report.count == found == 50_001 and report.findings == ()
    assert peak < 12 << 20


def test_rules_that_prove_nothing_are_refused() -> None:
    with pytest.raises(Refused, match="--hmac-key-file"):
        verify_bytes(b"", key=None)


def test_the_report_says_what_was_not_checked(run: Run, log: Path) -> None:
    shown = json.loads(run(log, *CHECK, "--json").stdout)
    assert shown["ok"] and shown["checked"] == ["signatures", "missing signatures"]
    assert any(point.startswith("order and completeness") for point in shown["not_checked"])
    assert "not checked: schema" in run(log, *CHECK).stdout


def test_what_stands_in_a_log_cannot_steer_the_terminal(run: Run) -> None:
    Path("evil\x1b[2J.jsonl").write_bytes(b'{"\x1b]0;x\x07"\n{"a":"\xc2\x9b2J","signature":"\xc2\x9b"}\n')
    result = run("evil\x1b[2J.jsonl", *CHECK)
    assert result.exit_code == 1
    assert not any(one in result.output for one in "\x1b\x07\x9b")


def test_a_log_called_summary_is_verified_by_its_path(run: Run, log: Path) -> None:
    log.rename("summary")
    assert run("./summary", *CHECK).exit_code == 0
    assert run(*CHECK, "summary").exit_code == 0


def test_help_shows_both_forms(run: Run) -> None:
    for words in (["--help"], ["summary", "--help"]):
        result = run(*words)
        assert result.exit_code == 0
        assert "verify_decision_log.py summary --append" in result.stdout
        assert "--schema builtin:decision_log_v2" in result.stdout
    assert run().exit_code == 2
