"""The stop when the ledger cannot be had in time, cannot be written or cannot be decided on: standard library alone.

The override file is written first, then a spool file that says who, why and when; the ledger takes it in later
(``ledger.app.record.spool``). Audit never stands between an operator and the stop, and never forgets it.
"""

from ledger.stop.bare import Stopped, stop_without_ledger
from ledger.stop.cord import Cord, main
from ledger.stop.spool import FORMAT, RESERVE, RESERVE_BYTES, login_uid, sign_spool
from ledger.stop.typed import Typed, parse

__all__ = [
    "FORMAT",
    "RESERVE",
    "RESERVE_BYTES",
    "Cord",
    "Stopped",
    "Typed",
    "login_uid",
    "main",
    "parse",
    "sign_spool",
    "stop_without_ledger",
]
