"""Silences: who mutes Stage4 alerts until when, at every member of the Alertmanager cluster."""

from __future__ import annotations

from flask import Blueprint, render_template

from web.site import site

blueprint = Blueprint("silences", __name__)


@blueprint.get("/silences")
def show() -> str:
    """By what was seen last; what a member did not say is not known."""
    here = site()
    outlook, now = here.lookout.outlook, here.installation.clock()
    return render_template(
        "silences.html",
        members=outlook.members,
        muting=outlook.muting,
        unlisted=outlook.unlisted,
        borne={
            silence.id: silence.entry
            for rollback in here.installation.state.open.values()
            for silence in rollback.borne
        },
        missing=outlook.missing.get("alertmanager"),
        fresh=outlook.fresh("alertmanager", now),
        at=outlook.at.get("alertmanager"),
        now=now,
    )
