"""``python -m bench [--quick] [--json]``: measure, print a table of ratios, keep the raw figures."""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench import append, verifying
from bench.machine import flushes, machine
from bench.table import format_caution, format_table, format_targets, medians, targets

RESULTS = Path(__file__).parent / "results"


def measure(folder: Path, *, quick: bool) -> dict[str, Any]:
    """All figures of one run."""
    about = machine(folder)
    appended = append.measure(folder, *((5, 80) if quick else (15, 300)))
    about["fdatasync_per_second_after"] = round(flushes(folder))
    verified = verifying.measure(folder, *((5, 3_000) if quick else (7, 20_000)))
    return {"machine": about, "append": appended, "verify": verified}


def show(page: dict[str, Any]) -> str:
    """The run as text."""
    appended, verified = page["append"], page["verify"]
    signed, limit = next(iter(append.SIGNLEDGER)), verifying.LIMIT
    return "\n\n".join(
        [
            ", ".join(f"{name} {value}" for name, value in page["machine"].items()),
            format_table("Append, durable, one writer", appended, {"/ bare": append.BARE, "/ SignLedger*": signed}),
            format_table("Verify, per second of one core", verified, {"/ C calls": limit, "/ SignLedger*": signed}),
            f"* {signed}. Ratios are medians of the ratios within each round.",
            format_caution(page["machine"]),
            format_targets(targets(appended, verified)),
        ]
    )


def main() -> None:
    """Measure and tell; a target that is missed is said, and is no error."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a short run, under 30 seconds")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON instead of tables")
    given = parser.parse_args()
    RESULTS.mkdir(exist_ok=True)
    folder = Path(tempfile.mkdtemp(dir=RESULTS, prefix="run-"))  # the project's own disk
    try:
        page = measure(folder, quick=given.quick)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    appended, verified = page["append"], page["verify"]
    page["medians"] = {"append": medians(appended), "verify": medians(verified)}
    page["targets"] = [{**target._asdict(), "reached": target.reached} for target in targets(appended, verified)]
    text = json.dumps(page, indent=2)
    (RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json").write_text(text + "\n")
    print(text if given.json else show(page))


if __name__ == "__main__":
    main()
