"""``doctor``: what is wrong with an installation, and what to do about it. Looks only; changes nothing."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Iterator
from datetime import datetime
from email.utils import parsedate_to_datetime
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

from ledger.adapters.http import ask
from ledger.app import config as settings
from ledger.app import front
from ledger.app.accounts import Accounts
from ledger.app.home import Home
from ledger.app.installation import Installation, open_home
from ledger.app.staff import first_account
from ledger.domain.runbook import EXPECTED_RULES
from ledger.errors import LedgerError

_SPACE = 200 * 1024 * 1024
_SKEW = 5.0


_REMEDIES = {
    "prometheus": "set prometheus.url in stage4.toml to its base address, and check that it runs",
    "alertmanager": "set alertmanager.url in stage4.toml to its base address, and check that it runs",
}


class Check(NamedTuple):
    """One thing that was looked at."""

    name: str
    state: Literal["ok", "warning", "problem"]
    found: str
    remedy: str = ""


def examine(root: Path) -> list[Check]:
    """All checks of a home, in the order in which one would mend them."""
    checks = [_versions()]
    try:
        installation = open_home(root)
    except LedgerError as error:
        remedy = "" if Home(root).store.exists() else f"make a home with: stage4 init --home {root}"
        checks.append(Check("ledger", "problem", str(error), remedy))
        return checks
    for look in (
        _ledger,
        _published,
        _disk,
        _folders,
        _spool,
        _scheduler,
        _prometheus,
        _alertmanager,
        _labels,
        _account,
        _front,
    ):
        try:
            checks.extend(look(installation))
        except LedgerError as error:
            name = look.__name__.strip("_")
            checks.append(Check(name, "problem", str(error), _REMEDIES.get(name, "")))
    installation.ledger.log.close()
    return checks


def _versions() -> Check:
    parts = ", ".join(f"{name} {version(name)}" for name in ("stage4-ledger", "eventsourcing", "cryptography"))
    return Check("versions", "ok", f"Python {sys.version.split()[0]}, {parts}")


def _ledger(installation: Installation) -> Iterator[Check]:
    view = installation.ledger.view()
    yield Check("keys", "ok", "both keys are there, mode 600, and signed this ledger")
    yield Check("ledger", "ok", f"{view.size} entries, equal to what the newest checkpoint signed")
    if view.state.unknown:
        yield Check(
            "ledger",
            "problem",
            f"entries of unknown kinds: {view.state.unknown}",
            "install the version that wrote them; the stop works meanwhile",
        )
    behind = (view.state.timestamp - installation.clock()).total_seconds()
    if behind > _SKEW:
        yield Check("clock", "problem", f"this clock is {behind:.0f} s behind the last entry", "set the clock")


def _published(installation: Installation) -> Iterator[Check]:
    foreign = installation.publish()
    if foreign:
        yield Check("published", "warning", f"{foreign.size} foreign bytes were set aside ({foreign.finding})")
    yield Check("published", "ok", str(installation.home.published))


def _disk(installation: Installation) -> Iterator[Check]:
    free = shutil.disk_usage(installation.home.root).free
    state: Literal["ok", "problem"] = "ok" if free > _SPACE else "problem"
    yield Check(
        "disk", state, f"{free // 2**20} MiB free", "" if state == "ok" else "make room: writes will be refused"
    )


def _folders(installation: Installation) -> Iterator[Check]:
    folder = installation.override_path().parent
    if not folder.is_dir():
        yield Check("override", "problem", f"{folder} is not there", f"mkdir -m 700 -p {folder}")
        return
    mode = folder.stat().st_mode & 0o777
    if mode & 0o022:
        yield Check(
            "override", "problem", f"{folder} has mode {mode:04o}: others may stop trading", f"chmod 700 {folder}"
        )
    else:
        yield Check("override", "ok", f"{folder}, mode {mode:04o}")


def _spool(installation: Installation) -> Iterator[Check]:
    waiting = list(installation.home.spool.glob("stop-*.json"))
    if waiting:
        yield Check("spool", "warning", f"{len(waiting)} stops wait to be taken in", "run: stage4 observe")


def _scheduler(installation: Installation) -> Iterator[Check]:
    seen = installation.scheduler()
    if seen.status == "unknown":
        yield Check("scheduler", "problem", seen.error, "set scheduler.url in stage4.toml to its status page")
    else:
        yield Check("scheduler", "ok", f"{seen.status}, cycle {seen.cycle}, at {seen.source}")
    yield from _clock(installation, "scheduler", installation.config.scheduler_url)


def _prometheus(installation: Installation) -> Iterator[Check]:
    names = {rule.name for rule in installation.prometheus.rules()}
    missing = [name for name in EXPECTED_RULES if name not in names]
    if missing:
        yield Check(
            "prometheus",
            "problem",
            f"rules not loaded: {', '.join(missing)}",
            "load deploy/prometheus/stage4_rules.yml; without its rules the watch stays inconclusive",
        )
    else:
        yield Check("prometheus", "ok", f"{len(names)} alerting rules, all of the runbook's loaded")
    yield from _clock(installation, "prometheus", installation.config.prometheus_url)


def _alertmanager(installation: Installation) -> Iterator[Check]:
    yield Check("alertmanager", "ok", f"version {installation.alertmanager.version()}")
    yield from _clock(installation, "alertmanager", installation.config.alertmanager_url.split(",")[0])


def _clock(installation: Installation, name: str, url: str) -> Iterator[Check]:
    """Compare the server's clock by its Date header (RFC 9110 section 6.6.1, whole seconds)."""
    server = settings.server(installation.config, name, url)
    if server is None:
        return
    header = ask(server, name, "GET").headers.get("Date")
    if header is None:
        return
    skew = _difference(installation.clock, header)
    if skew > _SKEW:
        yield Check(f"{name} clock", "problem", f"differs from ours by {skew:.0f} s", "set the clocks (NTP)")


def _difference(clock: Callable[[], datetime], header: str) -> float:
    try:
        return abs((clock() - parsedate_to_datetime(header)).total_seconds())
    except (TypeError, ValueError):
        return 0.0


def _labels(installation: Installation) -> Iterator[Check]:
    if not installation.labels:
        yield Check(
            "silence labels",
            "warning",
            "none: a silence would mute the Stage4 alerts of every environment",
            'set them in stage4.toml: [silence.labels] env = "production"',
        )


def _front(installation: Installation) -> Iterator[Check]:
    if seen := front.noted(installation.home, installation.clock()):
        yield Check("proxy", "warning", front.describe(seen), front.remedy(seen))


def _account(installation: Installation) -> Iterator[Check]:
    if command := first_account(installation, Accounts(installation.home, installation.clock)):
        yield Check("dashboard", "warning", "nobody has an account for it", command)
