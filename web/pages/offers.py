"""Acts as they are offered to a person: whether they may, what would come of it, and until when it would last."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from ledger.app.acts import Act
from ledger.app.acts.act import Asking
from ledger.app.durations import parse_duration
from ledger.app.reading.eligibility import Answer, may
from ledger.domain.command import Command
from ledger.domain.silencing.decide import latest_end
from ledger.errors import Refused
from web.pages import previews


class Length(NamedTuple):
    """A duration that people mostly choose, and when what lasts so long would end."""

    text: str
    ends: datetime
    seconds: int
    """What it counts from now; 0 where it counts from a moment that stands."""


@dataclass(frozen=True)
class Offered:
    """One act as it is offered to this person now."""

    act: Act
    answer: Answer
    preview: dict[str, Any] | None
    """What its preview shows; None where it has none."""
    lengths: tuple[Length, ...] = ()
    ends: datetime | None = None
    """When what it does would end, with the duration that its form shows."""
    typed: str = ""
    """A duration that somebody types just now: this is the preview of it."""

    @property
    def foreign(self) -> bool:
        """Another role's button, beside the step's own: it is not there at all."""
        return not self.act.main and self.answer.needs_role

    @property
    def lasts(self) -> bool:
        """Whether its form asks for how long."""
        return _duration_of(self.act) is not None


def offer(act: Act, asking: Asking, duration: str = "") -> Offered:
    """The act as decided on now; ``duration`` is one that is being typed."""
    field = _duration_of(act)
    if field is not None and duration.strip() == field.default(asking):
        duration = ""
    try:
        command, wrong = _command(act, asking, duration), ""
    except (Refused, OverflowError) as error:
        command, wrong = act.probe(asking), str(error)
    answer = may(asking.installation.state, asking.actor, command, asking.rollback.id, asking.at)
    preview = previews.PREVIEWS[act.name](asking, answer) if act.name in previews.PREVIEWS else None
    if wrong:
        return Offered(act, Answer(why_not=wrong), preview, typed=duration)
    ends = _ENDS[act.name](asking, command) if act.name in _ENDS else None
    return Offered(act, answer, preview, tuple(_lengths(act, asking)), ends, duration)


def _duration_of(act: Act) -> Any:
    return next((field for field in act.asked if field.kind == "duration"), None)


def _command(act: Act, asking: Asking, duration: str) -> Any:
    """The command of a press; with the form's own duration where it asks for one."""
    command = act.probe(asking)
    if act.name not in _LASTING:
        return command
    field = _duration_of(act)
    typed = duration.strip() or ("" if act.name in _BY_ITSELF else field.default(asking))
    return _LASTING[act.name](asking, command, timedelta(seconds=parse_duration(typed))) if typed else command


_BY_ITSELF: Final = ("silence", "disable")
"""Acts whose command has its end already where nobody names one: the configured one, or none."""
_LASTING: Final[Mapping[str, Callable[[Asking, Any, timedelta], Command]]] = {
    "silence": lambda asking, command, lasts: replace(command, ends_at=asking.at + lasts),
    "disable": lambda asking, command, lasts: replace(command, expires_at=asking.at + lasts),
    "watch": lambda asking, command, lasts: replace(
        command, starts_at=asking.at, duration_seconds=int(lasts.total_seconds())
    ),
    "extend-silence": lambda _, command, lasts: replace(command, seconds=int(lasts.total_seconds())),
    "extend-window": lambda asking, command, lasts: replace(command, window_end=asking.rollback.window_end + lasts),
}
"""The command of an act that lasts, with how long."""
_ENDS: Final[Mapping[str, Callable[[Asking, Any], datetime | None]]] = {
    "silence": lambda _, command: command.ends_at,
    "disable": lambda _, command: command.expires_at,
    "watch": lambda asking, command: asking.at + timedelta(seconds=command.duration_seconds),
    "extend-silence": lambda asking, command: (
        asking.rollback.silence.ends_at and asking.rollback.silence.ends_at + timedelta(seconds=command.seconds)
    ),
    "extend-window": lambda _, command: command.window_end,
}


def _lengths(act: Act, asking: Asking) -> list[Length]:
    """What people mostly choose; a silence no longer than it may last."""
    field = _duration_of(act)
    if field is None or act.name not in _ENDS:
        return []
    rollback = asking.rollback
    stands = {"extend-silence": rollback.silence.ends_at, "extend-window": rollback.window_end}.get(act.name)
    start, last = stands or asking.at, latest_end(rollback) if act.name == "silence" else None
    found = []
    for text in field.presets:
        seconds = parse_duration(text)
        ends = start + timedelta(seconds=seconds)
        if last is None or ends <= last:
            found.append(Length(text, ends, 0 if stands else seconds))
    return found
