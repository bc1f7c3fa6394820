"""The offline verifier: an auditor's answer to "was anything edited, cut or inserted?", from the file alone.

It trusts nothing but the keys and heads it is given, reports every finding and not only the first, and says what it did
not check. One fault gives one finding, or the few that are independent evidence of it; it never cascades.

Steps, referred to by number in the comments of this package:

0. Open the checkpoint with the verifier key (`anchors`).
1. Cut the bytes into lines: length, newline, carriage return, byte order mark (`lines`).
2. Parse each line: UTF-8, canonical, of the form (`lines`).
3. Put the lines in the ledger's order: missing, twice, swapped, not ours (`order`), newest first (`backwards`).
4. Check each entry's ``chain.previous`` against the line before it (`check`).
5. Check both HMACs of each entry, where keys are given (`signatures`).
6. Check stage, origin, keys named by the first entry, and that time never goes back (`check`).
7. Replay the state machine: events, transitions, numbering, confirmations, flags (`replay`).
8. Grow the Merkle tree; compare its root with the checkpoint and with every kept head (`anchors`).
9. Say what was found, what was checked, and what was not and what that means (`report`).
"""

from ledger.verify.causes import EXPLAINED, Cause
from ledger.verify.check import verify
from ledger.verify.mentions import find_heads
from ledger.verify.report import Finding, Head, Outcome, Report, head_line, parse_head
from ledger.verify.source import open_log

__all__ = [
    "EXPLAINED",
    "Cause",
    "Finding",
    "Head",
    "Outcome",
    "Report",
    "find_heads",
    "head_line",
    "open_log",
    "parse_head",
    "verify",
]
