"""Whether alerts come into the history at all: a relabelling may drop them, or a right to see them be missing.

A history without ALERTS looks like a quiet one, however well it is covered.
"""

from __future__ import annotations

from collections.abc import Sequence

from ledger.adapters.coverage import Own, literal, quoted
from ledger.adapters.http import Broken
from ledger.adapters.prometheus_api import Api, Remarks
from ledger.domain.facts import RuleSeen
from ledger.domain.text import listed
from ledger.errors import Unreachable
from ledger.said import Said

_LATELY = 600
"""Seconds in which an alert that is active now was evaluated."""
_DAY = 86_400


def doubt(api: Api, own: Own, rules: Sequence[RuleSeen], remarks: Remarks, *, bare: bool) -> None:
    """Add a warning where alerts that are active by their rules are in no history.

    ``bare``: a store whose history shows no alert of ours, and that does not raise them itself, as a Prometheus does.
    It is to show an alert of any name. Raises ``Broken`` alone; a question that fails otherwise is a warning.
    """
    active = [rule.name for rule in rules if rule.state in ("firing", "pending")]
    names = f"alertname=~{quoted('|'.join(map(literal, active)))}"
    try:
        missing = set(active) - _names(api, names, _LATELY, remarks) if active else set()
        empty = bare and not active and not _any(api, own, remarks)
    except Broken:
        raise
    except Unreachable as error:
        remarks.warnings.append(str(error))
        return
    if missing:
        remarks.warnings.append(
            Said(
                "alerts that fire or are pending now by their rules are in no history: {}; let ALERTS be "
                "kept there, and be shown to us",
                listed(sorted(missing)),
            )
        )
    if empty:
        remarks.warnings.append(
            "the history shows no alert of any name in the last day, so nothing shows that alerts are kept there: "
            "let an alert that always fires be written there too"
        )


def _any(api: Api, own: Own, remarks: Remarks) -> bool:
    labels = ",".join(f"{name}={quoted(value)}" for name, value in own.labels)
    return any(_names(api, labels, seconds, remarks) for seconds in (_LATELY, _DAY))


def _names(api: Api, selector: str, seconds: int, remarks: Remarks) -> set[str]:
    """The names of alerts in the last seconds, a hundred at most."""
    expr = f"topk(100, count by (alertname) (last_over_time(ALERTS{{{selector}}}[{seconds}s])))"
    return {dict(series.labels).get("alertname", "") for series in api.instant(expr, remarks)}
