"""What will happen when a button is pressed: shown before it is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from ledger.app.acts.act import Asking
from ledger.app.reading.eligibility import Answer
from ledger.app.reading.muting import after_the_end
from ledger.app.steps.common import title
from ledger.domain.facts import AlertSeen
from ledger.domain.judge import is_stage4
from ledger.domain.judge_silences import holds_back, not_known
from ledger.domain.matching import affected
from ledger.domain.stopping.decide import override_content
from ledger.domain.stopping.events import OverrideRequested
from web.i18n import ngettext, said
from web.standing import trading

LISTED = 20
"""Alerts that a preview names; of the rest it says how many they are."""


def titles(alerts: Sequence[AlertSeen]) -> list[str]:
    """The first of the alerts, and how many more there are."""
    named = [said(title(alert)) for alert in alerts[:LISTED]]
    left = len(alerts) - len(named)
    more = ngettext("and %(num)s more alert", "and %(num)s more alerts", left) % {"num": left}
    return [*named, more] if left else named


def confirm(asking: Asking, answer: Answer) -> dict[str, Any]:
    """What is confirmed: ticket, purpose, reason, window, expected alerts."""
    return {"rollback": asking.rollback}


def disable(asking: Asking, answer: Answer) -> dict[str, Any]:
    """The override file's name, path and bytes."""
    asked = next((decided.event for decided in answer.events if isinstance(decided.event, OverrideRequested)), None)
    path = asking.installation.override_path(asking.rollback.component)
    return {"name": path.name, "path": path, "content": override_content(asked).decode() if asked else ""}


def silence(asking: Asking, answer: Answer) -> dict[str, Any]:
    """Which firing alerts it mutes and which it leaves alone."""
    firing = asking.outlook.muted
    wanted = asking.installation.matchers
    muted = affected(wanted, firing or ())
    taken = set(muted)
    left = [
        alert
        for alert in firing or ()
        if is_stage4(alert, (), asking.installation.alerts.pattern) and alert not in taken
    ]
    return {
        "known": firing is not None and asking.outlook.fresh("alertmanager", asking.at),
        "missing": asking.outlook.missing.get("alertmanager"),
        "matchers": [str(matcher) for matcher in wanted],
        "mutes": titles(muted),
        "count": len(muted),
        "leaves": titles(left),
    }


def check(asking: Asking, answer: Answer) -> dict[str, Any]:
    """What the scheduler said last."""
    return {"seen": asking.outlook.scheduler, "missing": asking.outlook.missing.get("scheduler")}


def end_incident(asking: Asking, answer: Answer) -> dict[str, Any]:
    """Whether trading is stopped now, which nothing keeps so but the override."""
    return {"trading": trading(asking.installation.state, asking.outlook, asking.at)}


def restore(asking: Asking, answer: Answer) -> dict[str, Any]:
    """What is removed, who still holds, which alerts will fire, which silences would go on muting."""
    rollback, outlook = asking.rollback, asking.outlook
    ending = [rollback.silence.id, *(muting.silence.id for muting in outlook.muting if muting.owner == rollback.id)]
    loud = after_the_end(outlook.members, asking.installation.labels, ending)
    others = [holder.id for holder in asking.installation.state.holders if holder.id != rollback.id]
    waits = {muting.silence.id for muting in holds_back(rollback, outlook.muting) if muting.owner != rollback.id}
    unknown = not_known(rollback, outlook.members, outlook.unlisted)
    return {
        "path": rollback.override.path,
        "name": rollback.override.path.rpartition("/")[2],
        "removed": rollback.override.removed_at,
        "others": others,
        "fires": loud.will_fire,
        "stays": loud.stay_muted,
        "known": outlook.fresh("alertmanager", asking.at),
        "missing": outlook.missing.get("alertmanager"),
        "muting": [muting for muting in outlook.muting if muting.silence.id not in ending],
        "waits": waits,
        "unknown": unknown,
        "withheld": waits or unknown,
        "silence": rollback.silence,
    }


def complete(asking: Asking, answer: Answer) -> dict[str, Any]:
    """The closing entry's checklist."""
    checklist = next((getattr(decided.event, "checklist", ()) for decided in answer.events), ())
    return {"checklist": checklist, "summary": asking.rollback.summary_sha384}


PREVIEWS: dict[str, Callable[[Asking, Answer], dict[str, Any]]] = {
    "confirm": confirm,
    "disable": disable,
    "silence": silence,
    "check": check,
    "end-incident": end_incident,
    "restore": restore,
    "complete": complete,
}
"""By the act's name."""
