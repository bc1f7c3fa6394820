"""The schedules that the settings name, each ready to be looked at; and whom they call what."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final

from ledger.adapters.server import Server
from ledger.app.home import config as settings
from ledger.app.home.config import Config
from ledger.app.words import ROLES
from ledger.domain.runbook import RUNBOOK_ROLES
from ledger.errors import Refused, Unreachable
from ledger.files import read_small
from ledger.masking import learn, learn_address
from ledger.said import Said

if TYPE_CHECKING:  # asking a server needs a library that is slow to import: each is imported when it is asked
    from ledger.adapters.oncall import Schedule, Shift
    from ledger.adapters.oncall_ical import Calendars
    from ledger.app.oncall.duty import Somebody

KINDS: Final = ("ical", "pagerduty", "grafana")
_FILE: Final = "file:"
_LONGEST: Final = 10_000


def roles_of(config: Config) -> tuple[str, ...]:
    """The roles that have a schedule, in the runbook's order; those that the runbook does not know last."""
    given = config.oncall.roles if config.oncall.kind else {}
    return (*(role for role in RUNBOOK_ROLES if role in given), *sorted(set(given) - set(RUNBOOK_ROLES)))


def schedule_of(config: Config, role: str, clock: Callable[[], datetime], calendars: Calendars) -> Schedule:
    """The schedule of a role. ``Refused`` or ``Unreachable`` where the settings name none that can be asked."""
    table, named = config.oncall, config.oncall.roles[role]
    if table.kind not in KINDS:
        raise Refused(Said("oncall.kind is {}, which is none of {}", repr(table.kind[:60]), ", ".join(KINDS)))
    if role not in ROLES or role not in RUNBOOK_ROLES:
        raise Refused(Said("oncall.roles has {}, which is none of {}", repr(role[:60]), ", ".join(RUNBOOK_ROLES)))
    if not named.strip():
        raise Refused(Said("oncall.roles has nothing for {}", role))
    if table.kind == "ical":
        from ledger.adapters.oncall_ical import Calendar

        return Calendar(_at(config, role), clock, calendars, zone=table.time_zone)
    if table.kind == "grafana":
        from ledger.adapters.oncall_grafana import GrafanaSchedule

        if not table.url:
            raise Refused("oncall.url is empty; write the OnCall API URL of Grafana IRM, from its settings")
        return GrafanaSchedule(_server(config, table.url), named, clock)
    from ledger.adapters.oncall_pagerduty import ADDRESS, PagerDuty

    if not table.bearer_token_file:
        raise Refused("oncall.bearer_token_file is empty; write the file with the API key of PagerDuty")
    server = replace(_server(config, table.url or ADDRESS), bearer_token_file="")
    return PagerDuty(server, _secret(Path(config.base) / table.bearer_token_file), named, clock)


def _at(config: Config, role: str) -> Server:
    """A calendar's address, which stands in the settings or in a file."""
    named = config.oncall.roles[role]
    learn_address(named, whole=True)
    address = _secret(Path(config.base) / named.removeprefix(_FILE)) if named.startswith(_FILE) else named
    if "://" not in address:
        raise Refused(Said("oncall.roles has no address for {}: write https://… or file:PATH", role))
    return replace(_server(config, address), secret_path=True)


def _server(config: Config, address: str) -> Server:
    server = settings.server(config, "oncall", address)
    if server is None:
        raise Refused("oncall.url is empty")
    return server


def _secret(path: Path) -> str:
    try:
        content = read_small(path, _LONGEST, follow=True).decode().strip()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "no UTF-8 text"
        raise Unreachable(Said("cannot read the file {} that [oncall] names: {}", path, why)) from error
    if not content or not content.isprintable():
        raise Unreachable(Said("the file {} that [oncall] names is to hold one line of printable text", path))
    learn(content)
    learn_address(content, whole=True)
    return content


def who_is(shift: Shift, people: Mapping[str, str]) -> tuple[Somebody, ...]:
    """Whom a shift means here. A title with commas is several people where each of them is known."""
    from ledger.app.oncall.duty import Somebody

    known = {" ".join(name.lower().split()): person for name, person in people.items()}
    person = next((known[word] for word in shift.known_as if word in known), "")
    parts = [" ".join(part.split()) for part in shift.name.split(",")]
    if not person and len(parts) > 1 and all(part.lower() in known for part in parts):
        return tuple(Somebody(part, known[part.lower()], shift.start, shift.end) for part in parts)
    return (Somebody(shift.name, person, shift.start, shift.end),)
