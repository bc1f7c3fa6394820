"""What ``doctor`` and the setup list say of the scheduler, of Prometheus and of the override's folder."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from email.utils import parsedate_to_datetime

from ledger.adapters.http import ask
from ledger.app.doctor.check import Check
from ledger.app.doctor.machine import SKEW
from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.domain.runbook import EXPECTED_RULES
from ledger.said import Said
from ledger.shipped import RULES


def look_at_scheduler(installation: Installation) -> Iterator[Check]:
    """What its status page says, and its clock."""
    seen = installation.scheduler()
    if seen.status == "unknown":
        yield Check("scheduler", "problem", seen.error, "set scheduler.url in stage4.toml to its status page")
    else:
        cycle = "?" if seen.cycle is None else seen.cycle
        yield Check("scheduler", "ok", Said("{}, cycle {}, at {}", seen.status, cycle, seen.source))
        yield from (Check("scheduler", "warning", note) for note in seen.notes)
    yield from _clock(installation, "scheduler", installation.config.scheduler.url)


def look_at_prometheus(installation: Installation) -> Iterator[Check]:
    """Whether it has the rules of the runbook, and its clock. ``Unreachable`` where it cannot be asked."""
    expected = installation.alerts.rules
    names = {rule.name for rule in installation.prometheus.rules(expected)}
    missing = [name for name in expected if name not in names]
    if missing:
        found = Said("rules not loaded: {}", ", ".join(missing))
        yield Check(
            "prometheus", "problem", found, Said("{}; without its rules the watch stays inconclusive", _load(missing))
        )
    else:
        yield Check("prometheus", "ok", Said("all {} alerting rules of the runbook are loaded", len(names)))
    yield from _clock(installation, "prometheus", installation.config.prometheus.url)


def _load(missing: Sequence[str]) -> str:
    if set(missing) <= set(EXPECTED_RULES):
        return Said("load {}", RULES)
    return "load them, or name those that there are in [alerts] rules of stage4.toml"


def look_at_folder(installation: Installation) -> Iterator[Check]:
    """The folder that overrides are written to; nothing where it is not there, which is told among what init makes."""
    folder = installation.override_path().parent
    if not folder.is_dir():
        return
    mode = f"{folder.stat().st_mode & 0o777:04o}"
    if int(mode, 8) & 0o022:
        found = Said("{} has mode {}: others may stop trading", folder, mode)
        yield Check("override", "problem", found, Said("chmod 700 {}", folder))
    else:
        yield Check("override", "ok", Said("overrides are written to {}, mode {}", folder, mode))


def _clock(installation: Installation, name: str, url: str) -> Iterator[Check]:
    """Compare the server's clock by its Date header (RFC 9110 section 6.6.1, whole seconds)."""
    server = settings.server(installation.config, name, url)
    if server is None:
        return
    header = ask(server, name, "GET").headers.get("Date")
    if header is None:
        return
    skew = _difference(installation.clock, header)
    if skew > SKEW:
        yield Check(f"{name} clock", "problem", Said("its clock differs from ours by {} s", round(skew)), SET_CLOCKS)


SET_CLOCKS = "set the clocks (NTP)"


def _difference(clock: Callable[[], datetime], header: str) -> float:
    try:
        return abs((clock() - parsedate_to_datetime(header)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0.0
