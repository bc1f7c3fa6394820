"""The stop within its budget: through the ledger where that answers, without it where it fails or takes too long."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ledger.app.steps.common import Outcome
from ledger.errors import Refused, Undecidable
from ledger.stop import Stopped

BUDGET = 1.5
"""Seconds that the ledger has; what is left of the two is for the standard library's way."""
LEDGER_THREAD = "the stop through the ledger"


def stop_in_time(
    through_ledger: Callable[[], Outcome],
    without: Callable[[str], Stopped],
    rules_said: Callable[[], bool],
    budget: float = BUDGET,
) -> Outcome | Stopped:
    """The outcome, or what ``without`` did when it was told why the ledger was passed over.

    A rule that says no is final: ``Refused`` is raised where ``rules_said`` it came from the rules and not from keys or
    a configuration that cannot be used. The other way round nothing of the ledger may stop the stop.
    """
    found: list[Outcome | Exception] = []

    def attempt() -> None:
        try:
            found.append(through_ledger())
        except Exception as error:  # noqa: BLE001 (whatever it is, the stop must happen)
            found.append(error)

    thread = threading.Thread(target=attempt, daemon=True, name=LEDGER_THREAD)
    thread.start()
    thread.join(budget)
    result = found[0] if found else TimeoutError(f"the ledger did not answer within {budget} s")
    if isinstance(result, Outcome):
        return result
    if isinstance(result, Refused) and not isinstance(result, Undecidable) and rules_said():
        raise result
    return without(str(result))
