"""What alerting rules a Prometheus has loaded, as /api/v1/rules has them (docs/querying/api.md)."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.prometheus_wire import parse_conditions
from ledger.adapters.shapes import reading
from ledger.domain.facts import AlertRule


def loaded(api: Api, names: Sequence[str], remarks: Remarks) -> object:
    """Rules by name and without their alerts, which servers before 2.45 and 3.0 do not know and give all."""
    asked: dict[str, str | list[str]] = {"type": "alert", "exclude_alerts": "true", "rule_name[]": list(names)}
    return api.get("/api/v1/rules", asked, remarks)


def conditions(api: Api, names: Sequence[str], remarks: Remarks) -> tuple[AlertRule, ...]:
    """What the rules of those names ask for."""
    data = loaded(api, names, remarks)
    with reading(api.place):
        rules, lost = parse_conditions(data, names)
    remarks.warnings += lost
    return rules
