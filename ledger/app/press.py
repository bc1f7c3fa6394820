"""One press: who presses, under which request ids its commands go, and what waits for the decision."""

from __future__ import annotations

import secrets

from ledger.domain.command import Actor


class Press:
    """What one person, or the machine itself, asks for at once: one command or several, in order.

    With a request id they go under ids of its own: the same press sent again repeats the ids, so nothing is done twice.
    Without one each gets a new id, and evidence does not wait.
    """

    def __init__(self, actor: Actor, request_id: str = "", decided_on: int | None = None) -> None:
        self.actor = actor
        self._id = request_id
        self._decided_on = decided_on
        self._count = 0
        self._held: list[bytes] = []

    def next(self) -> tuple[str, int | None]:
        """The next command's request id, and the rollback as the person saw it: its last ``rollback_entry``.

        Only the first is decided on that; None: on the rollback as it is.
        """
        self._count += 1
        first = self._count == 1
        own = self._id if first else f"{self._id}-{self._count}"
        return own if self._id else new_request_id(), self._decided_on if first else None

    @property
    def holds(self) -> bool:
        """Whether evidence waits until something is decided: what is refused then leaves none behind."""
        return bool(self._id)

    def hold(self, data: bytes) -> None:
        """Evidence that nothing has been decided on yet."""
        self._held.append(data)

    def release(self) -> list[bytes]:
        """The evidence that waited; none of it waits any more."""
        held, self._held = self._held, []
        return held


def new_request_id() -> str:
    """A request id that nobody guesses: 32 hex digits."""
    return secrets.token_hex(16)
