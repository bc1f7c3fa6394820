"""The alerts of a stop on the page of its rollback: how each kind looks."""

from __future__ import annotations

from typing import Final

from flask import Flask

from ledger.app.reading.watched import Watched, watched
from ledger.app.words import mark
from ledger.domain.state import Rollback
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
        watched_alerts=_watched, watched_kinds=KINDS, watched_severities=SEVERITIES, watched_shown=SHOWN
    )


def _watched(rollback: Rollback) -> Watched | None:
    _, outlook, now = current()
    here = site().installation
    return watched(rollback, outlook, now, here.labels, here.alerts.pattern)
