"""``verify_decision_log.py summary`` on any log that is not the stage's own."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from ledger.decision_log.signature import SharedKey
from ledger.decision_log.write import Summary, append, build_entry, digest_artefact
from ledger.errors import Refused

from .conftest import SECRET, Run, canonical, mac_of, read, sha384, signed, valid, words

NOW = datetime(2026, 11, 23, 5, 27, 1, 123456, tzinfo=UTC)
LINE = words(
    "summary --append log.jsonl --stage stage4 --status rollback_completed --hash-algorithm sha384 "
    "--artefact incident_id=INC-2042 --artefact-from-file summary_sha384=summary.json --metadata duration_min=42 "
    "--tag rollback"
)
FLAG = {"verify_decision_log.summary": True}
SHORT = words("summary --append log.jsonl --stage s --status t --artefact a=b --hmac-key-file key")


def test_the_runbooks_line_makes_a_signed_entry_that_verifies(run: Run) -> None:
    result = run(*LINE, "--hmac-key-file", "key")
    assert result.exit_code == 0, result.output
    assert str(Path("log.jsonl").absolute()) in result.stdout
    [entry] = read(Path("log.jsonl"))
    assert entry["artefacts"] == {"incident_id": "INC-2042", "summary_sha384": sha384(Path("summary.json"))}
    assert entry["metadata"] == {"duration_min": 42}
    assert (entry["stage"], entry["status"], entry["tags"]) == ("stage4", "rollback_completed", ["rollback"])
    check = words("log.jsonl --hmac-key-file key --schema builtin:decision_log_v2 --summary-json summary.json")
    assert run(*check).exit_code == 0


def test_the_signature_can_be_computed_with_the_standard_library_alone(run: Run) -> None:
    run(*LINE, "--hmac-key-file", "key", "--hmac-key-id", "ops-1")
    line = Path("log.jsonl").read_bytes()
    entry = json.loads(line)
    signature = entry.pop("signature")
    assert signature == {"algorithm": "HMAC-SHA256", "key_id": "ops-1", "value": mac_of(entry)}
    assert line == canonical({**entry, "signature": signature}) + b"\n"


def test_without_a_signature_entry_the_key_signs_the_artefacts(run: Run) -> None:
    run(*LINE, "--hmac-key-file", "key")
    [entry] = read(Path("log.jsonl"))
    assert entry["signatures"] == {"decision_log.entry": "hmac:" + mac_of(entry["artefacts"])}
    assert entry["runtime_flags"] == {"verify_decision_log.summary": True}


def test_without_a_timestamp_the_time_is_now_in_utc(run: Run) -> None:
    before = datetime.now(UTC)
    run(*SHORT)
    assert before <= datetime.fromisoformat(read(Path("log.jsonl"))[0]["timestamp"]) <= datetime.now(UTC)


@pytest.mark.parametrize(
    ("typed", "place", "expected"),
    [
        ("--kind audit", "kind", "audit"),
        ("", "kind", "snapshot"),
        ("--timestamp 2026-01-02T03:04:05+01:00", "timestamp", "2026-01-02T03:04:05+01:00"),
        ("--runtime-flag a --runtime-flag b=false", "runtime_flags", {**FLAG, "a": True, "b": False}),
        ("--runtime-flag c=True", "runtime_flags", {**FLAG, "c": True}),
        ("--signature-entry x=hmac:a= --signature-entry y=hmac:b_-", "signatures", {"x": "hmac:a=", "y": "hmac:b_-"}),
        ("--tag one --tag two", "tags", ["one", "two"]),
        ("--artefact c=d=e", "artefacts", {"a": "b", "c": "d=e"}),
        ("--artefact n=17", "artefacts", {"a": "b", "n": 17}),
        ("--metadata n=12.5 --metadata t=true", "metadata", {"n": 12.5, "t": True}),
        ('--metadata o={"a":[1,null]} --metadata e=', "metadata", {"o": {"a": [1, None]}, "e": ""}),
        ("--metadata n=NaN --metadata i=1e999", "metadata", {"n": "NaN", "i": "1e999"}),
        ('--metadata d={"a":1,"a":2} --metadata w=zażółć', "metadata", {"d": '{"a":1,"a":2}', "w": "zażółć"}),
        (r'--metadata s="\ud800"', "metadata", {"s": r'"\ud800"'}),
    ],
)  # fmt: skip
def test_every_option_has_its_place(run: Run, typed: str, place: str, expected: object) -> None:
    result = run(*SHORT, *typed.split())
    assert result.exit_code == 0, result.output
    assert read(Path("log.jsonl"))[0][place] == expected
    assert run("log.jsonl", "--hmac-key-file", "key", "--schema", "builtin:decision_log_v2").exit_code == 0


@pytest.mark.parametrize("algorithm", ["md5", "sha1", "SHA256", "sha3_512", "blake2b", "blake2s"])
def test_any_algorithm_of_fixed_length_digests_a_file(algorithm: str) -> None:
    expected = hashlib.new(algorithm.lower(), Path("summary.json").read_bytes()).hexdigest()
    assert digest_artefact(Path("summary.json"), algorithm) == f"{algorithm.lower()}:{expected}"


def test_a_large_file_is_digested(run: Run) -> None:
    with Path("big").open("wb") as stream:
        stream.truncate(64 << 20)
    assert run(*SHORT, "--artefact-from-file", "big=big").exit_code == 0
    expected = hashlib.sha256(bytes(64 << 20)).hexdigest()
    assert read(Path("log.jsonl"))[0]["artefacts"]["big"] == f"sha256:{expected}"


def test_a_summary_file_is_an_artefact_named_after_the_algorithm(run: Run) -> None:
    run(*SHORT, "--summary-json", "summary.json")
    run(*SHORT, "--summary-json", "summary.json", "--hash-algorithm", "sha384", "--summary-hash-key", "mine")
    first, second = read(Path("log.jsonl"))
    assert first["artefacts"]["summary_sha256"].startswith("sha256:")
    assert second["artefacts"]["mine"] == sha384(Path("summary.json"))


def test_a_dash_writes_the_line_to_standard_output_alone(run: Run) -> None:
    result = run("summary", "--append", "-", *SHORT[3:])
    assert result.exit_code == 0
    assert result.stdout.count("\n") == 1
    assert run("-", "--hmac-key-file", "key", input=result.stdout_bytes).exit_code == 0


def test_json_shows_the_entry_that_was_written(run: Run) -> None:
    shown = json.loads(run(*SHORT, "--json").stdout)
    assert shown == {"ok": True, "log": str(Path("log.jsonl").absolute()), "entry": read(Path("log.jsonl"))[0]}


def test_the_log_is_created_readable_whatever_the_umask(run: Run) -> None:
    before = os.umask(0o077)
    try:
        run(*SHORT)
    finally:
        os.umask(before)
    assert Path("log.jsonl").stat().st_mode & 0o777 == 0o644


def test_what_stood_in_the_log_keeps_its_bytes(run: Run, log: Path) -> None:
    before = log.read_bytes()
    assert run("summary", "--append", log, *SHORT[3:]).exit_code == 0
    assert log.read_bytes().startswith(before)
    assert len(read(log)) == 4


def test_a_log_whose_last_line_was_cut_is_left_alone(run: Run) -> None:
    Path("log.jsonl").write_bytes(b'{"half":')
    result = run(*SHORT)
    assert result.exit_code == 1
    assert "no newline" in result.stderr and "  - look at the last line" in result.stderr
    assert Path("log.jsonl").read_bytes() == b'{"half":'


@pytest.mark.parametrize("name", ["log.jsonl.gz", "folder", "nowhere/log.jsonl", "pipe"])
def test_what_is_no_plain_log_is_not_appended_to(run: Run, folder: Path, name: str) -> None:
    (folder / "folder").mkdir()
    os.mkfifo("pipe")
    assert run("summary", "--append", name, *SHORT[3:]).exit_code in (1, 3)
    assert not (folder / "nowhere").exists()


def test_a_line_that_does_not_fit_on_the_disk_leaves_nothing_behind(log: Path) -> None:
    before = log.read_bytes()
    program = (
        "import resource, signal, sys; from pathlib import Path; from ledger.decision_log.write import append\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({len(before) + 40},) * 2)\n"
        "append(Path(sys.argv[1]), {'a': 'b' * 100})\n"
    )
    project = Path(__file__).resolve().parents[2]
    done = subprocess.run([sys.executable, "-c", program, log], cwd=project, capture_output=True, text=True)
    assert "Unreachable: cannot append to" in done.stderr
    assert log.read_bytes() == before


def test_writers_at_the_same_time_queue_and_every_line_is_whole(log: Path) -> None:
    program = (
        "import sys; from pathlib import Path; from ledger.decision_log.write import append\n"
        "for number in range(25): append(Path(sys.argv[1]), {'writer': sys.argv[2], 'text': 'x' * 5000})\n"
    )
    project = Path(__file__).resolve().parents[2]
    writers = [subprocess.Popen([sys.executable, "-c", program, log, str(one)], cwd=project) for one in range(6)]
    assert [writer.wait() for writer in writers] == [0] * 6
    assert len(read(log)) == 3 + 6 * 25


def test_a_writer_waits_for_the_one_before(log: Path) -> None:
    before = log.read_bytes()
    with log.open("rb") as holder, ThreadPoolExecutor() as threads:
        fcntl.flock(holder, fcntl.LOCK_EX)
        waiting = threads.submit(append, log, signed(valid()))
        time.sleep(0.2)
        assert not waiting.done() and log.read_bytes() == before
        fcntl.flock(holder, fcntl.LOCK_UN)
        waiting.result(timeout=10)
    assert len(read(log)) == 4


def test_without_a_key_nothing_is_written(run: Run) -> None:
    result = run(*LINE)
    assert result.exit_code == 1 and "--hmac-key-file" in result.stderr
    assert not Path("log.jsonl").exists()


def test_an_unsigned_entry_says_that_its_signature_is_pending(run: Run) -> None:
    assert run(*LINE, "--allow-unsigned").exit_code == 0
    assert run(*LINE, "--allow-unsigned", "--signature-entry", "owner=hmac:abc").exit_code == 0
    first, second = read(Path("log.jsonl"))
    assert first["signatures"] == {"decision_log.entry": "hmac:pending"}
    assert second["signatures"] == {"owner": "hmac:abc"}
    assert "signature" not in first and "signature" not in second


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ("--artefact nothing", 2, "expected KEY=VALUE"),
        ("--artefact =value", 2, "expected KEY=VALUE"),
        ("--metadata nothing", 2, "expected KEY=VALUE"),
        ("--runtime-flag x=maybe", 2, "NAME=true or NAME=false"),
        ("--runtime-flag =true", 2, "NAME=true or NAME=false"),
        ("--runtime-flag x=", 2, "NAME=true or NAME=false"),
        ("--signature-entry x=plain", 1, "--signature-entry KEY=hmac:VALUE"),
        ("--hash-algorithm sha999", 2, "no hash algorithm"),
        ("--hash-algorithm shake_256", 2, "no fixed length"),
        ("--artefact-from-file x=missing", 3, "cannot read missing"),
        ("--artefact-from-file x=.", 3, "cannot read"),
        ("--summary-json missing", 3, "cannot read missing"),
        ("--timestamp yesterday", 2, "expected a time like"),
        ("--timestamp 2026-02-30T00:00:00Z", 2, "expected a time like"),
        ("--timestamp 2026-01-02T03:04:05", 2, "expected a time like"),
        ("--stage=", 1, "--stage NAME"),
        ("--status=", 1, "--status NAME"),
        ("--hmac-key other", 2, "not both"),
        ("--unknown", 2, "No such option"),
    ],
)
def test_bad_options_get_a_sentence_and_write_nothing(run: Run, typed: str, status: int, sentence: str) -> None:
    result = run(*SHORT, *typed.split())
    assert result.exit_code == status, result.output
    assert sentence in result.stderr
    assert not Path("log.jsonl").exists()


@pytest.mark.parametrize(
    ("typed", "status", "sentence"),
    [
        ("--hmac-key-file missing", 3, "cannot read missing"),
        ("--hmac-key-file empty", 1, "empty is empty"),
        ("--hmac-key-id ops --allow-unsigned", 2, "--hmac-key-id names a key"),
        ("--hmac-key=", 1, "--hmac-key is empty"),
    ],
)
def test_a_key_that_is_none_is_said(run: Run, typed: str, status: int, sentence: str) -> None:
    Path("empty").write_bytes(b" \n")
    result = run(*SHORT[:-2], *typed.split())
    assert (result.exit_code, sentence in result.stderr) == (status, True), result.output


def test_refusals_are_json_where_json_was_asked_for(run: Run) -> None:
    result = run("summary", "--append", "log.jsonl", "--stage=", "--status", "t", "--hmac-key-file", "key", "--json")
    shown = json.loads(result.stdout)
    assert (shown["ok"], shown["error"], len(shown["owed"])) == (False, "refused", 2)


def test_metadata_nested_too_deeply_and_a_huge_value_are_answered(run: Run) -> None:
    assert run(*SHORT, "--metadata", "deep=" + "[" * 100_000).exit_code == 0
    assert read(Path("log.jsonl"))[0]["metadata"]["deep"][:2] == "[["
    with pytest.raises(Refused, match="name large data by digest"):
        append(Path("log.jsonl"), {"a": "b" * (1 << 20)})


def test_a_key_never_shows(run: Run) -> None:
    assert SECRET.decode() not in repr(SharedKey(SECRET, "ops"))
    for more in (["--hmac-key-file", "key"], ["--stage="]):
        assert SECRET.decode() not in run(*SHORT[:-2], "--hmac-key", SECRET.decode(), *more).output


def test_an_argument_that_is_no_text_is_refused() -> None:
    with pytest.raises(Refused, match="UTF-8"):
        build_entry(Summary("s\udc80", "t", artefacts={"a": "b"}, signatures={"x": "hmac:x"}), NOW)


def test_the_environment_names_the_key(run: Run) -> None:
    environment = {
        "BOT_CORE_VERIFY_DECISION_LOG_HMAC_KEY_FILE": "key",
        "BOT_CORE_VERIFY_DECISION_LOG_HMAC_KEY_ID": "env",
    }
    assert run(*LINE, env=environment).exit_code == 0
    assert read(Path("log.jsonl"))[0]["signature"]["key_id"] == "env"


def test_a_typed_key_goes_before_one_in_the_environment(run: Run) -> None:
    assert run(*SHORT, env={"BOT_CORE_VERIFY_DECISION_LOG_HMAC_KEY": "another"}).exit_code == 0
    [entry] = read(Path("log.jsonl"))
    signature = entry.pop("signature")
    assert signature["value"] == mac_of(entry)
