"""Opening a rollback: the one act that has none to be done to."""

from __future__ import annotations

from ledger.app.acts.act import Field
from ledger.app.acts.fields import Called, Given, read
from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.app.steps.common import Outcome
from ledger.app.words import mark
from ledger.domain.runbook import COMPONENTS, PURPOSES

FIELDS = (
    Field("ticket", mark("Ticket"), required=True, hint=mark("e.g. INC-2042: it becomes the rollback's id")),
    Field("purpose", mark("Purpose"), "choice", required=True, usual="incident", among=PURPOSES),
    Field("reason", mark("Reason"), "long", required=True),
    Field("component", mark("Component"), "choice", required=True, usual="multi_strategy", among=tuple(COMPONENTS)),
    Field("channel", mark("Announced in")),
    Field("start", mark("Window begins (UTC)"), "when", hint=mark("Empty: now. Planned work is opened ahead.")),
    Field("window", mark("Window lasts"), "duration", presets=("1h", "2h", "4h")),
    Field("expected", mark("Alerts that a load test will raise"), "choices", also=("expect-alert",)),
    Field("permalink", mark("Link to the announcement")),
)


def open_rollback(installation: Installation, press: Press, given: Given, called: Called) -> Outcome:
    """Step 0: register the ticket and announce the window. ``Refused`` where a field is not fit or a rule says no."""
    return opening.open_rollback(installation, press, **read(FIELDS, given, called))
