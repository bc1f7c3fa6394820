"""Files that ship with the code: alert rules, the Grafana dashboard, the workflow."""

from __future__ import annotations

from pathlib import Path

DEPLOY = Path(__file__).resolve().parent.parent.parent / "deploy"
DASHBOARD = DEPLOY / "grafana" / "stage4_multi_strategy.json"
"""The Grafana dashboard "Stage4 – Multi-Strategy Operations": the one place that defines the panels."""
