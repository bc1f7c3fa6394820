"""Taking an act: who presses, what was typed, what it was decided on; then the application layer decides."""

from __future__ import annotations

from flask import Blueprint, abort, g, redirect, render_template, url_for
from htmx_flask import make_response, request
from werkzeug.wrappers import Response

from ledger.app.acts import ACTS, Act, Proof, prepare
from ledger.app.acts.opening import FIELDS as OPENING
from ledger.app.acts.opening import open_rollback
from ledger.app.installation import Installation
from ledger.app.parsing import whole
from ledger.app.people.access import count_refusal
from ledger.app.press import Press, new_request_id
from ledger.app.steps import stop as through_ledger
from ledger.app.steps.common import Outcome
from ledger.app.steps.in_time import Stopped, stop_in_time, stop_without_ledger
from ledger.domain.asked import UNREAD, Asked, fit
from ledger.domain.state import Rollback
from ledger.errors import LedgerError, NotYours
from web import body
from web.acts import forms, press
from web.errors import status_of
from web.i18n import gettext
from web.identity import actor
from web.jobs import Job
from web.site import site

PATIENCE = 6.0
"""Seconds that a browser waits for a press; one that takes longer is shown as running."""
blueprint = Blueprint("acts", __name__)


@blueprint.post("/rollbacks/<rollback>/<name>")
def take(rollback: str, name: str) -> Response | tuple[str, int]:
    """Take an act. The page comes back with what was typed where a rule says no."""
    from web.pages import review, rollbacks

    act, installation = ACTS.get(name), site().installation
    current = installation.state.rollback(rollback)
    if act is None or current is None:
        abort(404)
    page, render = ("review.show", review.render) if act.in_review else ("rollbacks.show", rollbacks.render)
    back = redirect(url_for(page, rollback=current.id), code=303)
    try:
        if press.taken() is not None:
            return back
        job = _press(current, act)
        if job.error is not None:
            raise job.error
    except LedgerError as error:
        count_refusal(installation.home.root, error)
        return render(current.id, failed=act.name, error=error, typed=forms.typed()), status_of(error)
    return back


def _press(rollback: Rollback, act: Act) -> Job:
    """Make it ready and run it."""
    proof = Proof(request.form.get("password", ""), request.form.get("typed_ticket", ""), site().accounts)
    pressed = Press(actor(), press.press_id(), _decided_on() if act.decided else None)
    ready = prepare(act, site().installation, pressed, rollback, forms.given(act.asked), proof, forms.called)
    return site().jobs.run(
        Job(press.number(), rollback.id, act.name, str(g.person), press.content()), ready.run, PATIENCE
    )


@blueprint.post("/stop")
def stop() -> Response | tuple[str, int]:
    """The stop: one form, one press; it works when the ledger cannot be written or decided on.

    Who must choose a password first has one page only, and is answered on it.
    """
    from web import signin
    from web.pages import now

    render = signin.render if g.must_change else now.render
    installation = site().installation
    readable = body.readable()
    asked = fit(**{name: request.form.get(name, "") for name in ("reason", "ticket", "component")})
    if not readable:
        asked = asked._replace(notes=(*asked.notes, UNREAD))
    try:
        stopped = _stop(installation, asked)
    except LedgerError as error:
        count_refusal(installation.home.root, error)
        return render(error=error, typed=forms.typed()), status_of(error)
    if isinstance(stopped, Stopped):
        return render_template("stopped.html", stopped=stopped), 200
    if stopped.said or stopped.verdict != "pass":
        return render(said=[stopped.said, *stopped.reasons], loud=stopped.verdict != "pass"), 200
    if g.must_change:
        done = gettext("The override is written, and the rollback %(id)s is open.", id=stopped.rollback.id)
        return render(said=[done]), 200
    return _onwards(url_for("rollbacks.show", rollback=stopped.rollback.id))


def _onwards(address: str) -> Response:
    """To a page of another kind: where htmx asked it is loaded as a whole, for the styles and programs in its head."""
    if request.htmx:
        leave: Response = make_response("", 204, redirect=address)
        return leave
    return redirect(address, code=303)


def _stop(installation: Installation, asked: Asked) -> Outcome | Stopped:
    """Through the ledger, or without it within the two seconds that the stop has; by the roles known last."""
    who, person = actor(), str(g.person)
    if g.roles == {"auditor"}:
        raise NotYours("an auditor reads everything and changes nothing: say it to somebody who runs the runbook")
    try:
        name = press.press_id()  # under a number that was used before with other content it is another press
    except LedgerError:
        name = new_request_id()
    return stop_in_time(
        lambda: through_ledger.stop(installation, Press(who, name), asked),
        lambda why: stop_without_ledger(installation.home.root, asked, why=why, who=person, request_id=name),
    )


@blueprint.post("/rollbacks")
def open_new() -> Response | tuple[str, int]:
    """Step 0: register the ticket and announce the window."""
    from web.pages.rollbacks import render_form

    installation = site().installation
    try:
        receipt = press.taken()
        if receipt is None:
            pressed = Press(actor(), press.press_id())
            outcome = open_rollback(installation, pressed, forms.given(OPENING), forms.called)
            return redirect(url_for("rollbacks.show", rollback=outcome.rollback.id), code=303)
        record, _ = next(installation.ledger.records(receipt.first - 1))
        return redirect(url_for("rollbacks.show", rollback=record.rollback), code=303)
    except LedgerError as error:
        count_refusal(installation.home.root, error)
        return render_form(error=error, typed=forms.typed()), status_of(error)


def _decided_on() -> int | None:
    return whole(request.form.get("decided_on", ""))
