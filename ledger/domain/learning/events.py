"""What was learnt from a rollback, also after it was closed. Nothing of it changes a verdict."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar, Literal

from ledger.domain.event import Event, event


@event
class FindingAdded(Event):
    """What contributed to the incident, or a lesson of it, in a person's words."""

    status: ClassVar[str] = "finding_added"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "added a {finding}: {text}"
    finding: Literal["contributing factor", "lesson"]
    text: str
    text_sha384: str = ""
    about: int = 0
    """The entry that it is about; 0: none in particular."""


@event
class FollowUpAdded(Event):
    """Something to be done after the incident."""

    status: ClassVar[str] = "follow_up_added"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "added a follow-up for {assignee}, due {due}: {text}"
    text: str
    text_sha384: str = ""
    assignee: str
    """The person who does it, or sees to it."""
    due: datetime
    about: int = 0
    """The entry that it comes from; 0: none in particular."""


@event
class FollowUpFinished(Event):
    """A follow-up is done, or is not to be done any more: the text says which."""

    status: ClassVar[str] = "follow_up_finished"
    after_closing: ClassVar[bool] = True
    sentence: ClassVar[str] = "finished the follow-up of entry {follow_up}: {text}"
    follow_up: int
    text: str
    text_sha384: str = ""
