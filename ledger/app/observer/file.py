"""The override file: changed, removed, made by hand, expired."""

from __future__ import annotations

from pathlib import Path

from ledger.adapters import override_file
from ledger.app.observer.desk import Desk
from ledger.app.record.deliver import FILES
from ledger.domain.facts import FileSeen
from ledger.domain.observing.events import OverrideObserved
from ledger.domain.restoring.events import OverrideRemovedOutside
from ledger.domain.runbook import COMPONENTS, TRADING
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import OverrideExpired
from ledger.override import describe
from ledger.said import Said


def look_at_files(desk: Desk, state: State) -> None:
    """One look at each component's override; silent while a deliverer is at it."""
    for component, (name, _, _) in COMPONENTS.items():
        holders = state.holders_of(component)
        asked = [rollback for rollback in state.open.values() if rollback.component == component]
        if any(effect.kind in FILES for rollback in asked for effect in rollback.effects):
            continue
        if component == TRADING or holders or name in state.files:
            path = holders[0].override.path if holders else str(desk.installation.override_path(component))
            _look(desk, state, holders, path)


def _look(desk: Desk, state: State, holders: tuple[Rollback, ...], path: str) -> None:
    """Compare what is at the path with what the ledger last knew."""
    seen, known = desk.installation.look(path), state.file_at(path)
    absent = seen.kind == "absent"
    same = absent and known.kind == "absent"
    reading = (seen.kind, seen.sha384, seen.mode, seen.owner)
    believed = reading if same else (known.kind, known.sha384, known.mode or seen.mode, known.owner or seen.owner)
    name = Path(path).name
    if not desk.twice(name, reading, believed):
        return
    if desk.damped("override", f"{name} {seen.kind} {seen.sha384} {seen.mode} {seen.owner}"):
        return
    if absent and holders:
        _removed_outside(desk, holders, seen)
    else:
        _changed(desk, seen)


def _changed(desk: Desk, seen: FileSeen) -> None:
    if seen.content:
        desk.installation.keep(seen.content)
    event = OverrideObserved(
        path=seen.path,
        found=seen.kind,
        override_sha384=seen.sha384,
        mode=seen.mode,
        owner=seen.owner,
        seen_at=seen.at,
    )
    desk.warn(event, Said("the override {} was changed outside: {}", seen.path, describe(seen)))


def _removed_outside(desk: Desk, holders: tuple[Rollback, ...], seen: FileSeen) -> None:
    listing = desk.installation.keep(override_file.listing(Path(seen.path).parent))
    for holder in holders:
        if holder.override.removed_outside:
            continue
        event = OverrideRemovedOutside(
            path=holder.override.path,
            override_sha384=holder.override.sha384,
            seen_at=seen.at,
            listing_sha384=listing,
        )
        desk.warn(event, Said("the override {} was removed outside, held by {}", seen.path, holder.id), holder.id)


def look_at_expiry(desk: Desk, holder: Rollback) -> None:
    """An override that outlives its own end makes step 5 due; nothing removes it by itself."""
    asked = holder.override.request
    if asked is None or asked.expires_at is None or holder.override.expired:
        return
    if desk.installation.clock() >= asked.expires_at:
        event = OverrideExpired(path=holder.override.path, expired_at=asked.expires_at)
        desk.warn(event, Said("the override of {} has expired and is still there: step 5 is due", holder.id), holder.id)
