"""Deliver: do in the outside world what the entries ask for, and record what came of it.

Idempotent, so that a crash in between is repaired by doing it again; one deliverer at a time. Late effects are not done
any more but handed back to a person, except a stop (docs/runbook.md, "Effects that come late").
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from ledger import override
from ledger.adapters import override_file
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.digest import sha384
from ledger.domain.command import SYSTEM, Command
from ledger.domain.matchers import noted
from ledger.domain.observing.commands import ExpireEffect, Record
from ledger.domain.restoring.events import OverrideRemovalFailed, OverrideRemoved
from ledger.domain.runbook import EffectKind
from ledger.domain.silencing.events import (
    SilenceCreated,
    SilenceEnded,
    SilenceEndFailed,
    SilenceExtended,
    SilenceExtendFailed,
    SilenceExtendRequested,
    SilenceFailed,
    SilenceFound,
)
from ledger.domain.state import Effect, Rollback
from ledger.domain.stopping.commands import RecordOverride, RecordPutBack
from ledger.domain.stopping.decide import override_content
from ledger.domain.stopping.events import OverrideFailed
from ledger.domain.text import INLINE, shorten
from ledger.errors import Refused, Unreachable
from ledger.store.contract import LockName

FILES: tuple[EffectKind, ...] = ("override", "put_back", "removal")
SILENCES: tuple[EffectKind, ...] = ("silence", "silence_extend", "silence_end")
_STOPS: tuple[EffectKind, ...] = ("override", "put_back")
_LOCKS: tuple[tuple[LockName, tuple[EffectKind, ...]], ...] = (("deliver", FILES), ("deliver-silences", SILENCES))
"""Each has its one deliverer: an Alertmanager that hangs is no reason why a stop waits."""


def deliver(installation: Installation, timeout: float = 60.0) -> int:
    """Deliver everything pending, files first, and publish; returns how many effects were dealt with."""
    done = sum(_deliver(installation, name, kinds, timeout) for name, kinds in _LOCKS)
    if done:
        installation.publish_if_possible()
    return done


def deliver_files(installation: Installation, timeout: float) -> int:
    """Deliver what concerns the override alone, and publish nothing: the stop has no time for more."""
    return _deliver(installation, *_LOCKS[0], timeout)


def _deliver(installation: Installation, lock: LockName, kinds: tuple[EffectKind, ...], timeout: float) -> int:
    if not _pending(installation, kinds):
        return 0
    done = 0
    with installation.locks.hold(lock, timeout):
        for rollback, effect in _pending(installation, kinds):
            command = _outcome(installation, rollback, effect)
            press = Press(SYSTEM, f"deliver-{effect.requested}-{rollback.id}")
            installation.record(command, press, rollback.id)
            done += 1
    return done


def _pending(installation: Installation, kinds: tuple[EffectKind, ...]) -> list[tuple[Rollback, Effect]]:
    """What was asked for and not done. From a ledger that does not hold nothing is done any more, but for a stop."""
    if installation.ledger.held:
        kinds = tuple(kind for kind in kinds if kind in _STOPS)
    pending = [(rollback, effect) for rollback in installation.state.open.values() for effect in rollback.effects]
    return [(rollback, effect) for rollback, effect in pending if effect.kind in kinds]


def _outcome(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    if installation.clock() > effect.not_after and effect.kind != "override":
        return ExpireEffect(requested=effect.requested)
    return _DELIVERIES[effect.kind](installation, rollback, effect)


def _write(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    asked = rollback.override.request
    assert asked is not None
    path, content = Path(asked.path), override_content(asked)
    try:
        placed = override.place(path, content, asked.component, installation.clock)
    except Unreachable as error:
        return Record(event=OverrideFailed(path=asked.path, cause=shorten(str(error), 2 * INLINE)))
    for seen in (placed.file, placed.found):
        if seen is not None and seen.content:
            installation.keep(seen.content)
    return RecordOverride(file=placed.file, found=placed.found, moved_to=placed.moved_to)


def _put_back(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    """Write the declared bytes; what stands at the path is kept and moved aside."""
    path = Path(rollback.override.path)
    try:
        placed = override.put(path, _declared(installation, rollback), installation.clock)
    except Unreachable as error:
        return Record(event=OverrideFailed(path=str(path), cause=shorten(str(error), 2 * INLINE)))
    if placed.found is not None and placed.found.content:
        installation.keep(placed.found.content)
    return RecordPutBack(file=placed.file, moved_to=placed.moved_to)


def _declared(installation: Installation, rollback: Rollback) -> bytes:
    """The declared bytes: they follow from the entry that asked for them, else they are an artefact."""
    asked = rollback.override.request
    if asked is not None and sha384(content := override_content(asked)) == rollback.override.sha384:
        return content
    return installation.artefacts.get(rollback.override.sha384)


def _extend(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    asked = effect.request
    assert isinstance(asked, SilenceExtendRequested)
    try:
        extended = installation.alertmanager.extend(asked.silence_id, asked.ends_at)
    except (Refused, Unreachable) as error:
        cause = shorten(str(error), 2 * INLINE)
        return Record(event=SilenceExtendFailed(silence_id=asked.silence_id, cause=cause))
    return Record(
        event=SilenceExtended(
            silence_id=extended.silence.id,
            replaced=extended.replaced,
            ends_at=extended.silence.ends_at,
            transcript_sha384=installation.keep(extended.transcript),
        )
    )


def _remove(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    path, declared = rollback.override.path, rollback.override.sha384
    before = installation.look(path)
    try:
        after = override_file.remove(Path(path), declared, installation.clock)
    except (Refused, Unreachable) as error:
        return Record(event=OverrideRemovalFailed(path=path, cause=shorten(str(error), 2 * INLINE)))
    listing = override_file.listing(Path(path).parent)
    log = removal_log(installation, rollback, before.mode, before.owner, after.kind, listing)
    return Record(
        event=OverrideRemoved(
            path=path,
            override_before_sha384=declared,
            override_after_sha384=installation.keep(installation.artefacts.get(declared)),
            listing_sha384=installation.keep(listing),
            log_sha384=installation.keep(log),
            seen_at=after.at,
        )
    )


def removal_log(
    installation: Installation, rollback: Rollback, mode: str, owner: str, after: str, listing: bytes
) -> str:
    """The text kept of a removal: what was there, what is there now, what else the folder holds."""
    return (
        f"removal of {rollback.override.path} for {rollback.id}\n"
        f"before: mode {mode or '-'}, owner {owner or '-'}, {rollback.override.sha384}\n"
        f"after:  {after} at {installation.clock().isoformat(timespec='seconds')}\n"
        f"folder:\n{listing.decode(errors='replace')}"
    )


def _silence(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    asked = rollback.silence.request
    assert asked is not None
    try:
        created = installation.alertmanager.create(
            asked.matchers, asked.starts_at, asked.ends_at, asked.created_by, asked.comment, asked.marker
        )
    except (Refused, Unreachable) as error:
        return Record(event=SilenceFailed(cause=shorten(str(error), 2 * INLINE)))
    silence, kind = created.silence, SilenceFound if created.found else SilenceCreated
    return Record(
        event=kind(
            silence_id=silence.id,
            matchers=noted(silence.matchers),
            starts_at=silence.starts_at,
            ends_at=silence.ends_at,
            transcript_sha384=installation.keep(created.transcript),
        )
    )


def _end_silence(installation: Installation, rollback: Rollback, effect: Effect) -> Command:
    name = rollback.silence.id
    try:
        ended = installation.alertmanager.expire(name)
    except (Refused, Unreachable) as error:
        return Record(event=SilenceEndFailed(silence_id=name, cause=shorten(str(error), 2 * INLINE)))
    at = ended.silence.ends_at if ended.silence else installation.clock()
    return Record(
        event=SilenceEnded(silence_id=name, ended_at=at, transcript_sha384=installation.keep(ended.transcript))
    )


_DELIVERIES: dict[str, Callable[[Installation, Rollback, Effect], Command]] = {
    "override": _write,
    "put_back": _put_back,
    "removal": _remove,
    "silence": _silence,
    "silence_extend": _extend,
    "silence_end": _end_silence,
}
