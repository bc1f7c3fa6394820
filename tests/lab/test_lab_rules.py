"""The shipped alert rules: the table of the format page, and their real timings played by promtool."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest
import yaml

from ledger.domain.runbook import ALERT_PATTERN
from ledger.errors import Corrupt
from ledger.lab.rules import shipped, shorten
from ledger.lab.tools import Tools
from ledger.shipped import RULES

# alert, expression without the metric prefix, for, severity, team, then a value that fires and one that does not
TABLE = [
    ("SchedulerLatencyHigh", "max_over_time({}latency_ms[2m]) > 250", "2m", "warning", "trading-ops", 251, 250),
    ("SchedulerLatencyCritical", "max_over_time({}latency_ms[5m]) > 320", "1m", "critical", "trading-ops", 321, 320),
    ("RiskExposureDeviation", "avg_over_time({}allocation_error_pct[10m]) > 20", "5m", "warning", "risk", 21, 20),
    ("PnlDrawdown", "min_over_time({}pnl_drawdown_pct[30m]) < -4", "10m", "critical", "trading-ops", -5, -4),
    ("SecondaryDelay", "max_over_time({}secondary_delay_ms[5m]) > 450", "3m", "warning", "trading-ops", 451, 450),
]
PREFIX = "bot_core_multi_strategy_"


def promtool(tools: Tools, *arguments: str) -> str:
    done = subprocess.run([tools.promtool, *arguments], capture_output=True, text=True, timeout=30, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def played(row: tuple[str, str, str, str, str, int, int]) -> dict[str, object]:
    """One promtool test: a bad and a good series from minute 0; firing exactly when ``for`` is over."""
    alert, expression, wait, severity, team, bad, good = row
    metric = PREFIX + expression.split("{}")[1].split("[")[0]
    labels = {"alertname": f"MultiStrategy{alert}", "schedule": "bad", "severity": severity, "team": team}
    firing = 'ALERTS{alertname="MultiStrategy' + alert + '", alertstate="firing"}'
    shown = ", ".join(f'{name}="{value}"' for name, value in {"alertstate": "firing", **labels}.items())
    just_before = f"{int(wait[:-1]) * 60 - 15}s"
    return {
        "interval": "15s",
        "input_series": [
            {"series": f'{metric}{{schedule="bad"}}', "values": f"{bad}x200"},
            {"series": f'{metric}{{schedule="good"}}', "values": f"{good}x200"},
        ],
        "promql_expr_test": [
            {"expr": firing, "eval_time": just_before, "exp_samples": []},
            {"expr": firing, "eval_time": wait, "exp_samples": [{"labels": f"ALERTS{{{shown}}}", "value": 1}]},
        ],
    }


def test_the_shipped_rules_are_the_table() -> None:
    (group,) = yaml.safe_load(shipped())["groups"]
    assert group["name"] == "stage4-multi-strategy"
    assert [
        (r["alert"], r["expr"], r["for"], r["labels"]["severity"], r["labels"]["team"]) for r in group["rules"]
    ] == [("MultiStrategy" + row[0], row[1].format(PREFIX), *row[2:5]) for row in TABLE]
    assert all(set(rule["annotations"]) == {"summary", "description"} for rule in group["rules"])


def test_promtool_accepts_the_shipped_rules(lab_tools: Tools) -> None:
    assert "5 rules found" in promtool(lab_tools, "check", "rules", str(RULES))


def test_the_ledgers_own_alerts_are_played_and_no_rollbacks_silence_mutes_them(lab_tools: Tools) -> None:
    rules = RULES.with_name("stage4_observer_rules.yml")
    (group,) = yaml.safe_load(rules.read_text("utf-8"))["groups"]
    names = [rule["alert"] for rule in group["rules"]]
    assert {"Stage4ObserverDead", "Stage4LedgerUnsound", "Stage4LedgerNotVerified"} <= set(names)
    assert not [name for name in names if re.fullmatch(ALERT_PATTERN, name)]
    assert "SUCCESS" in promtool(lab_tools, "test", "rules", str(rules.with_name("stage4_observer_rules_test.yml")))


def test_each_alert_fires_at_its_real_time_and_not_before(lab_tools: Tools, tmp_path: Path) -> None:
    tests = {"rule_files": [str(RULES)], "evaluation_interval": "15s", "tests": [played(row) for row in TABLE]}
    (tmp_path / "rules_test.yml").write_text(json.dumps(tests))
    assert "SUCCESS" in promtool(lab_tools, "test", "rules", str(tmp_path / "rules_test.yml"))


def test_the_lab_rules_differ_in_their_times_only(lab_tools: Tools, tmp_path: Path) -> None:
    (tmp_path / "short.yml").write_text(shorten(shipped()))
    assert "5 rules found" in promtool(lab_tools, "check", "rules", str(tmp_path / "short.yml"))
    (long,) = yaml.safe_load(shipped())["groups"]
    (short,) = yaml.safe_load(shorten(shipped()))["groups"]
    assert short["interval"] == "1s"
    assert [rule["for"] for rule in short["rules"]] == ["2s", "2s", "3s", "4s", "2s"]
    for before, after in zip(long["rules"], short["rules"], strict=True):
        assert before["expr"].split("[")[0] == after["expr"].split("[")[0]
        assert before["expr"].split("]")[1] == after["expr"].split("]")[1]
        assert before["labels"] == after["labels"] and before["annotations"] == after["annotations"]


def test_rules_without_times_are_corrupt() -> None:
    with pytest.raises(Corrupt, match="interval"):
        shorten("groups: []\n")
