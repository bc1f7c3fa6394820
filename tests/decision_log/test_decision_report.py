"""``--report-output``: the report as a file, and that it takes the place of nothing else."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from . import independent
from .conftest import CHECK, SECRET, Run, signed, valid, write


@pytest.fixture
def mixed(folder: Path) -> Path:
    """A metadata line, a good entry and one that was changed."""
    path = folder / "mixed.log"
    write(
        path,
        independent.sign(independent.METADATA_LINE, SECRET),
        signed({**valid(), "event": "frame", "severity": "info"}),
        {**signed(valid()), "status": "changed"},
    )
    return path


def test_the_report_says_what_was_found_also_where_the_log_is_not_verified(run: Run, mixed: Path) -> None:
    line = "--report-output deep/er/report.json --min-event-count frame=1 --max-event-count jank=0"
    assert run("mixed.log", *CHECK, *line.split()).exit_code == 1
    report = json.loads(Path("deep/er/report.json").read_text())
    assert (report["report_version"], report["ok"], report["path"]) == (1, False, "mixed.log")
    assert (report["entries"], report["verified_entries"], report["signed"]) == (3, 2, 3)
    assert report["metadata"] == independent.METADATA_LINE["metadata"]
    assert [(one["line"], one["place"]) for one in report["findings"]] == [(3, "signature.value")]
    assert report["findings_left_out"] == 0 and report["checked"] and report["not_checked"]
    assert (report["enforced_event_minimums"], report["enforced_event_limits"]) == ({"frame": 1}, {"jank": 0})
    assert report["summary"]["total_snapshots"] == 2
    assert report["summary"]["severity_counts"] == {"info": 1}
    assert "summary_validation" not in report
    assert Path("deep/er/report.json").stat().st_mode & 0o777 == 0o644


def test_the_summary_in_a_report_is_one_that_the_log_is_verified_with(run: Run, mixed: Path) -> None:
    run(mixed, *CHECK, "--report-output", "report.json")
    assert "summary_sha" not in json.loads(Path("report.json").read_text())["summary"]
    result = run(mixed, *CHECK, "--summary-json", "report.json", "--report-output", "second.json", "--json")
    assert [one["line"] for one in json.loads(result.stdout)["findings"]] == [3]
    assert json.loads(Path("second.json").read_text())["summary_validation"] == {"path": "report.json", "signed": False}


def test_a_dash_prints_the_report_alone_on_standard_output(run: Run, mixed: Path) -> None:
    result = run(mixed, *CHECK, "--report-output", "-")
    assert json.loads(result.stdout)["entries"] == 3
    assert "NOT VERIFIED" in result.stderr and "line 3: signature.value" in result.stderr
    assert run(mixed, *CHECK, "--report-output", "-", "--json").exit_code == 2


def test_the_environment_may_name_it(run: Run, log: Path) -> None:
    assert run(log, *CHECK, env={"BOT_CORE_VERIFY_DECISION_LOG_REPORT_OUTPUT": "r.json"}).exit_code == 0
    assert json.loads(Path("r.json").read_text())["ok"] is True


def test_a_later_report_replaces_an_earlier_one(run: Run, log: Path, mixed: Path) -> None:
    run(mixed, *CHECK, "--report-output", "report.json")
    assert run(log, *CHECK, "--report-output", "report.json").exit_code == 0
    assert json.loads(Path("report.json").read_text())["entries"] == 3


@pytest.mark.parametrize("name", ["key", "foreign.jsonl", "other.json", "folder", "link.json", "pipe", "dangling"])
def test_a_report_takes_the_place_of_nothing_but_a_report(run: Run, log: Path, name: str) -> None:
    Path("other.json").write_text('{"mine": true}')
    Path("folder").mkdir()
    os.mkfifo("pipe")
    run(log, *CHECK, "--report-output", "report.json")
    Path("link.json").symlink_to("report.json")
    Path("dangling").symlink_to("nowhere")
    before = {path: path.read_bytes() for path in Path().iterdir() if path.is_file()}
    result = run(log, *CHECK, "--report-output", name)
    assert result.exit_code == 1 and "name another file" in result.stderr, result.output
    assert result.stdout == ""
    assert {path: path.read_bytes() for path in Path().iterdir() if path.is_file()} == before


def test_a_log_that_looks_like_a_report_is_not_replaced_either(run: Run) -> None:
    write(Path("odd.log"), signed({**valid(), "report_version": 1}))
    before = Path("odd.log").read_bytes()
    result = run("odd.log", *CHECK, "--report-output", "./odd.log")
    assert result.exit_code == 1 and "is the log itself" in result.stderr
    assert Path("odd.log").read_bytes() == before


def test_a_report_that_cannot_be_written_is_said(run: Run, log: Path) -> None:
    result = run(log, *CHECK, "--report-output", "key/report.json")
    assert result.exit_code == 3 and "cannot write the report" in result.stderr


def test_findings_beyond_a_thousand_are_counted_only(run: Run) -> None:
    Path("bad.log").write_bytes(b"{}\n" * 1200)
    assert run("bad.log", *CHECK, "--report-output", "report.json").exit_code == 1
    report = json.loads(Path("report.json").read_text())
    assert (len(report["findings"]), report["findings_left_out"]) == (1000, 200)
    shown = json.loads(run("bad.log", *CHECK, "--report-output", "report.json", "--json").stdout)
    assert len(shown["findings"]) == 1200


def test_metadata_nested_deeply_still_gives_a_report(run: Run) -> None:
    deep: list[object] = []
    for _ in range(400):
        deep = [deep]
    write(Path("deep.log"), signed({"kind": "metadata", "metadata": {"deep": deep}}))
    assert run("deep.log", *CHECK, "--report-output", "report.json").exit_code == 0
    json.loads(Path("report.json").read_text())
