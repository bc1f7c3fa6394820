"""What reaches the ledger when ``summary`` is used on the stage's own log."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ledger.decision_log.write import Summary
from ledger.errors import LedgerError, Refused, Unreachable

from .conftest import Run, sha384
from .test_decision_summary import LINE


class FakeLedger:
    """A ledger that only remembers what it was asked."""

    stage = "stage4"

    def __init__(self, answer: LedgerError | None = None) -> None:
        self.answer = answer
        self.asked: list[Path] = []
        self.arrived: list[Summary] = []

    def own_log(self, path: Path) -> FakeLedger | None:
        self.asked.append(path)
        return self if path.name == "log.jsonl" else None

    def before(self, status: str, artefacts: dict[str, str]) -> None:
        """Everything is ready here."""

    def append(self, summary: Summary) -> str:
        if self.answer:
            raise self.answer
        self.arrived.append(summary)
        return "recorded as entry 17"


def test_the_runbooks_line_arrives_at_the_ledger_and_writes_no_file(run: Run) -> None:
    ledger = FakeLedger()
    result = run(*LINE, own_log=ledger.own_log)
    assert (result.exit_code, result.stdout) == (0, "recorded as entry 17\n")
    assert ledger.asked == [Path("log.jsonl")]
    assert ledger.arrived == [
        Summary(
            stage="stage4",
            status="rollback_completed",
            artefacts={"incident_id": "INC-2042", "summary_sha384": sha384(Path("summary.json"))},
            metadata={"duration_min": 42},
            tags=("rollback",),
        )
    ]
    assert not Path("log.jsonl").exists()


def test_claims_arrive_as_they_were_made(run: Run) -> None:
    ledger = FakeLedger()
    words = "--timestamp 2026-11-23T05:27:01Z --runtime-flag a=false --summary-json summary.json --kind audit"
    assert run(*LINE, *words.split(), "--summary-hash-key", "mine", own_log=ledger.own_log).exit_code == 0
    [summary] = ledger.arrived
    assert (summary.timestamp, summary.kind) == ("2026-11-23T05:27:01Z", "audit")
    assert summary.runtime_flags == {"a": False}
    assert summary.artefacts["mine"] == summary.artefacts["summary_sha384"]


def test_numbers_a_ledger_cannot_hold_arrive_as_text(run: Run) -> None:
    ledger = FakeLedger()
    words = ["--metadata", 'x={"a":[1.5,2,true],"b":9007199254740993}', "--metadata", "y=-0.25"]
    run(*LINE, *words, own_log=ledger.own_log)
    expected = {"duration_min": 42, "x": {"a": ["1.5", 2, True], "b": "9007199254740993"}, "y": "-0.25"}
    assert ledger.arrived[0].metadata == expected


@pytest.mark.parametrize(
    "words",
    ["--hmac-key x", "--hmac-key-file key", "--hmac-key-id x", "--allow-unsigned", "--signature-entry a=hmac:b"],
)
def test_options_about_signing_are_usage_errors(run: Run, words: str) -> None:
    ledger = FakeLedger()
    result = run(*LINE, *words.split(), own_log=ledger.own_log)
    assert result.exit_code == 2 and words.split()[0] in result.stderr
    assert ledger.arrived == []


@pytest.mark.parametrize(
    "words", ["--artefact x=1 --artefact x=2", "--metadata x=1 --metadata x=2", "--runtime-flag x --runtime-flag x=no"]
)
def test_on_a_ledger_a_name_is_given_once(run: Run, words: str) -> None:
    ledger = FakeLedger()
    result = run(*LINE, *words.split(), own_log=ledger.own_log)
    assert result.exit_code == 2 and "given twice" in result.stderr
    assert ledger.arrived == []


def test_on_a_ledger_artefacts_are_texts_and_a_tag_counts_once(run: Run) -> None:
    ledger = FakeLedger()
    words = "--artefact n=1.5 --artefact t=true --artefact i=5 --tag rollback --tag late --tag="
    assert run(*LINE, *words.split(), own_log=ledger.own_log).exit_code == 0
    [summary] = ledger.arrived
    assert {name: summary.artefacts[name] for name in "nti"} == {"n": "1.5", "t": "true", "i": "5"}
    assert summary.tags == ("rollback", "late") and summary.runtime_flags == {} and summary.signatures == {}


def test_a_telemetry_summary_is_named_by_its_bytes_on_a_ledger(run: Run) -> None:
    Path("page.json").write_text('{"summary": {}, "metadata": {"a": 1}}')
    ledger = FakeLedger()
    assert (
        run(*LINE, "--summary-json", "page.json", "--summary-hash-key", "page", own_log=ledger.own_log).exit_code == 0
    )
    assert ledger.arrived[0].artefacts["page"] == sha384(Path("page.json"))
    assert ledger.arrived[0].metadata == {"duration_min": 42}


def test_the_exit_status_of_the_first_script_is_there_too(run: Run) -> None:
    refused = FakeLedger(Refused("not yet"))
    assert run(*LINE, own_log=refused.own_log).exit_code == 1
    assert run(*LINE, "--exit-like-original", own_log=refused.own_log).exit_code == 2


def test_a_key_in_the_environment_does_not_stop_the_runbooks_line(run: Run) -> None:
    ledger = FakeLedger()
    environment = {"BOT_CORE_VERIFY_DECISION_LOG_HMAC_KEY": "x", "BOT_CORE_VERIFY_DECISION_LOG_ALLOW_UNSIGNED": "1"}
    assert run(*LINE, own_log=ledger.own_log, env=environment).exit_code == 0


@pytest.mark.parametrize("words", ["--stage stage5", "--stage=", "--status="])
def test_another_stage_or_no_status_is_refused(run: Run, words: str) -> None:
    ledger = FakeLedger()
    assert run(*LINE, *words.split(), own_log=ledger.own_log).exit_code == 1
    assert ledger.arrived == []


def test_what_is_owed_stands_as_a_list_under_the_sentence(run: Run) -> None:
    ledger = FakeLedger(Refused("INC-2042 cannot be completed yet", ("step 3 is not passed", "step 4 is not passed")))
    result = run(*LINE, "--json", own_log=ledger.own_log)
    assert result.exit_code == 1
    assert result.stderr.splitlines() == [
        "INC-2042 cannot be completed yet",
        "  - step 3 is not passed",
        "  - step 4 is not passed",
    ]
    assert json.loads(result.stdout)["owed"] == ["step 3 is not passed", "step 4 is not passed"]


def test_a_store_that_cannot_be_had_is_status_3(run: Run) -> None:
    assert run(*LINE, own_log=FakeLedger(Unreachable("the store is locked")).own_log).exit_code == 3


def test_json_carries_the_ledgers_sentence(run: Run) -> None:
    shown = json.loads(run(*LINE, "--json", own_log=FakeLedger().own_log).stdout)
    assert shown == {"ok": True, "log": str(Path("log.jsonl").absolute()), "sentence": "recorded as entry 17"}


def test_standard_output_is_nobodys_own_log(run: Run) -> None:
    ledger = FakeLedger()
    words = ["-" if word == "log.jsonl" else word for word in LINE]
    assert run(*words, "--hmac-key-file", "key", own_log=ledger.own_log).exit_code == 0
    assert ledger.asked == []
