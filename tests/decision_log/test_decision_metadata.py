"""A log that begins with a metadata line: exempt from the schema, and held against what is expected of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from . import independent
from .conftest import CHECK, SECRET, Run, canonical, signed, valid, verify_bytes, write

V2 = ("--schema", "builtin:decision_log_v2")
PREFIX = "BOT_CORE_VERIFY_DECISION_LOG_"
JSONL = {"mode": "jsonl", "input_file": "ui.jsonl", "summary_enabled": False}


def line(**metadata: Any) -> dict[str, Any]:
    return signed({"kind": "metadata", "timestamp": "2026-11-28T12:17:17+00:00", "metadata": metadata})


@pytest.fixture
def recorded(folder: Path) -> Path:
    """A log as the user's own tool begins one, over gRPC, with an entry of v2 after it."""
    path = folder / "ui.log"
    entry = {**valid(), "event": "reduce_motion", "screen": {"index": 0}}
    independent.write(
        path, independent.sign(independent.METADATA_LINE, SECRET, "k1"), independent.sign(entry, SECRET, "k1")
    )
    return path


@pytest.fixture
def offline(folder: Path) -> Path:
    path = folder / "offline.log"
    write(path, line(**JSONL), signed(valid()))
    return path


def test_a_metadata_line_is_exempt_from_the_schema_and_that_is_said(run: Run, recorded: Path) -> None:
    result = run(recorded, *CHECK, *V2)
    assert result.exit_code == 0, result.output
    assert "not checked: schema: metadata lines are exempt from it, there are 1" in result.stdout
    assert independent.accepts(recorded, SECRET, "k1")


@pytest.mark.parametrize(
    "entry",
    [
        {"kind": "metadata", "timestamp": "2026-11-28T12:17:17+00:00"},
        {"kind": "metadata", "metadata": []},
        {"kind": "Metadata", "metadata": {}},
        {"kind": "snapshot", "metadata": {"mode": "jsonl"}},
    ],
)
def test_what_only_looks_like_a_metadata_line_is_held_against_the_schema(run: Run, entry: dict[str, Any]) -> None:
    write(Path("m.log"), signed(entry), signed(valid()))
    assert run("m.log", *CHECK).exit_code == 0
    assert run("m.log", *CHECK, *V2).exit_code == 1
    assert run("m.log", *CHECK, "--expect-mode", "jsonl").exit_code == 1


def test_a_metadata_line_is_signed_like_any_other() -> None:
    entry = line(**JSONL)
    entry["metadata"]["mode"] = "grpc"
    assert [finding.place for finding in verify_bytes(canonical(entry) + b"\n").findings] == ["signature.value"]


GRPC = [
    ("--expect-mode grpc", "--expect-mode jsonl"),
    ("--expect-mode GRPC", None),
    ("--expect-summary-enabled", None),
    ("--expect-filter event=reduce_motion", "--expect-filter event=frame"),
    ("--expect-filter limit=1", "--expect-filter limit=2"),
    ("--expect-filter screen_index=0", "--expect-filter screen_index=false"),
    ('--expect-filter severity=["warning","critical"]', '--expect-filter severity=["warning"]'),
    ("--expect-filter event=x --expect-filter event=reduce_motion", "--expect-filter since=2026-01-01T00:00:00Z"),
    ("--expect-endpoint 127.0.0.1:50051", "--expect-endpoint 127.0.0.1:1"),
    ("--require-auth-token", "--expect-input-file ui.jsonl"),
    ("--require-auth-scope metrics.read", "--require-auth-scope metrics.write"),
    ("--require-auth-scope RISK.READ --require-auth-scope metrics.read", "--require-auth-scope metrics"),
    ("--require-tls", None),
    ("--require-tls-material root_cert", "--require-tls-material client_cert"),
    ("--require-tls-material server_sha256", "--require-tls-material server_name"),
    (f"--expect-server-sha256 {'ab' * 32}", f"--expect-server-sha256 {'cd' * 32}"),
    (f"--expect-server-sha256 {'cd' * 32} --expect-server-sha256 {':'.join(['AB'] * 32)}", None),
    ("--expect-server-sha256-source PINNED_fingerprint", "--expect-server-sha256-source cli"),
    ("--require-screen-info", None),
    ("--expected-key-id k1", "--expected-key-id k2"),
    ("--min-event-count reduce_motion=1", "--min-event-count reduce_motion=2"),
    ("--max-event-count reduce_motion=1", "--max-event-count reduce_motion=0"),
    ("--max-event-count reduce_motion=0 --max-event-count reduce_motion=1", "--min-event-count ready=1"),
]


@pytest.mark.parametrize(("right", "wrong"), GRPC)
def test_each_expectation_is_answered_from_the_log(run: Run, recorded: Path, right: str, wrong: str | None) -> None:
    result = run(recorded, *CHECK, *right.split())
    assert result.exit_code == 0, result.output
    if wrong is not None:
        result = run(recorded, *CHECK, *wrong.split())
        assert result.exit_code == 1 and "NOT VERIFIED, findings: " in result.stdout, result.output


@pytest.mark.parametrize(
    "words",
    [
        "--expect-mode grpc",
        "--expect-summary-enabled",
        "--expect-filter a=b",
        "--expect-endpoint 127.0.0.1:50051",
        "--require-auth-token",
        "--require-auth-scope metrics.read",
        "--require-tls",
        "--require-tls-material root_cert",
        f"--expect-server-sha256 {'ab' * 32}",
        "--expect-server-sha256-source cli",
        "--require-screen-info",
    ],
)
def test_what_a_log_does_not_say_is_never_taken_as_said(run: Run, offline: Path, log: Path, words: str) -> None:
    assert run(offline, *CHECK, *words.split()).exit_code == 1
    assert run(log, *CHECK, *words.split()).exit_code == 1


def test_a_recorded_file_is_named_word_for_word(run: Run, offline: Path) -> None:
    assert run(offline, *CHECK, "--expect-input-file", "ui.jsonl", "--expect-mode", "jsonl").exit_code == 0
    assert run(offline, *CHECK, "--expect-input-file", "other.jsonl").exit_code == 1


def test_without_a_metadata_line_that_is_the_finding(run: Run, log: Path) -> None:
    result = run(log, *CHECK, "--expect-mode", "jsonl")
    assert result.exit_code == 1 and "the log: metadata: no line carries any" in result.stdout


def test_every_metadata_line_must_be_as_expected_not_only_the_last(run: Run) -> None:
    write(Path("two.log"), line(mode="grpc"), signed(valid()), line(mode="jsonl"), signed(valid()))
    result = run("two.log", *CHECK, "--expect-mode", "jsonl", "--json")
    assert [finding["line"] for finding in json.loads(result.stdout)["findings"]] == [1]


@pytest.mark.parametrize(
    ("variable", "right", "wrong"),
    [
        ("EXPECT_MODE", "grpc", "jsonl"),
        ("EXPECT_SUMMARY_ENABLED", "1", None),
        ("EXPECT_FILTERS_JSON", '{"event":"reduce_motion","severity":["warning","critical"]}', '{"event":"x"}'),
        ("EXPECT_ENDPOINT", "127.0.0.1:50051", "x"),
        ("REQUIRE_AUTH_TOKEN", "yes", None),
        ("REQUIRE_AUTH_SCOPE", "metrics.read, risk.read", "metrics.read;metrics.write"),
        ("REQUIRE_AUTH_SCOPE", '["metrics.read"]', '["metrics.write"]'),
        ("REQUIRE_TLS", "on", None),
        ("REQUIRE_TLS_MATERIALS", "root_cert", "root_cert,client_key"),
        ("EXPECT_SERVER_SHA256", "ab" * 32, "cd" * 32),
        ("EXPECT_SERVER_SHA256_SOURCE", "cli,pinned_fingerprint", "cli"),
        ("REQUIRE_SCREEN_INFO", "true", None),
        ("MIN_EVENT_COUNTS_JSON", '{"reduce_motion":1}', '{"reduce_motion":2}'),
        ("MAX_EVENT_COUNTS_JSON", '{"reduce_motion":1}', '{"reduce_motion":0}'),
        ("SCHEMA", "decision_log_v2", "no-such-schema"),
    ],
)
def test_a_requirement_in_the_environment_is_not_passed_over(
    run: Run, recorded: Path, variable: str, right: str, wrong: str | None
) -> None:
    assert run(recorded, *CHECK, env={PREFIX + variable: right}).exit_code == 0
    if wrong is not None:
        assert run(recorded, *CHECK, env={PREFIX + variable: wrong}).exit_code in (1, 3)


@pytest.mark.parametrize(
    ("variable", "text"),
    [
        ("EXPECT_MODE", "http"),
        ("EXPECT_FILTERS_JSON", "event=x"),
        ("EXPECT_FILTERS_JSON", "[]"),
        ("REQUIRE_AUTH_SCOPE", "[1]"),
        ("REQUIRE_TLS_MATERIALS", "passport"),
        ("EXPECT_SERVER_SHA256", "abc"),
        ("MIN_EVENT_COUNTS_JSON", '{"a":"1"}'),
        ("MAX_EVENT_COUNTS_JSON", '{"a":-1}'),
        ("MAX_EVENT_COUNTS_JSON", '{"a":true}'),
        ("REQUIRE_TLS", "maybe"),
    ],
)
def test_a_variable_that_cannot_be_read_is_a_usage_error(run: Run, recorded: Path, variable: str, text: str) -> None:
    assert run(recorded, *CHECK, env={PREFIX + variable: text}).exit_code == 2


def test_what_is_typed_goes_before_the_environment(run: Run, recorded: Path) -> None:
    environment = {
        PREFIX + "EXPECT_MODE": "jsonl",
        PREFIX + "EXPECT_FILTERS_JSON": '{"event":"x"}',
        PREFIX + "MAX_EVENT_COUNTS_JSON": '{"reduce_motion":0}',
    }
    words = "--expect-mode grpc --expect-filter event=reduce_motion --max-event-count reduce_motion=1"
    assert run(recorded, *CHECK, env=environment).exit_code == 1
    assert run(recorded, *CHECK, *words.split(), env=environment).exit_code == 0


def test_the_log_itself_may_stand_in_the_environment(run: Run, recorded: Path) -> None:
    assert run(*CHECK, env={PREFIX + "PATH": str(recorded)}).exit_code == 0
    assert "name the log" in run(*CHECK).stderr


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ("--expect-mode http", "'grpc', 'jsonl'"),
        ("--expect-filter nothing", "expected KEY=VALUE"),
        ("--require-tls-material passport", "'root_cert'"),
        ("--expect-server-sha256 abc", "64 hex digits"),
        ("--min-event-count 3", "expected NAME=N"),
        ("--max-event-count a=-1", "NAME=N"),
    ],
)
def test_an_expectation_that_is_none_is_a_usage_error(run: Run, recorded: Path, words: str, sentence: str) -> None:
    result = run(recorded, *CHECK, *words.split())
    assert result.exit_code == 2 and sentence in result.stderr, result.output


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"auth_token_scope_match": False}, "--require-auth-scope metrics.read"),
        ({"auth_token_scope_checked": False}, "--require-auth-scope metrics.read"),
        ({"auth_token_scopes": None}, "--require-auth-scope metrics.read"),
        ({"auth_token_scopes": "metrics.read"}, "--require-auth-scope metrics.read"),
        ({"auth_token_provided": 1}, "--require-auth-token"),
        ({"use_tls": "yes"}, "--require-tls"),
        ({"summary_enabled": 1}, "--expect-summary-enabled"),
        ({"tls_materials": ["root_cert"]}, "--require-tls-material root_cert"),
        ({"server_sha256": None}, "--require-tls-material server_sha256"),
        ({"server_sha256": "ab"}, f"--expect-server-sha256 {'ab' * 32}"),
        ({"filters": []}, "--expect-filter event=reduce_motion"),
        ({"server_sha256_source": ["cli"]}, "--expect-server-sha256-source cli"),
    ],
)
def test_metadata_of_another_form_is_never_a_pass(run: Run, change: dict[str, Any], words: str) -> None:
    write(Path("odd.log"), line(**{**independent.METADATA_LINE["metadata"], **change}))
    assert run("odd.log", *CHECK, *words.split()).exit_code == 1


@pytest.mark.parametrize("screen", [None, {}, [], "left", {"colour": "red"}])
def test_a_screen_that_says_nothing_is_found_on_its_line(run: Run, screen: Any) -> None:
    good = signed({**valid(), "screen": {"name": "left"}})
    write(Path("screens.log"), line(mode="jsonl"), good, signed({**valid(), "screen": screen}))
    result = run("screens.log", *CHECK, "--require-screen-info", "--json")
    assert [(one["line"], one["place"]) for one in json.loads(result.stdout)["findings"]] == [(3, "screen")]


def test_metadata_lines_are_no_events(run: Run) -> None:
    write(Path("m.log"), line(mode="jsonl"), signed(valid()))
    assert run("m.log", *CHECK, "--require-event-count", "2").exit_code == 1
    assert run("m.log", *CHECK, "--max-event-count", "unknown=1").exit_code == 0


def test_an_entry_without_event_counts_under_its_status_and_as_unknown(run: Run, log: Path) -> None:
    assert run(log, *CHECK, "--min-event-count", "ready_1=1", "--max-event-count", "unknown=3").exit_code == 0
    assert run(log, *CHECK, "--max-event-count", "ready_1=0").exit_code == 1
    assert run(log, *CHECK, "--max-event-count", "unknown=2").exit_code == 1
