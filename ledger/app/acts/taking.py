"""Taking an act, whichever way it comes in: its guards first, then its fields, then what it does.

Pages, commands and machines all take acts through :func:`prepare`; nothing else runs one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ledger.app.acts.act import Act, Taking
from ledger.app.acts.fields import Called, Given, read
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, Say
from ledger.domain.command import Actor
from ledger.domain.state import Rollback
from ledger.errors import Refused
from ledger.said import Said

if TYPE_CHECKING:  # a command at a terminal waits for no hashing library
    from ledger.app.people.accounts import Accounts

AT_THE_MACHINE = ("os", "lab")
"""Who acts so has just proved to the machine who they are: its login stands for the password."""


@dataclass(frozen=True)
class Proof:
    """What a person gave to show that it is they, and that they mean it."""

    password: str = ""
    ticket: str = ""
    """The rollback's ticket or id, as it was typed."""
    accounts: Accounts | None = None
    """Where the password is looked up."""


@dataclass(frozen=True)
class Ready:
    """An act whose guards are passed and whose fields are fit."""

    act: Act
    taking: Taking

    def run(self, say: Say = lambda _: None) -> Outcome:
        """Do it; each line of progress goes to ``say``."""
        return self.act.run(self.taking.telling(say))


def prepare(
    act: Act, installation: Installation, press: Press, rollback: Rollback, given: Given, proof: Proof, called: Called
) -> Ready:
    """The act, ready to be run. ``Refused`` where a guard is not passed or a field not fit: then nothing was done.

    Whether this person may do it now is decided with the entry, by the rules of the runbook.
    """
    require(act, press.actor, rollback, proof)
    return Ready(act, Taking(installation, press, rollback, read(act.fields, given, called)))


def require(act: Act, actor: Actor, rollback: Rollback, proof: Proof) -> None:
    """``Refused`` where the act's guard is not passed."""
    if act.guard == "password":
        require_password(actor, proof)
    wanted = rollback.ticket or rollback.id
    if act.guard == "ticket" and proof.ticket.strip() not in (wanted, rollback.id):
        raise Refused(Said("type {} to show that you mean this rollback; nothing was done", wanted))


def require_password(actor: Actor, proof: Proof) -> None:
    """``Refused`` where who is not at the machine did not give the password again."""
    if actor.auth in AT_THE_MACHINE:
        return
    if proof.accounts is None:
        raise Refused("this needs the password again, and no account was named")
    proof.accounts.check(actor.person, proof.password)
