"""Step 9: in plain sentences, what was checked, and what was not and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Verifier
from ledger.verify.anchors import Anchors
from ledger.verify.backwards import Backwards
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
    """All heads: those given as they are, and those of checkpoints that were kept (``notes``)."""
    notes: Sequence[Head]
    anchors: Anchors
    backwards: Backwards
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
    unjudged = seen.replay.unknown + seen.replay.unjudged
    if seen.replay.stopped:
        if seen.replay.stopped > 1:
            yield f"The state as far as entry {seen.replay.stopped - 1}, replayed by the rules of the runbook."
    elif unjudged:
        yield (
            f"The state after {seen.entries - unjudged} of {seen.entries} entries, replayed by the rules of the "
            f"runbook, and compared with their flags; {unjudged} could not be judged."
        )
    else:
        yield (
            "The state after every entry, who may do what, and what a verdict needs, replayed by the rules of the "
            "runbook, and compared with its flags."
        )
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
    if seen.backwards.lines:
        yield "Everything else: the lines stand newest first, and an entry is judged by those before it."
        return
    yield from _about_evidence(seen)
    yield from _about_keys(seen)
    yield from _about_state(seen.replay)
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


def _about_keys(seen: Seen) -> Iterator[str]:
    if not seen.signatures.given:
        yield "HMACs: no key was given. Who holds none can still rely on the checkpoint."
    if seen.signatures.wrong:
        yield f"HMACs of {seen.signatures.wrong} entries: no key given signed them."


def _about_state(replay: Replay) -> Iterator[str]:
    if replay.stopped:
        yield (
            f"The state from entry {replay.stopped} on: what is missing or damaged there decides what may follow, "
            "so later entries cannot be called wrong or right by the rules of the runbook."
        )
    if replay.unknown:
        yield (
            f"{replay.unknown} entries of kinds that this version does not know: their bytes were checked, what "
            "they say was not."
        )
    if replay.unjudged:
        yield (
            f"{replay.unjudged} more entries that do not fit their rollback: an entry before them is false, "
            "missing or not known here, so that they cannot be judged one by one."
        )
    if replay.unranked:
        yield (
            f"Roles and verdicts of {replay.unranked} entries: one before them is false or not known here, and "
            "may have granted or ended what they rest on."
        )


def _about_evidence(seen: Seen) -> Iterator[str]:
    if not seen.checkpoint_given:
        yield "The end: no checkpoint was given, so a cut tail, or everything written anew, would not show."
    elif seen.stated is None:
        yield "The end: the checkpoint given cannot be relied on, so a cut tail would not show."
    elif seen.verifier is None:
        yield "The checkpoint's signature: no verifier key was given, so whoever made the log may have made it too."
    if seen.notes and seen.verifier is None:
        sizes = ", ".join(str(head.size) for head in seen.notes)
        yield (
            f"The signature of the checkpoints that were kept, at {sizes} entries: no verifier key was given, so "
            "whoever made the log may have made them too."
        )
    if not seen.heads or (seen.verifier is None and len(seen.notes) == len(seen.heads)):
        yield (
            "Whether the holder of all keys wrote everything anew is not excluded: only a head that somebody else kept "
            "would show it."
        )
