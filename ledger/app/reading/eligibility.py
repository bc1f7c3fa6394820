"""May this person do that now, and what would come of it: a decision that is not recorded.

The same pure ``decide`` that judges the real press, so a button cannot promise what the rules refuse.
"""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from ledger.domain.command import Actor, Command, Request
from ledger.domain.decide import decide
from ledger.domain.rules import Decided
from ledger.domain.state import State
from ledger.errors import Conflict, NotYours, Refused


class Answer(NamedTuple):
    """What ``decide`` would say."""

    events: tuple[Decided, ...] = ()
    why_not: str = ""
    owed: tuple[str, ...] = ()

    needs_role: bool = False
    """The person does not hold the role that it takes."""

    @property
    def yes(self) -> bool:
        """Whether it would be done."""
        return not self.why_not


def may(state: State, actor: Actor, command: Command, rollback: str, at: datetime) -> Answer:
    """Decide without recording."""
    request = Request(command=command, actor=actor, at=at, id="asking", rollback=rollback)
    try:
        return Answer(decide(state, request))
    except NotYours as error:
        return Answer(why_not=str(error), needs_role=True)
    except Refused as error:
        return Answer(why_not=str(error), owed=error.owed)
    except Conflict as error:
        return Answer(why_not=str(error))
