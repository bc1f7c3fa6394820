"""The words for a review's codes."""

from __future__ import annotations

import re
from typing import Final

from markupsafe import Markup

from ledger.app.review.parts import Debt, Span
from ledger.app.words import mark
from ledger.domain.runbook import STEPS
from ledger.domain.text import visible
from web.i18n import gettext, said

DURATIONS: Final = {
    "to_confirm": mark("to confirm"),
    "to_disable": mark("to disable"),
    "to_silence": mark("to silence"),
    "watched": mark("watched"),
    "to_restore": mark("to restore"),
    "stopped": mark("trading stopped"),
    "open": mark("from opening to closing"),
}
LANES: Final = {
    "scheduler_held": mark("scheduler held"),
    "alerts_silenced": mark("alerts silenced"),
    "alert": mark("alert"),
    "not_observed": mark("not observed"),
    "maintenance_window": mark("maintenance window"),
}
MARKS: Final = {
    "opened": mark("opened"),
    "confirmed": mark("confirmed"),
    "refused": mark("confirmation refused"),
    "emergency": mark("emergency"),
    "removed_outside": mark("override removed outside"),
    "put_back": mark("override put back"),
    "silence_extended": mark("silence extended"),
    "silence_lost": mark("silence lost"),
    "window_extended": mark("window extended"),
    "incident_ended": mark("incident ended"),
    "abort_asked": mark("abort asked for"),
    "all_clear": mark("all-clear"),
    "closed": mark("closed"),
    "aborted": mark("aborted"),
    "note": mark("note"),
}
DEBTS: Final = {
    "late_confirmation": mark("late confirmation or refusal"),
    "longer_window": mark("confirmation of the longer window"),
    "silence_end": mark("end of the silence"),
    "review": mark("review of: %(what)s"),
    "ticket": mark("a ticket"),
    "reason": mark("a reason"),
}
DRIFTS: Final = {
    "override_removed_outside": mark("override removed outside"),
    "override_observed": mark("override changed outside"),
    "scheduler_observed": mark("scheduler not as declared"),
    "foreign_silence_seen": mark("silence made by somebody else"),
    "silence_lost": mark("silence gone"),
    "silence_observed": mark("silence run out"),
}
FOUND: Final = {
    "present": mark("present"),
    "missing": mark("missing"),
    "changed": mark("changed"),
    "erased": mark("erased"),
}
STATES: Final = {"running": mark("so far"), "never": mark("never")}


def lane(code: str, label: str = "") -> str:
    """A lane of the axis: a step's title, an alert's name, or what the code says."""
    if code.startswith("step_"):
        number = int(code.removeprefix("step_"))
        return f"{number} · {gettext(STEPS[number].title)}"
    if code == "not_observed":
        return f"{gettext(LANES[code])}: {label}"
    if code == "drift":
        return gettext(DRIFTS[label])
    return label if code == "alert" else gettext(LANES[code])


def broken(text: str) -> Markup:
    """A long name that may be broken before its capitals and after its dots, for where there is little room."""
    return Markup("<wbr>").join(re.split(r"(?<=[a-z_.])(?=[A-Z])|(?<=[_./])", visible(text)))


def span(one: Span) -> str:
    """One bar in words."""
    verdict = f" — {gettext(one.label)}" if one.label and one.lane.startswith("step_") else ""
    return lane(one.lane, one.label) + verdict


def debt(one: Debt) -> str:
    """What is owed."""
    what = DEBTS[one.code]
    return gettext(what, what=said(one.of)) if one.of else gettext(what)
