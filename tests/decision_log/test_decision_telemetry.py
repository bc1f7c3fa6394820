"""``--summary-json`` with a telemetry summary: what a log adds up to, and that every difference is found."""

from __future__ import annotations

import copy
import gzip
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from ledger.decision_log.telemetry import MAX_NAMES, Telemetry, compare

from . import independent
from .conftest import SECRET, Run, canonical, read, signed, valid, write

KEYED = ("--hmac-key-file", "key", "--summary-json")
ENTRIES: list[dict[str, Any]] = [
    {
        "kind": "snapshot",
        "timestamp": f"2026-11-28T12:0{minute}:00+00:00",
        "event": event,
        "severity": severity,
        "fps": fps,
        "screen": {"index": index, "name": "left"},
    }
    for minute, (event, severity, fps, index) in enumerate(
        [
            ("frame", "info", 59.5, 0),
            ("jank", "warning", 12.25, 1),
            ("jank", "critical", 9.0, 0),
            ("frame", "info", 60, 0),
        ]
    )
]
SUMMARY = independent.telemetry(ENTRIES)


@pytest.fixture
def ui(folder: Path) -> Path:
    path = folder / "ui.log"
    independent.write(path, *(independent.sign(one, SECRET, "k1") for one in (independent.METADATA_LINE, *ENTRIES)))
    return path


def put(summary: dict[str, Any], name: str = "telemetry.json", **more: Any) -> str:
    data = json.dumps({"summary": summary, **more}, indent=2).encode()
    Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
    return name


def test_a_summary_that_says_what_the_log_adds_up_to_passes(run: Run, ui: Path) -> None:
    result = run(ui, *KEYED, put(SUMMARY))
    assert result.exit_code == 0, result.output
    assert "summary file, by its content" in result.stdout.splitlines()[0]


def test_it_may_be_compressed_or_come_on_standard_input(run: Run, ui: Path) -> None:
    assert run(ui, *KEYED, put(SUMMARY, "telemetry.json.gz")).exit_code == 0
    assert run(ui, *KEYED, "-", input=json.dumps({"summary": SUMMARY})).exit_code == 0
    assert run(ui, *KEYED, "-", input=json.dumps({"summary": {**SUMMARY, "total_snapshots": 5}})).exit_code == 1
    assert run("-", *KEYED, "-", input="{}").exit_code == 2


def leaves(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, one in inner:
        yield (*path, name)
        yield from leaves(one, (*path, name))


LEAVES = list(leaves(SUMMARY))


@pytest.mark.parametrize("path", LEAVES, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("way", ["changed", "left out"])
def test_every_part_of_a_summary_is_compared(run: Run, ui: Path, path: tuple[Any, ...], way: str) -> None:
    claimed = copy.deepcopy(SUMMARY)
    inside = claimed
    for name in path[:-1]:
        inside = inside[name]
    if way == "left out":
        del inside[path[-1]]
    else:
        inside[path[-1]] = "2026-11-28T12:09:00+00:00" if path[-1] in ("first_timestamp", "last_timestamp") else 77
    result = run(ui, *KEYED, put(claimed))
    assert result.exit_code == 1 and "summary" in result.stdout


@pytest.mark.parametrize("extra", [{"dropped": 3}, {"severity_counts": {**SUMMARY["severity_counts"], "fatal": 0}}])
def test_what_a_summary_says_beyond_the_log_is_found(run: Run, ui: Path, extra: dict[str, Any]) -> None:
    assert run(ui, *KEYED, put({**SUMMARY, **extra})).exit_code == 1


def test_spelling_and_rounding_do_not_matter(run: Run, ui: Path) -> None:
    claimed = copy.deepcopy(SUMMARY)
    claimed["severity_counts"] = {level.upper(): number for level, number in SUMMARY["severity_counts"].items()}
    claimed["first_timestamp"] = "2026-11-28T13:00:00+01:00"
    claimed["events"]["jank"]["fps"]["avg"] += 1e-9
    claimed["events"]["jank"]["screens"].reverse()
    assert run(ui, *KEYED, put(claimed)).exit_code == 0


@settings(max_examples=80, deadline=None)
@given(
    some.lists(
        some.fixed_dictionaries(
            {
                "timestamp": some.integers(0, 59).map(lambda second: f"2026-11-28T12:00:{second:02}+00:00"),
                "event": some.sampled_from(["frame", "jank", "zażółć"]),
                "severity": some.sampled_from(["info", "critical"]),
                "fps": some.floats(0, 1000) | some.integers(0, 240),
                "screen": some.fixed_dictionaries({"index": some.integers(0, 3)}),
            }
        ),
        min_size=1,
    )
)
def test_adding_up_agrees_with_an_independent_count(entries: list[dict[str, Any]]) -> None:
    counted = Telemetry()
    for entry in entries:
        counted.add(entry)
    assert list(compare(independent.telemetry(entries), counted)) == []


def test_entries_that_say_nothing_are_counted_as_unknown() -> None:
    counted = Telemetry()
    odd = [{}, {"event": ""}, {"event": 3, "fps": True, "screen": {}, "severity": " ", "timestamp": "soon"}]
    for entry in [*odd, {"fps": 10**400}, {"fps": float("inf")}]:
        counted.add(entry)
    assert counted.as_json() == {"total_snapshots": 5, "events": {"unknown": {"count": 5}}}


def test_more_names_than_are_remembered_are_never_a_pass() -> None:
    counted = Telemetry()
    for number in range(MAX_NAMES + 1):
        counted.add({"event": f"event {number}"})
    assert len(counted.as_json()["events"]) == MAX_NAMES
    assert [finding.cause for finding in compare(counted.as_json(), counted)] == ["cannot be compared"]


# --- its signature ----------------------------------------------------------------------------------------------------


def test_a_signature_of_the_summary_is_checked(run: Run, ui: Path) -> None:
    page = signed({"summary": SUMMARY}, key_id="k1")
    Path("signed.json").write_text(json.dumps(page))
    assert run(ui, *KEYED, "signed.json").exit_code == 0
    Path("signed.json").write_text(json.dumps({**page, "note": "added"}))
    result = run(ui, *KEYED, "signed.json")
    assert result.exit_code == 1 and "summary.signature.value" in result.stdout
    Path("signed.json").write_text(json.dumps(signed({"summary": SUMMARY}, b"another key")))
    assert run(ui, *KEYED, "signed.json").exit_code == 1


@pytest.mark.parametrize(
    ("page", "ok"),
    [
        (signed({"summary": SUMMARY}, key_id="k1"), True),
        ({"summary": SUMMARY}, False),
        (signed({"summary": SUMMARY}, key_id="k2"), False),
        (signed({"summary": SUMMARY}), False),
        ({"summary": SUMMARY, "signature": None}, False),
    ],
)
def test_a_signature_that_the_metadata_line_declares_is_required(run: Run, page: dict[str, Any], ok: bool) -> None:
    metadata = {"mode": "jsonl", "summary_signature": {"algorithm": "HMAC-SHA256", "key_id": "k1"}}
    head = {"kind": "metadata", "timestamp": ENTRIES[0]["timestamp"], "metadata": metadata}
    write(Path("declared.log"), *(signed(entry) for entry in (head, *ENTRIES)))
    Path("page.json").write_text(json.dumps(page))
    assert run("declared.log", *KEYED, "page.json").exit_code == (0 if ok else 1)


# --- by digest --------------------------------------------------------------------------------------------------------


def test_summary_names_a_telemetry_summary_by_the_digest_of_its_content(run: Run) -> None:
    page = signed({"summary": SUMMARY, "metadata": {"run": 7}})
    line = "summary --append log.jsonl --stage s --status t --hmac-key-file key --summary-json"
    digest = "sha256:" + hashlib.sha256(canonical(page)).hexdigest()
    for name in ("page.json", "page.json.gz"):
        data = json.dumps(page, indent=4).encode()
        Path(name).write_bytes(gzip.compress(data) if name.endswith(".gz") else data)
        assert run(*line.split(), name).exit_code == 0
        entry = read(Path("log.jsonl"))[-1]
        assert entry["artefacts"] == {"summary_sha256": digest}
        expected = {"summary_path": name, "summary_signature": page["signature"], "summary_metadata": {"run": 7}}
        assert entry["metadata"] == expected
        assert run("log.jsonl", *KEYED, name).exit_code == 0
    assert run(*line.split(), "-", input=json.dumps(page)).exit_code == 0
    assert read(Path("log.jsonl"))[-1]["artefacts"] == {"summary_sha256": digest}


def test_a_typed_name_goes_before_what_the_summary_file_says(run: Run) -> None:
    put(SUMMARY)
    line = "summary --append log.jsonl --stage s --status t --hmac-key-file key --summary-json telemetry.json"
    run(*line.split(), "--metadata", "summary_path=mine", "--artefact", "summary_sha256=none")
    [entry] = read(Path("log.jsonl"))
    assert entry["metadata"] == {"summary_path": "mine"} and entry["artefacts"] == {"summary_sha256": "none"}


def test_a_digest_in_the_log_decides_about_any_file(run: Run, ui: Path) -> None:
    digest = "sha256:" + hashlib.sha256(Path("summary.json").read_bytes()).hexdigest()
    write(Path("log.jsonl"), signed(valid(artefacts={"summary_sha256": digest})))
    assert run("log.jsonl", *KEYED, "summary.json").exit_code == 0
    assert run("log.jsonl", *KEYED, put(SUMMARY)).exit_code == 1
    assert run(ui, *KEYED, "summary.json").exit_code == 1
    assert run(ui, *KEYED, put(SUMMARY), "--summary-hash-key", "mine").exit_code == 1


@pytest.mark.parametrize("data", [b"\x1f\x8b broken", b"", b"[]", b'{"summary": 7}', b"\xff"])
def test_a_file_that_is_no_telemetry_summary_needs_its_digest_in_the_log(run: Run, ui: Path, data: bytes) -> None:
    Path("odd.json.gz").write_bytes(data)
    result = run(ui, *KEYED, "odd.json.gz")
    assert result.exit_code == 1 and "no entry carries a summary's digest" in result.stdout
