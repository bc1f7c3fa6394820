"""What an act is: a button with its form, what it asks for, how to ask beforehand whether it may; what acts share."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from ledger.app.installation import Installation
from ledger.app.outlook import Outlook
from ledger.app.steps.common import Outcome, Say
from ledger.domain.commands import Actor, Command
from ledger.domain.facts import FileSeen, SchedulerSeen
from ledger.domain.state import Rollback
from web.words import mark

Kind = Literal["text", "long", "duration", "when", "choice", "choices", "file", "check", "number"]
Guard = Literal["", "password", "ticket"]


@dataclass(frozen=True)
class Field:
    """One field of a form."""

    name: str
    label: str
    kind: Kind = "text"
    required: bool = False
    hint: str = ""
    default: Callable[[Asking], str] = lambda _: ""
    options: Callable[[Asking], Mapping[str, str]] = lambda _: {}
    """For a choice: value -> label."""
    presets: tuple[str, ...] = ()
    """For a duration: what people mostly choose."""


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
    actor: Actor
    rollback: Rollback
    values: Mapping[str, Any]
    say: Say


@dataclass(frozen=True)
class Act:
    """One thing that a person can do to a rollback."""

    name: str
    """In the address of the form."""
    label: str
    """On the button: a verb with its object."""
    run: Callable[[Taking], Outcome]
    probe: Callable[[Asking], Command]
    """A command like the one that would be submitted, by which ``decide`` is asked beforehand."""
    step: int | None = None
    """The step it belongs to; None: the rollback as a whole."""
    fields: tuple[Field, ...] = ()
    shows: Callable[[Asking], bool] = lambda asking: asking.rollback.is_open
    """Whether it has anything to do with the rollback as it is: false hides it."""
    main: bool = False
    """The step's own act, as against what may be done about it."""
    decided: bool = True
    """Whether it is decided on the rollback as it was seen; a note or a file is not, and never conflicts."""
    guard: Guard = ""
    """Asks for the password again, or for the ticket id to be typed."""
    tone: Literal["", "danger"] = ""
    about: str = ""
    """What it means, in a sentence."""
    preview: str = ""
    """Template of what will happen when it is pressed."""


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
