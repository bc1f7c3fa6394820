"""What an act is: what it asks for, how to ask beforehand whether it may, what it does; and what acts share.

A page makes a form of it, a terminal a command.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps.common import Outcome, Say
from ledger.app.steps.common import act as submit
from ledger.app.words import mark
from ledger.domain.command import Actor, Command
from ledger.domain.event import Event
from ledger.domain.facts import FileSeen, SchedulerSeen
from ledger.domain.rights import RIGHTS
from ledger.domain.runbook import Role
from ledger.domain.state import Rollback

if TYPE_CHECKING:  # what looks at servers is slow to import, and a command's help asks none
    from ledger.app.reading.outlook import Outlook

Kind = Literal["text", "long", "duration", "when", "choice", "choices", "file", "number"]
Guard = Literal["", "password", "ticket"]


@dataclass(frozen=True)
class Field:
    """One thing that an act asks for: a field of a form, an option or argument of a command."""

    name: str
    """``reason``, ``open_points``; the command's option has hyphens."""
    label: str
    kind: Kind = "text"
    required: bool = False
    hint: str = ""
    default: Callable[[Asking], str] = lambda _: ""
    options: Callable[[Asking], Mapping[str, str]] = lambda _: {}
    """For a choice: value -> label."""
    presets: tuple[str, ...] = ()
    """For a duration: what people mostly choose."""
    empty: str = ""
    """What leaving it empty means, in the field's place: nothing else is ever taken for it."""
    usual: str = ""
    """What is taken where nothing was given."""
    among: tuple[str, ...] = ()
    """For a choice whose values never change."""
    also: tuple[str, ...] = ()
    """Other names of the command's option."""
    terminal_only: bool = False
    """A page does not ask for it and takes it as empty."""


@dataclass(frozen=True)
class Asking:
    """What is known when a form is shown: nothing has been asked of the outside for it."""

    installation: Installation
    actor: Actor
    rollback: Rollback
    outlook: Outlook
    at: datetime
    names: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Taking:
    """One press: who, on what, with which values."""

    installation: Installation
    press: Press
    rollback: Rollback
    values: Mapping[str, Any]
    """By field name, as :func:`ledger.app.acts.fields.read` gives them."""
    say: Say = lambda _: None

    def telling(self, say: Say) -> Taking:
        """The same, with its progress told."""
        return replace(self, say=say)


@dataclass(frozen=True)
class Act:
    """One thing that a person can do to a rollback."""

    name: str
    """In the address of the form; the command's name is the same."""
    label: str
    """On the button: a verb with its object."""
    run: Callable[[Taking], Outcome]
    probe: Callable[[Asking], Command]
    """A command like the one that would be submitted, by which ``decide`` is asked beforehand."""
    brings: type[Event]
    """The event that says that it was done, or asked for; who may bring it about may take the act."""
    step: int | None = None
    """The step it belongs to; None: the rollback as a whole."""
    fields: tuple[Field, ...] = ()
    shows: Callable[[Asking], bool] = lambda asking: asking.rollback.is_open
    """Whether it has anything to do with the rollback as it is: false hides it."""
    main: bool = False
    """The step's own act, as against what may be done about it."""
    decided: bool = True
    """Whether it is decided on the rollback as it was seen; a note, a file or a stop is not, and never conflicts."""
    in_review: bool = False
    """Offered by the post-mortem, which who takes it reads first, and not by the rollback's page."""
    guard: Guard = ""
    """Asks for the password again, or for the ticket id to be typed: :mod:`ledger.app.acts.taking`."""
    tone: Literal["", "danger"] = ""
    about: str = ""
    """What it means, in a sentence."""
    preview: str = ""
    """Template of what will happen when it is pressed."""
    example: str = ""
    """What to type after ``stage4 rollback``."""
    command: str = ""
    """The command, where several acts are one that takes the step's number (``step``)."""
    arguments: tuple[str, ...] = ("rollback",)
    """What the command takes by its place; the rollback is an option where it is not among it."""

    @property
    def asked(self) -> tuple[Field, ...]:
        """What a page asks for."""
        return tuple(field for field in self.fields if not field.terminal_only)

    @property
    def roles(self) -> tuple[Role, ...]:
        """Who may, while nobody covers for anybody and no emergency is declared; empty: whose own role it is about."""
        return RIGHTS[self.brings.status].roles


REASON = Field("reason", mark("Reason"), "long", required=True)
TWO_HOURS = ("30m", "1h", "2h", "4h")
NO_DIGEST = "sha384:" + 96 * "0"
"""Stands for an artefact that a press would keep."""


def scheduler_of(asking: Asking) -> SchedulerSeen:
    """The scheduler as it was seen last."""
    return asking.outlook.scheduler or SchedulerSeen("unknown", asking.at, "", error="not asked yet")


def file_of(asking: Asking) -> FileSeen:
    """The override as it was seen last."""
    return asking.outlook.file or FileSeen(asking.rollback.override.path, "absent", asking.at)


def restoring_now(asking: Asking) -> bool:
    """Whether step 5 is due."""
    return asking.rollback.is_open and asking.rollback.restoring


def submits(command: Callable[[Taking], Command]) -> Callable[[Taking], Outcome]:
    """What an act does that gathers nothing outside: it submits one command."""

    def run(taking: Taking) -> Outcome:
        return Outcome(submit(taking.installation, taking.press, command(taking), taking.rollback.id), None)

    return run
