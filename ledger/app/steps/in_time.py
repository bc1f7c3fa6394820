"""The stop of a server within its budget: through the ledger where that answers, without it where it does not."""

from __future__ import annotations

import threading
from collections.abc import Callable

from ledger.app.steps.common import Outcome
from ledger.errors import NotYours
from ledger.said import Said
from ledger.stop import Stopped, stop_without_ledger

__all__ = ["Stopped", "stop_in_time", "stop_without_ledger"]

BUDGET = 1.5
"""Seconds that the ledger has; what is left of the two is for the standard library's way."""


def stop_in_time(
    through_ledger: Callable[[], Outcome], without: Callable[[str], Stopped], budget: float = BUDGET
) -> Outcome | Stopped:
    """The outcome, or what ``without`` did when it was told why the ledger was passed over.

    Nothing that the ledger says or fails at stops the stop, but for ``NotYours``: who signed in as an auditor changes
    nothing.
    """
    outcomes: list[Outcome | Exception] = []

    def attempt() -> None:
        try:
            outcomes.append(through_ledger())
        except Exception as error:  # noqa: BLE001 (whatever it is, the stop must happen)
            outcomes.append(error)

    thread = threading.Thread(target=attempt, daemon=True, name="the stop through the ledger")
    try:
        thread.start()
    except RuntimeError as error:  # too many processes: the way without the ledger needs none
        return without(str(error))
    thread.join(budget)
    result = outcomes[0] if outcomes else TimeoutError(Said("the ledger did not answer within {} s", budget))
    if isinstance(result, Outcome):
        return result
    if isinstance(result, NotYours):
        raise result
    return without(str(result) or type(result).__name__)
