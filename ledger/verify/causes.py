"""The permanent names of what can be wrong. Never reused: reports are kept, and the tamper matrix refers to them."""

from __future__ import annotations

from enum import StrEnum


class Cause(StrEnum):
    """One kind of finding; :data:`EXPLAINED` has a sentence for each."""

    EMPTY = "empty"
    DAMAGED_ARCHIVE = "damaged_archive"
    NOT_TERMINATED = "not_terminated"
    TOO_LONG = "too_long"
    CARRIAGE_RETURN = "carriage_return"
    BYTE_ORDER_MARK = "byte_order_mark"
    NOT_UTF8 = "not_utf8"
    NOT_CANONICAL = "not_canonical"
    MALFORMED = "malformed"
    SEQUENCE_GAP = "sequence_gap"
    SEQUENCE_WRONG = "sequence_wrong"
    DUPLICATE_LINE = "duplicate_line"
    OUT_OF_ORDER = "out_of_order"
    REVERSED_ORDER = "reversed_order"
    FOREIGN_LINE = "foreign_line"
    CHAIN_BROKEN = "chain_broken"
    SIGNATURE_WRONG = "signature_wrong"
    CHAIN_SIGNATURE_WRONG = "chain_signature_wrong"
    ALGORITHM_DIFFERS = "algorithm_differs"
    UNKNOWN_KEY = "unknown_key"
    WRONG_KEY = "wrong_key"
    KEY_RENAMED = "key_renamed"
    TIME_GOES_BACK = "time_goes_back"
    WRONG_STAGE = "wrong_stage"
    WRONG_ORIGIN = "wrong_origin"
    CHECKPOINT_KEY_DIFFERS = "checkpoint_key_differs"
    EVENT_MALFORMED = "event_malformed"
    IMPOSSIBLE_TRANSITION = "impossible_transition"
    ROLLBACK_ENTRY_GAP = "rollback_entry_gap"
    CONFIRMATION_MISMATCH = "confirmation_mismatch"
    WRONG_INCIDENT = "wrong_incident"
    FLAGS_LIE = "flags_lie"
    MARKS_LIE = "marks_lie"
    ROLE_WITHOUT_RIGHT = "role_without_right"
    ROLE_NOT_HELD = "role_not_held"
    VERDICT_LIES = "verdict_lies"
    STEP_TOO_EARLY = "step_too_early"
    CHECKPOINT_MALFORMED = "checkpoint_malformed"
    CHECKPOINT_ORIGIN = "checkpoint_origin"
    CHECKPOINT_SIGNATURE = "checkpoint_signature"
    CUT = "cut"
    ROOT_DIFFERS = "root_differs"
    NOT_COVERED = "not_covered"
    HEAD_DIFFERS = "head_differs"
    HEAD_BEYOND = "head_beyond"
    HEAD_MALFORMED = "head_malformed"
    HEAD_ORIGIN = "head_origin"
    HEAD_SIGNATURE = "head_signature"


EXPLAINED: dict[Cause, str] = {
    Cause.EMPTY: "There is no entry at all; an empty log proves nothing.",
    Cause.DAMAGED_ARCHIVE: "The gzip data are damaged, cut, or followed by something else.",
    Cause.NOT_TERMINATED: "The last line has no newline: it was torn, edited, or copied while it was being written.",
    Cause.TOO_LONG: "A line is longer than 65,535 bytes.",
    Cause.CARRIAGE_RETURN: "Lines end in carriage return and newline; the file was converted.",
    Cause.BYTE_ORDER_MARK: "The file begins with a byte order mark; an editor saved it.",
    Cause.NOT_UTF8: "A line is not UTF-8.",
    Cause.NOT_CANONICAL: "A line is JSON but not canonical: spaces, order, duplicate keys, floats, escapes.",
    Cause.MALFORMED: "A line is not JSON, or JSON that is no entry.",
    Cause.SEQUENCE_GAP: "Entries are missing.",
    Cause.SEQUENCE_WRONG: "A line stands in an entry's place but claims another sequence.",
    Cause.DUPLICATE_LINE: "A line stands there twice.",
    Cause.OUT_OF_ORDER: "Lines stand in another order than their sequences say.",
    Cause.REVERSED_ORDER: "The lines stand newest first; nothing else could be judged.",
    Cause.FOREIGN_LINE: "A line was inserted: it takes no entry's place, or one that another line holds.",
    Cause.CHAIN_BROKEN: "An entry names other bytes than those of the line before it.",
    Cause.SIGNATURE_WRONG: "An entry's HMAC is not that of the key given.",
    Cause.CHAIN_SIGNATURE_WRONG: "An entry's HMAC over origin, sequence and previous is not that of the key given.",
    Cause.ALGORITHM_DIFFERS: "An entry's HMAC algorithm is not the one of the key given or of the first entry.",
    Cause.UNKNOWN_KEY: "Entries name a key that was not given.",
    Cause.WRONG_KEY: "The HMAC key given signed no entry of this ledger.",
    Cause.KEY_RENAMED: "An entry names another key than the one that signed it; no signature covers that name.",
    Cause.TIME_GOES_BACK: "An entry is older than the one before it.",
    Cause.WRONG_STAGE: "An entry is of another stage than the first one.",
    Cause.WRONG_ORIGIN: "An entry is of another ledger.",
    Cause.CHECKPOINT_KEY_DIFFERS: "The ledger's first entry names another checkpoint key than the one given.",
    Cause.EVENT_MALFORMED: "An entry's event has missing, unknown or wrong fields.",
    Cause.IMPOSSIBLE_TRANSITION: "An entry tells of something that cannot follow from the entries before it.",
    Cause.ROLLBACK_ENTRY_GAP: "A rollback's own numbering has a gap: one of its entries was left out.",
    Cause.CONFIRMATION_MISMATCH: "A confirmation does not name the rollback's opening line.",
    Cause.WRONG_INCIDENT: "An entry's incident id is not its rollback's ticket.",
    Cause.FLAGS_LIE: "An entry's runtime flags are not the state that the entries give.",
    Cause.MARKS_LIE: "An entry's marks are not those of the grants and password resets before it.",
    Cause.ROLE_WITHOUT_RIGHT: "An entry tells of something that its role may not do.",
    Cause.ROLE_NOT_HELD: "An entry claims a role that the person does not hold by the entries before.",
    Cause.VERDICT_LIES: "An entry's verdict is pass although what it records gives another.",
    Cause.STEP_TOO_EARLY: "A step was taken before the one before it had passed, without emergency or waiver.",
    Cause.CHECKPOINT_MALFORMED: "The checkpoint is no signed note of three lines.",
    Cause.CHECKPOINT_ORIGIN: "The checkpoint is of another ledger.",
    Cause.CHECKPOINT_SIGNATURE: "The checkpoint is not signed by the key given.",
    Cause.CUT: "There are fewer entries than the checkpoint says: the end was cut off, or both were copied apart.",
    Cause.ROOT_DIFFERS: "The entries do not give the checkpoint's Merkle root.",
    Cause.NOT_COVERED: "Entries stand beyond the checkpoint, or none was given. No accusation where they are right.",
    Cause.HEAD_DIFFERS: "The entries do not give the root of a head that was kept.",
    Cause.HEAD_BEYOND: "There are fewer entries than a head that was kept says.",
    Cause.HEAD_MALFORMED: "A checkpoint that was kept is no signed note of three lines.",
    Cause.HEAD_ORIGIN: "A checkpoint that was kept is of another ledger.",
    Cause.HEAD_SIGNATURE: "A checkpoint that was kept is not signed by the key given.",
}


REPLAYED = frozenset(
    {
        Cause.EVENT_MALFORMED,
        Cause.IMPOSSIBLE_TRANSITION,
        Cause.ROLLBACK_ENTRY_GAP,
        Cause.CONFIRMATION_MISMATCH,
        Cause.WRONG_INCIDENT,
        Cause.FLAGS_LIE,
        Cause.MARKS_LIE,
        Cause.ROLE_WITHOUT_RIGHT,
        Cause.ROLE_NOT_HELD,
        Cause.VERDICT_LIES,
        Cause.STEP_TOO_EARLY,
    }
)
"""What the replay by the rules of the runbook finds."""
