"""``python -m bench [--quick] [--json]``: measure, print a table of ratios, keep the raw figures."""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import sqlite3
import statistics
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import appending, verifying

RESULTS = Path(__file__).parent / "results"
BARE, OURS, SIGN = "bare transaction, same two rows", "stage4-ledger", "SignLedger, signed"


def machine() -> dict[str, Any]:
    """What the figures were measured on; no names and no paths."""
    lines = Path("/proc/cpuinfo").read_text().splitlines() if Path("/proc/cpuinfo").exists() else []
    model = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), platform.machine())
    return {
        "cpu": model,
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "sqlite": sqlite3.sqlite_version,
        "system": platform.system(),
    }


def show(title: str, found: dict[str, list[float]], against: str) -> None:
    """One table: median, spread and the ratio to one of the rows."""
    base = statistics.median(found[against])
    print(f"\n{title}\n{'':34}{'per second':>12}{'min':>10}{'max':>10}   ratio to {against}")
    for name, rates in found.items():
        middle = statistics.median(rates)
        print(f"{name:34}{middle:12,.0f}{min(rates):10,.0f}{max(rates):10,.0f}   {middle / base:.2f}")


def targets(append: dict[str, list[float]], check: dict[str, list[float]]) -> list[tuple[str, float, float]]:
    """What was set out to reach: sentence, wanted, found."""
    a = {name: statistics.median(rates) for name, rates in append.items()}
    c = {name: statistics.median(rates) for name, rates in check.items()}
    return [
        ("append against a bare transaction", 0.55, a[OURS] / a[BARE]),
        ("append against SignLedger", 1.5, a[OURS] / a[SIGN]),
        ("verified entries per second on one core", 30_000, c[OURS]),
        ("verification against SignLedger", 12, c[OURS] / c[SIGN]),
    ]


def main() -> None:
    """Measure and tell."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run")
    parser.add_argument("--json", action="store_true", help="print the raw figures instead of tables")
    given = parser.parse_args()
    rounds, appends, rollbacks = (3, 100, 60) if given.quick else (7, 400, 400)
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="run-"))  # the project's own disk
    try:
        append = appending.measure(folder, rounds, appends)
        check = verifying.measure(folder, rounds, rollbacks)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    reached = targets(append, check)
    page = {"machine": machine(), "append": append, "verify": check, "targets": reached}
    (RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%S}.json").write_text(json.dumps(page, indent=2) + "\n")
    if given.json:
        print(json.dumps(page, indent=2))
        return
    print(", ".join(f"{name} {value}" for name, value in machine().items()))
    show("Append one entry, durable (synchronous=FULL), one writer", append, BARE)
    show("Verify, one core", check, SIGN)
    print()
    for sentence, wanted, found in reached:
        mark = "reached" if found >= wanted else "NOT reached"
        print(f"{mark:12} {sentence}: wanted {wanted:,.2f}, found {found:,.2f}")


if __name__ == "__main__":
    main()
