"""Step 9: in plain sentences, what was checked, and what was not and what that means."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from ledger.proof.checkpoint import Checkpoint
from ledger.proof.note import Verifier
from ledger.said import Said
from ledger.verify.anchors import Anchors
from ledger.verify.backwards import Backwards
from ledger.verify.causes import REPLAYED, Cause
from ledger.verify.findings import Findings
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


_FORM = frozenset(
    {
        Cause.EMPTY,
        Cause.DAMAGED_ARCHIVE,
        Cause.NOT_TERMINATED,
        Cause.TOO_LONG,
        Cause.CARRIAGE_RETURN,
        Cause.BYTE_ORDER_MARK,
        Cause.NOT_UTF8,
        Cause.NOT_CANONICAL,
        Cause.MALFORMED,
        Cause.SEQUENCE_GAP,
        Cause.SEQUENCE_WRONG,
        Cause.DUPLICATE_LINE,
        Cause.OUT_OF_ORDER,
        Cause.REVERSED_ORDER,
        Cause.FOREIGN_LINE,
        Cause.CHAIN_BROKEN,
        Cause.TIME_GOES_BACK,
        Cause.WRONG_STAGE,
        Cause.WRONG_ORIGIN,
        Cause.EVENT_MALFORMED,
    }
)
_HMACS = frozenset(
    {
        Cause.SIGNATURE_WRONG,
        Cause.CHAIN_SIGNATURE_WRONG,
        Cause.ALGORITHM_DIFFERS,
        Cause.WRONG_KEY,
        Cause.KEY_RENAMED,
    }
)
_CHECKPOINT = frozenset(
    {Cause.CHECKPOINT_MALFORMED, Cause.CHECKPOINT_ORIGIN, Cause.CHECKPOINT_SIGNATURE, Cause.CHECKPOINT_KEY_DIFFERS}
)
_ROOT = frozenset({Cause.CUT, Cause.ROOT_DIFFERS})


class Seen(Protocol):
    """What a verification knows at its end."""

    entries: int
    findings: Findings
    verifier: Verifier | None
    checkpoint_given: bool
    stated: Checkpoint | None
    heads: Sequence[Head]
    """All heads: those given as they are, and those of checkpoints that were kept (``notes``)."""
    notes: Sequence[Head]
    foreign: dict[str, int]
    """Heads that were found and are of another ledger -> how many."""
    anchors: Anchors
    backwards: Backwards
    signatures: Signatures
    replay: Replay
    people: dict[str, int]


def said_checked(seen: Seen) -> Iterator[str]:
    """What was looked at and found to be right: no sentence is here that a finding contradicts."""
    if not seen.entries:
        return
    wrong = seen.findings.accused()
    if not wrong & _FORM:
        yield Said("Form, order and chain of {} entries: each names the bytes of the one before it.", seen.entries)
    if seen.signatures.checked and not wrong & _HMACS:
        yield Said("Both HMACs of {} entries, with the keys given.", seen.signatures.checked)
    if not wrong & REPLAYED:
        yield from _said_of_state(seen)
    yield from _said_of_anchors(seen, wrong)


def _said_of_state(seen: Seen) -> Iterator[str]:
    unjudged = seen.replay.unknown + seen.replay.unjudged
    if seen.replay.stopped:
        if seen.replay.stopped > 1:
            yield Said("The state as far as entry {}, replayed by the rules of the runbook.", seen.replay.stopped - 1)
    elif unjudged:
        yield (
            Said(
                "The state after {} of {} entries, replayed by the rules of the runbook, and compared "
                "with their flags; {} could not be judged.",
                seen.entries - unjudged,
                seen.entries,
                unjudged,
            )
        )
    else:
        yield (
            "The state after every entry, who may do what, and what a verdict needs, replayed by the rules of the "
            "runbook, and compared with its flags."
        )


def _said_of_anchors(seen: Seen, wrong: set[str]) -> Iterator[str]:
    if seen.stated is not None and seen.verifier is not None and not wrong & _CHECKPOINT:
        yield Said("The checkpoint's signature, by the key of {}.", seen.verifier.name)
    if seen.stated is not None and seen.stated.size in seen.anchors.agreed and not wrong & _ROOT:
        yield Said("The Merkle root of the checkpoint, over {} entries.", seen.stated.size)
    compared = [str(head.size) for head in seen.heads if head.size in seen.anchors.agreed]
    if compared:
        yield Said("The Merkle root of the heads that were kept, at {} entries.", ", ".join(compared))


def said_not_checked(seen: Seen) -> Iterator[str]:
    """What was not looked at, and what could therefore be wrong all the same."""
    if seen.backwards.lines:
        yield "Everything else: the lines stand newest first, and an entry is judged by those before it."
        return
    yield from _about_evidence(seen)
    yield from _about_keys(seen)
    yield from _about_state(seen.replay)
    for size in seen.anchors.uncompared():
        yield Said("The Merkle root over {} entries: entry {} is missing.", size, seen.anchors.broken)
    if seen.people:
        counts = ", ".join(
            f"{count} {name or 'unknown'} ({_VOUCHED.get(name, 'not known here')})"
            for name, count in sorted(seen.people.items())
        )
        yield (
            Said(
                "Who the people are: entries name an actor, and the ledger's server alone vouches for "
                "that. Entries by how the actor was known: {}.",
                counts,
            )
        )
    yield "Artefacts: entries name them by digest; the files themselves were not looked at."
    if erased := seen.replay.erased:
        entries = ", ".join(str(entry) for entry in erased[:20]) + (" …" if len(erased) > 20 else "")
        yield Said(
            "{} long texts, because two people erased each on purpose (entries {}): not missing.", len(erased), entries
        )


def _about_keys(seen: Seen) -> Iterator[str]:
    if not seen.signatures.given:
        yield "HMACs: no key was given. Who holds none can still rely on the checkpoint."
    if seen.signatures.wrong:
        yield Said("HMACs of {} entries: no key given signed them.", seen.signatures.wrong)


def _about_state(replay: Replay) -> Iterator[str]:
    if replay.stopped:
        yield (
            Said(
                "The state from entry {} on: what is missing or damaged there decides what may follow, "
                "so later entries cannot be called wrong or right by the rules of the runbook.",
                replay.stopped,
            )
        )
    if replay.unknown:
        yield (
            Said(
                "{} entries of kinds that this version does not know: their bytes were checked, what they say was not.",
                replay.unknown,
            )
        )
    if replay.unjudged:
        yield (
            Said(
                "{} more entries that do not fit their rollback: an entry before them is false, missing "
                "or not known here, so that they cannot be judged one by one.",
                replay.unjudged,
            )
        )
    if replay.unranked:
        yield (
            Said(
                "Roles and verdicts of {} entries: one before them is false or not known here, and may "
                "have granted or ended what they rest on.",
                replay.unranked,
            )
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
            Said(
                "The signature of the checkpoints that were kept, at {} entries: no verifier key was "
                "given, so whoever made the log may have made them too.",
                sizes,
            )
        )
    for origin, number in seen.foreign.items():
        yield Said("{} heads that were found: they are of another ledger, {}.", number, origin)
    if not seen.heads or (seen.verifier is None and len(seen.notes) == len(seen.heads)):
        yield (
            "Whether the holder of all keys wrote everything anew is not excluded: only a head that somebody else kept "
            "would show it."
        )
