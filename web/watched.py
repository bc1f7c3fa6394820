"""The alerts of a stop and the coverage of its watch on the page of its rollback: how each looks."""

from __future__ import annotations

from typing import Final

from flask import Flask

from ledger.app.reading.watched import Watched, watched
from ledger.app.words import mark
from ledger.domain.state import Rollback
from web.i18n import gettext as _
from web.i18n import ngettext
from web.site import site
from web.situation import current
from web.words import Look

KINDS: Final = {
    "new": Look(mark("new"), "✕", "bad"),
    "expected": Look(mark("expected"), "○", "info"),
    "carried_over": Look(mark("carried over"), "↷", "quiet"),
    "other": Look(mark("not critical"), "·", "quiet"),
}
"""What an alert is to the watch."""
SEVERITIES: Final = {"critical": mark("critical alert"), "warning": mark("warning alert")}
"""Those that the runbook's rules give; another one is shown as it stands."""
SHOWN: Final = 20
"""Lines of the list at most; how many more there are is said."""


def init_app(app: Flask) -> None:
    """Give the templates the alerts of a rollback."""
    app.jinja_env.globals.update(
        watched_alerts=_watched,
        watched_kinds=KINDS,
        watched_severities=SEVERITIES,
        watched_shown=SHOWN,
        coverage_told=coverage_told,
    )


def _watched(rollback: Rollback) -> Watched | None:
    _state, outlook, now = current()
    here = site().installation
    return watched(rollback, outlook, now, here.labels, here.alerts.pattern)


def coverage_told(rollback: Rollback) -> Look:
    """How much of its watch was seen so far, in the words of the verdict."""
    _state, outlook, now = current()
    entry = rollback.watch.entry if rollback.watch else 0
    found = next((one for one in outlook.coverage if one.entry == entry), None)
    if not (outlook.fresh("prometheus", now) and outlook.fresh("watch", now)):
        return Look(_("Coverage so far is not known: Prometheus does not answer."), "?", "unknown")
    if found is None or not found.due:
        return Look(_("Coverage: the first samples are awaited."), "○", "quiet")
    counted = {"seen": found.seen, "due": found.due, "total": found.total}
    if found.complete:
        text = _("Coverage complete so far: %(seen)s of %(due)s samples; %(total)s in the whole window.", **counted)
        return Look(text, "✓", "good")
    gaps = ngettext("%(num)s gap", "%(num)s gaps", found.gaps) % {"num": found.gaps}
    text = _("Coverage is not complete: %(seen)s of %(due)s samples so far, %(gaps)s.", **counted, gaps=gaps)
    verdict = _("As it is, the verdict will be inconclusive.")
    return Look(f"{text} {verdict}", "▲", "warn")
