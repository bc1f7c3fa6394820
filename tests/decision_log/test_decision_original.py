"""Beside the user's first script: each option it has, and each row of the table of differences."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as some

from ledger.cli.decision_log import build_command
from ledger.cli.scripts import smoke, watch

from . import independent
from .conftest import CHECK, SECRET, Run, canonical, mac_of, read, signed, valid, without_own_log, words, write

PREFIX = "BOT_CORE_VERIFY_DECISION_LOG_"
FLAG = {"verify_decision_log.summary": True}
SHORT = words("summary --append log.jsonl --stage s --status t --hmac-key-file key --artefact a=b")
KNOWN = words(
    "expected-key-id list-schema-aliases describe-schema-alias min-event-count max-event-count report-output "
    "expect-mode expect-filter expect-summary-enabled expect-input-file expect-endpoint expect-server-sha256 "
    "expect-server-sha256-source require-auth-token require-auth-scope require-tls require-tls-material "
    "require-screen-info hmac-key hmac-key-file hmac-key-id allow-unsigned schema summary-json exit-like-original"
)
SERVICE = words(
    "core-config= risk-profile= risk-profiles-file= print-risk-profiles risk-profile-env-snippet= "
    "risk-profile-yaml-snippet= expect-risk-service-server-sha256= require-risk-service-tls "
    "require-risk-service-tls-material= require-risk-service-scope= require-risk-service-token-id= "
    "require-risk-service-auth-token"
)
SMOKE = words("config= manifest= environment= scheduler=")
WATCH = words(
    "host= port= timeout= limit= event= severity= severity-min= since= until= screen-index= screen-name= format= "
    "summary summary-output= from-jsonl= decision-log= decision-log-hmac-key= decision-log-hmac-key-file= "
    "decision-log-key-id= header= headers-file= headers-dir= auth-token= auth-token-file= use-tls root-cert= "
    "client-cert= client-key= server-name= server-sha256= risk-profile= risk-profiles-file= print-risk-profiles "
    "core-config="
)


def test_every_option_of_the_first_script_is_known() -> None:
    ours = {option for one in build_command(without_own_log).params for option in one.opts}
    asked = {"--" + name.rstrip("=") for name in (*KNOWN, *SERVICE)}
    assert asked <= ours
    assert {"--" + name.rstrip("=") for name in SMOKE} <= {option for one in smoke.params for option in one.opts}
    options = {option for one in watch.params for option in one.opts}
    assert {"--" + name.rstrip("=") for name in (*WATCH, "headers-report-only")} <= options


@pytest.mark.parametrize("option", SERVICE)
def test_an_option_about_another_service_is_refused_in_one_sentence(run: Run, log: Path, option: str) -> None:
    name = "--" + option.rstrip("=")
    result = run(log, *CHECK, name, *(["s3cret"] if option.endswith("=") else []))
    assert result.exit_code == 2
    said = result.stderr.strip().splitlines()[-1]
    assert said.startswith(f"Error: {name} is about the risk ") and "; " in said and "s3cret" not in result.output


def test_such_an_option_in_the_environment_is_not_passed_over(run: Run, log: Path) -> None:
    for variable in ("RISK_PROFILE", "REQUIRE_RISK_SERVICE_TLS_MATERIALS", "REQUIRE_RISK_SERVICE_TLS"):
        result = run(log, *CHECK, env={PREFIX + variable: "1"})
        assert result.exit_code == 2 and f"(from the environment, {PREFIX}" in result.stderr
    assert run(log, *CHECK, env={PREFIX + "PRINT_RISK_PROFILES": "0"}).exit_code == 0


@pytest.mark.parametrize(
    ("command", "option"), [*((smoke, one) for one in SMOKE), *((watch, one) for one in WATCH)], ids=str
)
def test_the_other_scripts_refuse_theirs_before_anything_is_opened(command: Any, option: str) -> None:
    name = "--" + option.rstrip("=")
    result = CliRunner().invoke(command, [name, *(["s3cret"] if option.endswith("=") else []), "--home", "nowhere"])
    assert result.exit_code == 2
    assert f"Error: {name} is about " in result.stderr and ", so it is refused; " in result.stderr
    assert "s3cret" not in result.output


def test_the_key_that_is_expected(run: Run) -> None:
    write(Path("named.log"), signed(valid(), key_id="ops"))
    write(Path("unnamed.log"), signed(valid()))
    assert run("named.log", *CHECK, "--expected-key-id", "ops").exit_code == 0
    assert run("named.log", *CHECK, "--expected-key-id", "dev").exit_code == 1
    assert run("named.log", *CHECK, "--expected-key-id", "ops", "--hmac-key-id", "ops").exit_code == 0
    assert run("named.log", *CHECK, "--expected-key-id", "ops", "--hmac-key-id", "dev").exit_code == 2
    assert run("named.log", "--allow-unsigned", "--expected-key-id", "ops").exit_code == 2
    result = run("unnamed.log", *CHECK, "--expected-key-id", "ops")
    assert result.exit_code == 0 and "not checked: key ids: 1 signatures name none" in result.stdout


def test_the_names_of_the_schema_are_listed_and_described(run: Run) -> None:
    listed = json.loads(run("--list-schema-aliases").stdout)
    [one] = listed["schemas"]
    assert one["canonical"] == "builtin:decision_log_v2" and "decision_log_v2" in one["aliases"]
    for name in (one["canonical"], *one["aliases"]):
        described = json.loads(run("--describe-schema-alias", name).stdout)
        assert described["canonical"] == one["canonical"]
        assert described["requirements"]["required_fields"] == sorted(independent.REQUIRED)
    assert run("--describe-schema-alias", "v9").exit_code == 2
    assert run("--list-schema-aliases", "--describe-schema-alias", "decision_log_v2").exit_code == 2


def test_each_name_of_the_schema_is_the_schema(run: Run, log: Path) -> None:
    names = json.loads(run("--list-schema-aliases").stdout)["schemas"][0]["aliases"]
    write(Path("bad.log"), signed({"a": 1}))
    for name in names:
        assert run(log, *CHECK, "--schema", name).exit_code == 0
        assert run("bad.log", *CHECK, "--schema", name).exit_code == 1


def test_a_file_goes_before_an_alias(run: Run, log: Path) -> None:
    Path("decision_log_v2").write_text('{"required": ["other"]}')
    assert run(log, *CHECK, "--schema", "decision_log_v2").exit_code == 1
    assert run(log, *CHECK, "--schema", "builtin:decision_log_v2").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "ours", "first"),
    [
        ("foreign.jsonl --hmac-key-file key", 0, 0),
        ("foreign.jsonl --hmac-key wrong", 1, 2),
        ("foreign.jsonl", 1, 2),
        ("missing.jsonl --hmac-key-file key", 3, 2),
        ("foreign.jsonl --hmac-key-file missing", 3, 2),
        ("foreign.jsonl --hmac-key-file key --schema missing", 3, 2),
        ("foreign.jsonl --hmac-key-file key --expect-mode http", 2, 2),
        ("summary --stage s --status t --artefact a=b", 1, 2),
        ("summary --stage s --status t --artefact-from-file a=missing --hmac-key-file key", 3, 2),
        ("summary --stage s --status t --artefact a=b --hmac-key-file key", 0, 0),
    ],
)
def test_the_exit_status_can_be_the_first_scripts(run: Run, log: Path, arguments: str, ours: int, first: int) -> None:
    assert run(*arguments.split()).exit_code == ours
    assert run(*arguments.split(), "--exit-like-original").exit_code == first
    assert run(*arguments.split(), env={PREFIX + "EXIT_LIKE_ORIGINAL": "1"}).exit_code == first


# --- the table: what summary writes -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "place", "expected"),
    [
        ("--artefact n=5", "artefacts", {"a": "b", "n": 5}),
        ("--artefact n=true --artefact m=false", "artefacts", {"a": "b", "n": True, "m": False}),
        ("--artefact n=null", "artefacts", {"a": "b", "n": None}),
        ("--artefact n=1.5", "artefacts", {"a": "b", "n": 1.5}),
        ('--artefact n="5"', "artefacts", {"a": "b", "n": "5"}),
        ("--artefact n=007 --artefact m=NaN", "artefacts", {"a": "b", "n": "007", "m": "NaN"}),
        ('--artefact n=[1] --artefact m={"a":1}', "artefacts", {"a": "b", "n": "[1]", "m": '{"a":1}'}),
        ("--artefact a=c --artefact a=d", "artefacts", {"a": "d"}),
        ("--metadata n=1 --metadata n=2", "metadata", {"n": 2}),
        ("--runtime-flag x=1 --runtime-flag y=yes", "runtime_flags", {**FLAG, "x": True, "y": True}),
        ("--runtime-flag x=on --runtime-flag y=OFF", "runtime_flags", {**FLAG, "x": True, "y": False}),
        ("--runtime-flag x=0 --runtime-flag y=no", "runtime_flags", {**FLAG, "x": False, "y": False}),
        ("--runtime-flag x --runtime-flag x=false", "runtime_flags", {**FLAG, "x": False}),
        ("--runtime-flag verify_decision_log.summary=no", "runtime_flags", {"verify_decision_log.summary": False}),
        ("", "runtime_flags", FLAG),
        ("", "signatures", {"decision_log.entry": "hmac:" + mac_of({"a": "b"})}),
        ("--signature-entry x=hmac:a --signature-entry x=hmac:b", "signatures", {"x": "hmac:b"}),
        ("--tag one --tag one --tag= --tag two", "tags", ["one", "two"]),
    ],
)
def test_a_row_of_the_table_is_written_as_the_first_script_writes_it(
    run: Run, typed: str, place: str, expected: object
) -> None:
    result = run(*SHORT, *typed.split())
    assert result.exit_code == 0, result.output
    [entry] = read(Path("log.jsonl"))
    assert entry[place] == expected and canonical(entry[place]) == canonical(expected)
    assert independent.accepts(Path("log.jsonl"), SECRET)
    assert run("log.jsonl", *CHECK, "--schema", "decision_log_v2").exit_code == 0


def test_an_empty_artefact_is_written_and_said_to_be_outside_the_schema(run: Run) -> None:
    result = run(*SHORT, "--artefact", "empty=")
    assert result.exit_code == 0
    assert result.stderr == "the artefact empty is empty: it is written, and --schema does not allow it\n"
    assert read(Path("log.jsonl"))[0]["artefacts"] == {"a": "b", "empty": ""}
    assert run("log.jsonl", *CHECK).exit_code == 0
    assert run("log.jsonl", *CHECK, "--schema", "decision_log_v2").exit_code == 1


def test_a_file_comes_after_a_value_of_the_same_name(run: Run) -> None:
    run(*SHORT, "--artefact-from-file", "a=summary.json", "--artefact", "a=last")
    digest = hashlib.sha256(Path("summary.json").read_bytes()).hexdigest()
    assert read(Path("log.jsonl"))[0]["artefacts"] == {"a": f"sha256:{digest}"}


def test_without_append_the_line_is_printed_and_that_is_said(run: Run) -> None:
    result = run("summary", *SHORT[3:])
    assert result.exit_code == 0
    assert json.loads(result.stdout)["artefacts"] == {"a": "b"}
    assert result.stderr == "printed, and appended to no log: name one with --append PATH\n"


@pytest.mark.parametrize(
    "typed", ["--signature-entry x=plain", "--timestamp 2026-11-28T12:00:00", "--runtime-flag x=maybe"]
)
def test_where_the_schema_is_right_ours_stays_strict(run: Run, typed: str) -> None:
    assert run(*SHORT, *typed.split()).exit_code in (1, 2)
    assert not Path("log.jsonl").exists()


def test_a_tilde_stands_for_the_home_folder_in_every_path(
    run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.setenv("HOME", str(folder))
    monkeypatch.chdir(elsewhere)
    line = "summary --append ~/home.log --stage s --status t --artefact-from-file x=~/summary.json"
    assert run(*line.split(), "--summary-json", "~/summary.json", "--hmac-key-file=~/key").exit_code == 0
    (folder / "schema.json").write_text("{}")
    line = "~/home.log --hmac-key-file ~/key --schema ~/schema.json --summary-json ~/summary.json"
    result = run(*line.split(), "--report-output", "~/reports/one.json")
    assert result.exit_code == 0, result.output
    assert (folder / "reports" / "one.json").exists() and list(elsewhere.iterdir()) == []
    assert run("~nobody-of-that-name/x", *CHECK[:1], "~/key").exit_code == 3


def test_hmac_sha384_is_still_accepted(run: Run) -> None:
    entry = valid()
    value = mac_of(entry, algorithm="sha384")
    write(Path("sha384.log"), {**entry, "signature": {"algorithm": "HMAC-SHA384", "value": value}})
    assert run("sha384.log", *CHECK).exit_code == 0


@pytest.mark.parametrize(
    "bytes_", [b'{"a":1,"a":1}\n', b'{"a":NaN}\n', b"{}\r\n", b"{}", b'{"a": 1 }\n', b"x" * 1_048_577 + b"\n"]
)
def test_a_stricter_reading_stays(run: Run, bytes_: bytes) -> None:
    Path("odd.log").write_bytes(bytes_)
    assert run("odd.log", "--allow-unsigned").exit_code == 1


# --- both ways, with a verifier of its own ----------------------------------------------------------------------------

NAMES = some.text(
    some.characters(codec="utf-8", exclude_characters="=\x00", exclude_categories=["Cs", "Cc", "Z"]), min_size=1
)
VALUES = some.one_of(
    some.none(),
    some.booleans(),
    some.integers(-(2**60), 2**60),
    some.floats(allow_nan=False, allow_infinity=False),
    some.text(some.characters(codec="utf-8", exclude_characters="\x00"), min_size=1).map(lambda text: f"_{text}"),
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(artefacts=some.dictionaries(NAMES, VALUES, min_size=1), flags=some.dictionaries(NAMES, some.booleans()))
def test_what_summary_writes_an_independent_verifier_accepts(
    run: Run, artefacts: dict[str, Any], flags: dict[str, bool]
) -> None:
    Path("log.jsonl").unlink(missing_ok=True)
    typed = [word for name, value in artefacts.items() for word in ("--artefact", f"{name}={_spelled(value)}")]
    typed += [word for name, flag in flags.items() for word in ("--runtime-flag", f"{name}={str(flag).lower()}")]
    assert run(*SHORT[:-2], *typed, "--hmac-key-id", "ops").exit_code == 0
    [entry] = read(Path("log.jsonl"))
    assert canonical(entry["artefacts"]) == canonical(artefacts)
    assert entry["runtime_flags"] == {**FLAG, **flags}
    assert independent.accepts(Path("log.jsonl"), SECRET, "ops")
    assert not independent.accepts(Path("log.jsonl"), b"another", "ops")
    assert run("log.jsonl", *CHECK, "--schema", "decision_log_v2").exit_code == 0


def _spelled(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(artefacts=some.dictionaries(NAMES, VALUES, min_size=1), at=some.datetimes(timezones=some.just(UTC)))
def test_what_an_independent_writer_signs_is_accepted_until_a_word_of_it_changes(
    run: Run, artefacts: dict[str, Any], at: datetime
) -> None:
    entry = {**valid(), "artefacts": artefacts, "timestamp": at.isoformat(), "note": "zażółć"}
    lines = [independent.sign(one, SECRET, "ops") for one in (independent.METADATA_LINE, entry)]
    independent.write(Path("theirs.log"), *lines)
    check = ("theirs.log", *CHECK, "--hmac-key-id", "ops", "--schema", "decision_log_v2", "--expect-mode", "grpc")
    assert run(*check).exit_code == 0
    independent.write(Path("theirs.log"), lines[0], {**lines[1], "note": "zażółc"})
    assert run(*check).exit_code == 1
    independent.write(Path("theirs.log"), {**lines[0], "timestamp": "2026-01-01T00:00:00+00:00"}, lines[1])
    assert run(*check).exit_code == 1


def test_the_page_about_differences_names_every_option_and_variable() -> None:
    page = (Path(__file__).parents[2] / "docs" / "verify_decision_log.md").read_text("utf-8")
    for name in (*SERVICE, *SMOKE, *(one for one in KNOWN if one.startswith(("expect-", "require-", "min-", "max-")))):
        assert f"--{name.rstrip('=')}" in page, name
    variables = {variable for one in build_command(without_own_log).params for variable in _variables(one)}
    for variable in variables:
        assert f"`{variable.removeprefix(PREFIX)}`" in page, variable


def _variables(parameter: Any) -> list[str]:
    if getattr(parameter, "hidden", False) or parameter.envvar is None:
        return []
    return [parameter.envvar]
