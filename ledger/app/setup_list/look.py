"""One look at one item of the setup list, now, by the checks of ``doctor``. Changes nothing, here or outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from itertools import islice
from typing import Final, Literal, NamedTuple

from ledger.app.doctor.alertmanager import look_at_labels, look_at_members
from ledger.app.doctor.check import Check, remedy_for
from ledger.app.doctor.servers import look_at_folder, look_at_prometheus, look_at_scheduler
from ledger.app.home import config as settings
from ledger.app.installation import Installation
from ledger.app.setup_list.items import SERVERS
from ledger.errors import Corrupt, LedgerError
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.merkle import root_of
from ledger.said import Said
from ledger.verify import Head, parse_head

State = Literal["done", "not_yet", "broken"]
"""Done; not done yet; set up, and it does not work."""
_NO_ADDRESS: Final = "no address is set"
_LONGEST_HEAD: Final = 4_096
"""Characters of a checkpoint or head that is brought back."""


class Looked(NamedTuple):
    """What a look at an item found."""

    state: State
    findings: tuple[Check, ...]
    at: datetime
    by: str = ""
    """Who asked for it; empty: the program by itself."""


def look(installation: Installation, name: str, *, by: str = "", head: str = "") -> Looked:
    """Look at an item by ``stage4.toml`` as it is now; ``head`` is what was kept elsewhere, for the witness."""
    if name in SERVERS:
        state, findings = _server(installation, name)
    elif name == "witness":
        state, findings = _witness(installation, head.strip())
    else:
        findings = tuple(look_at_folder(installation)) if name == "stop" else ()
        state = "broken" if any(check.state == "problem" for check in findings) else "done"
    return Looked(state, findings, installation.clock(), by)


# --- servers ----------------------------------------------------------------------------------------------------------


def _alertmanager(installation: Installation) -> Iterator[Check]:
    yield from look_at_members(installation)
    yield from look_at_labels(installation)


def _scheduler(installation: Installation) -> Iterator[Check]:
    yield from look_at_scheduler(installation)
    yield from look_at_folder(installation)


_LOOKS: Final[dict[str, Callable[[Installation], Iterator[Check]]]] = {
    "scheduler": _scheduler,
    "prometheus": look_at_prometheus,
    "alertmanager": _alertmanager,
}


def _server(running: Installation, name: str) -> tuple[State, tuple[Check, ...]]:
    found: list[Check] = []
    try:
        config = settings.for_stage(settings.load(running.home.config), running.config.stage)
        if not getattr(config, name).url:
            beside = look_at_folder(running) if name == "scheduler" else ()
            return "not_yet", (Check(name, "warning", _NO_ADDRESS), *beside)
        found.extend(_LOOKS[name](Installation(running.home, config, running.ledger)))
        if _changed(running, config, name):
            found.append(_CHANGED)
    except LedgerError as error:
        found.append(Check(name, "problem", str(error), remedy_for(str(error))))
    if any(check.state == "problem" for check in found):
        return "broken", tuple(found)
    return ("not_yet" if _CHANGED in found else "done"), tuple(found)


_CHANGED: Final = Check(
    "settings",
    "warning",
    "this is by stage4.toml as it is now; the dashboard began with other settings",
    "start the dashboard again, e.g. systemctl restart stage4-serve",
)


def _changed(running: Installation, config: settings.Config, name: str) -> bool:
    tables = (name, "silence") if name == "alertmanager" else (name,)
    return any(getattr(running.config, table) != getattr(config, table) for table in tables)


# --- the witness ------------------------------------------------------------------------------------------------------


def _witness(installation: Installation, kept: str) -> tuple[State, tuple[Check, ...]]:
    if not kept:
        return "not_yet", (Check("witness", "warning", NO_HEAD),)
    try:
        head = _head(installation, kept)
        size = installation.ledger.view().size
        if head.size > size:
            why = Said("the head that was kept is of {} entries, and this ledger has {}: it lost some", head.size, size)
        elif root_of(islice(installation.ledger.log.lines(), head.size)) != head.root:
            why = Said("the first {} entries of this ledger are not those of the head that was kept", head.size)
        else:
            newer = Said(
                "its first {} entries are those of the head that was kept; newer: {}", head.size, size - head.size
            )
            return "done", (Check("witness", "ok", newer),)
    except LedgerError as error:
        why = Said("what was kept cannot be compared: {}", error)
        return "broken", (Check("witness", "problem", why),)
    return "broken", (Check("witness", "problem", why, "keep both as they are: see docs/recovery.md"),)


NO_HEAD: Final = "no head that was kept elsewhere was shown"


def _head(installation: Installation, kept: str) -> Head:
    """A head ``N:ROOT``, or the one of a checkpoint that this ledger signed; ``Corrupt`` where it is neither."""
    if len(kept) > _LONGEST_HEAD:
        raise Corrupt("it is too long for a checkpoint")
    if "\n" in kept:
        stated = open_checkpoint(kept.replace("\r\n", "\n").encode() + b"\n", installation.ledger.verifier)
        head = Head(stated.size, stated.root)
    else:
        head = parse_head(kept)
    if head.size < 1:
        raise Corrupt("a head of no entries proves nothing")
    return head
