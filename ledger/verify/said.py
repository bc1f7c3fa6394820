"""Step 9: in plain sentences, what was checked, and what was not and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Verifier
from ledger.verify.anchors import Anchors
from ledger.verify.replay import Replay
from ledger.verify.report import Head
from ledger.verify.signatures import Signatures

_VOUCHED = {
    "session": "signed in to the ledger's server",
    "os": "known by the operating system's login",
    "token": "known by an access token",
    "lab": "one of the rehearsal's invented people",
    "none": "nobody: the ledger itself, or whoever opened it",
}


class Seen(Protocol):
    """What a verification knows at its end."""

    entries: int
    verifier: Verifier | None
    checkpoint_given: bool
    stated: Checkpoint | None
    heads: Sequence[Head]
    anchors: Anchors
    signatures: Signatures
    replay: Replay
    people: dict[str, int]


def said_checked(seen: Seen) -> Iterator[str]:
    """What the report's findings, or their absence, are about."""
    if not seen.entries:
        return
    yield f"Form, order and chain of {seen.entries} entries: each names the bytes of the one before it."
    if seen.signatures.checked:
        yield f"Both HMACs of {seen.signatures.checked} entries, with the keys given."
    if not seen.replay.stopped:
        yield "The state after every entry, replayed by the rules of the runbook, and compared with its flags."
    elif seen.replay.stopped > 1:
        yield f"The state after every entry up to {seen.replay.stopped - 1}, replayed by the rules of the runbook."
    uncompared = seen.anchors.uncompared()
    if seen.stated is not None and seen.verifier is not None:
        yield f"The checkpoint's signature, by the key of {seen.verifier.name}."
    if seen.stated is not None and seen.stated.size not in uncompared:
        yield f"The Merkle root of the checkpoint, over {seen.stated.size} entries."
    compared = [str(head.size) for head in seen.heads if head.size not in uncompared]
    if compared:
        yield f"The Merkle root of the heads that were kept, at {', '.join(compared)} entries."


def said_not_checked(seen: Seen) -> Iterator[str]:
    """What was not looked at, and what could therefore be wrong all the same."""
    yield from _about_evidence(seen)
    if not seen.signatures.given:
        yield "HMACs: no key was given. Who holds none can still rely on the checkpoint."
    if seen.replay.stopped:
        yield (
            f"The state from entry {seen.replay.stopped} on: what is missing or damaged there decides what may follow, "
            "so later entries cannot be called wrong or right by the rules of the runbook."
        )
    if seen.replay.unknown:
        yield (
            f"{seen.replay.unknown} entries of kinds that this version does not know: their bytes were checked, what "
            "they say was not."
        )
    if seen.replay.unjudged:
        yield (
            f"{seen.replay.unjudged} more entries that do not fit their rollback: an entry before them is false, "
            "missing or not known here, so that they cannot be judged one by one."
        )
    for size in seen.anchors.uncompared():
        yield f"The Merkle root over {size} entries: entry {seen.anchors.broken} is missing."
    if seen.people:
        counts = ", ".join(
            f"{count} {name or 'unknown'} ({_VOUCHED.get(name, 'not known here')})"
            for name, count in sorted(seen.people.items())
        )
        yield (
            "Who the people are: entries name an actor, and the ledger's server alone vouches for that. "
            f"Entries by how the actor was known: {counts}."
        )
    yield "Artefacts: entries name them by digest; the files themselves were not looked at."
    if erased := seen.replay.erased:
        entries = ", ".join(str(entry) for entry in erased[:20]) + (" …" if len(erased) > 20 else "")
        yield f"{len(erased)} long texts, because two people erased each on purpose (entries {entries}): not missing."


def _about_evidence(seen: Seen) -> Iterator[str]:
    if not seen.checkpoint_given:
        yield "The end: no checkpoint was given, so a cut tail, or everything written anew, would not show."
    elif seen.stated is None:
        yield "The end: the checkpoint given cannot be relied on, so a cut tail would not show."
    elif seen.verifier is None:
        yield "The checkpoint's signature: no verifier key was given, so whoever made the log may have made it too."
    if not seen.heads:
        yield (
            "Whether the holder of all keys wrote everything anew is not excluded: only a head that somebody else kept "
            "would show it."
        )
