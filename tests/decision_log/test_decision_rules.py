"""Schema, summary file and required counts: what a log is held against besides its signatures."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from ledger.decision_log.line import check_written
from ledger.decision_log.rules import EventCount, Rules
from ledger.decision_log.schema import DECISION_LOG_V2, Schema
from ledger.decision_log.signature import SharedKey
from ledger.decision_log.summary_file import SummaryFile, open_summary
from ledger.decision_log.verify import verify_log

from .conftest import CHECK, SECRET, Run, canonical, causes, sha384, signed, valid, verify_bytes, write

KEY = SharedKey(SECRET)
V2 = Schema("builtin:decision_log_v2", DECISION_LOG_V2)


def summary_file() -> SummaryFile:
    return open_summary("summary.json", io.BytesIO())


SCHEMA_CASES = [
    ({}, []),
    ({"timestamp": "2024"}, ["timestamp"]),
    ({"timestamp": "2026-11-23T05:27:01"}, ["timestamp"]),
    ({"timestamp": "2026-13-23T05:27:01Z"}, ["timestamp"]),
    ({"timestamp": "٢٠٢٦-11-23T05:27:01Z"}, ["timestamp"]),
    ({"stage": ""}, ["stage"]),
    ({"status": 3}, ["status"]),
    ({"kind": None}, ["kind"]),
    ({"artefacts": {}}, ["artefacts"]),
    ({"artefacts": {"a": ""}}, ["artefacts.a"]),
    ({"artefacts": {"a": []}}, ["artefacts.a"]),
    ({"runtime_flags": {}}, ["runtime_flags"]),
    ({"runtime_flags": {"a": "yes"}}, ["runtime_flags.a"]),
    ({"signatures": {"a": "plain"}}, ["signatures.a"]),
    ({"signatures": {"a": "hmac:x\n"}}, ["signatures.a"]),
    ({"tags": ["a", "a"]}, ["tags"]),
    ({"metadata": []}, ["metadata"]),
    ({"artefacts": {"\x1b[2J": ""}}, ['artefacts."\\u001b[2J"']),
]


@pytest.mark.parametrize(("change", "places"), SCHEMA_CASES)
def test_the_builtin_schema_holds_the_rules_of_v2(change: dict[str, object], places: list[str]) -> None:
    assert [finding.place for finding in V2.check(valid(**change))] == places


@pytest.mark.parametrize("name", ["timestamp", "stage", "status", "artefacts", "runtime_flags", "signatures"])
def test_every_required_field_is_required(name: str) -> None:
    entry = valid()
    del entry[name]
    [finding] = V2.check(entry)
    assert name in finding.cause


def test_a_schema_from_a_file_or_the_environment_is_used(run: Run, log: Path, folder: Path) -> None:
    (folder / "own.json").write_text(json.dumps({"properties": {"status": {"const": "ready_1"}}}))
    result = run(log, *CHECK, "--schema", "own.json", "--json")
    assert [finding["line"] for finding in json.loads(result.stdout)["findings"]] == [1, 3]
    assert run(log, *CHECK, env={"BOT_CORE_VERIFY_DECISION_LOG_SCHEMA": "own.json"}).exit_code == 1


@pytest.mark.parametrize(
    ("text", "status"),
    [
        ("not json", 1),
        ("[]", 1),
        ("7", 1),
        ('{"type": 7}', 1),
        ('{"pattern": "("}', 1),
        ('{"$ref": "http://schemas.invalid/x"}', 1),
        ('{"$ref": "#"}', 1),
        ('{"a":' * 5000, 1),
    ],
)
def test_a_schema_that_is_none_gets_a_sentence(run: Run, log: Path, text: str, status: int) -> None:
    Path("schema.json").write_text(text)
    assert run(log, *CHECK, "--schema", "schema.json").exit_code == status


def test_a_schema_elsewhere_is_never_fetched(run: Run, log: Path, folder: Path) -> None:
    (folder / "other.json").write_text("{}")
    (folder / "schema.json").write_text(json.dumps({"$ref": (folder / "other.json").as_uri()}))
    result = run(log, *CHECK, "--schema", "schema.json")
    assert result.exit_code == 1 and "none is fetched" in result.stderr


def test_a_schema_that_is_not_there_gets_a_sentence(run: Run, log: Path) -> None:
    assert run(log, *CHECK, "--schema", "missing.json").exit_code == 3
    assert "builtin:decision_log_v2" in run(log, *CHECK, "--schema", "builtin:v9").stderr


def test_the_last_summary_must_be_the_digest_of_the_file(run: Run, log: Path, folder: Path) -> None:
    right, wrong = sha384(folder / "summary.json"), "sha256:" + "0" * 64
    write(log, signed(valid(artefacts={"summary_sha256": wrong})), signed(valid(artefacts={"summary_sha384": right})))
    assert run(log, *CHECK, "--summary-json", "summary.json").exit_code == 0
    write(log, signed(valid(artefacts={"summary_sha384": right})), signed(valid(artefacts={"summary_sha256": wrong})))
    report = verify_log(str(log), Rules(KEY, summary=summary_file()))
    assert causes(report) == [(2, "artefacts.summary_sha256")]
    assert report.findings[0].found == f'"{wrong}"'


@pytest.mark.parametrize(
    ("artefacts", "key", "ok"),
    [
        ({"summary_sha384": "PLAIN"}, None, True),
        ({"mine": "FULL"}, "mine", True),
        ({"mine": "FULL"}, None, False),
        ({"summary_path": "reports/summary.json", "summary_sha384": "FULL"}, None, True),
        ({"mine": "nonsense"}, "mine", False),
        ({"mine": None}, "mine", False),
        ({"mine": "shake_128:" + "0" * 64}, "mine", False),
    ],
)
def test_the_summarys_digest_is_found_where_it_stands(
    folder: Path, artefacts: dict[str, str], key: str | None, ok: bool
) -> None:
    full = sha384(folder / "summary.json")
    spelled = {"FULL": full, "PLAIN": full.partition(":")[2]}
    entry = signed(valid(artefacts={name: spelled.get(value, value) for name, value in artefacts.items()}))
    report = verify_bytes(canonical(entry) + b"\n", summary=summary_file(), summary_hash_key=key)
    assert report.ok is ok


def test_a_summary_file_that_is_missing_is_unreadable(run: Run, log: Path) -> None:
    write(log, signed(valid(artefacts={"summary_sha384": "sha384:" + "0" * 96})))
    assert run(log, *CHECK, "--summary-json", "missing").exit_code == 3


def test_required_counts_are_minimums(run: Run, log: Path) -> None:
    assert run(log, *CHECK, "--require-event-count", "3").exit_code == 0
    assert run(log, *CHECK, "--require-event-count", 2, "--require-event-count", "ready_1=1").exit_code == 0
    result = run(log, *CHECK, "--require-event-count", 4, "--require-event-count", "incident=1")
    assert result.exit_code == 1
    assert "expected at least 4, found 3" in result.stdout and "expected at least 1, found 0" in result.stdout


def test_an_event_field_goes_before_the_status() -> None:
    data = canonical(signed(valid(event="incident"))) + b"\n"
    assert verify_bytes(data, event_counts=(EventCount(1, "incident"),)).ok
    assert not verify_bytes(data, event_counts=(EventCount(1, "ready"),)).ok


@pytest.mark.parametrize("text", ["-1", "x", "1_0", "٤", "=1", "9" * 13])
def test_a_count_that_is_no_number_is_a_usage_error(run: Run, log: Path, text: str) -> None:
    assert run(log, *CHECK, f"--require-event-count={text}").exit_code == 2


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": ")], ids=["compact", "spaced"])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_another_spelling_is_shown_at_its_own_byte(separators: tuple[str, str], ascii_only: bool) -> None:
    """Whichever of the accepted spellings the line keeps to before: ``59.50`` at its zero, a carriage return last."""
    entry = {"reason": "stała", "zscore": 59.5}
    line = json.dumps(entry, separators=separators, ensure_ascii=ascii_only).encode()
    for spelled, at in ((line.replace(b"59.5", b"59.50"), line.index(b"59.5") + 4), (line + b"\r", len(line))):
        (finding,) = check_written(spelled, entry)
        assert f"from byte {at} on" in finding.cause, finding
    assert not list(check_written(line, entry))
