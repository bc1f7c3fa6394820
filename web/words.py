"""Words and small pieces that all templates share: times, people, verdicts, roles, sizes."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from flask import Flask, g
from jinja2 import pass_context
from markupsafe import Markup

from ledger.app.reading.queries import judged_json
from ledger.app.soundness.marks import judged
from ledger.app.words import ROLES, mark
from ledger.domain.asked import NO_REASON
from ledger.domain.matchers import told
from ledger.domain.moments import clock_or_day
from ledger.domain.runbook import ALL_ROLES, RUNBOOK_ROLES
from ledger.errors import Conflict, LedgerError
from web.i18n import gettext, language, ngettext, said
from web.site import site
from web.visible import broken, exact, exact_bytes


class Look(NamedTuple):
    """How a state looks: a word, a shape and a colour's name, so that no one of them is needed alone."""

    word: str
    shape: str
    tone: str
    """``good``, ``bad``, ``warn``, ``info``, ``quiet`` or ``unknown``."""


VERDICTS: Final = {
    "pass": Look(mark("pass"), "✓", "good"),
    "fail": Look(mark("fail"), "✕", "bad"),
    "error": Look(mark("error"), "!", "bad"),
    "inconclusive": Look(mark("inconclusive"), "?", "warn"),
    "lapsed": Look(mark("lapsed"), "↺", "warn"),
    "waived": Look(mark("waived"), "⤼", "info"),
    "accepted": Look(mark("accepted"), "✓?", "info"),
}
NOT_DONE: Final = Look(mark("not done"), "–", "quiet")
"""What a step without a verdict is in a rollback that is closed."""
PURPOSES: Final = {
    "incident": mark("incident"),
    "load_test": mark("load test"),
    "maintenance": mark("maintenance"),
    "drill": mark("drill"),
}
PHASES: Final = {
    "open": Look(mark("open"), "●", "info"),
    "completed": Look(mark("completed"), "✓", "good"),
    "aborted": Look(mark("aborted"), "⊘", "quiet"),
}


def init_app(app: Flask) -> None:
    """Give the templates these words."""
    app.jinja_env.tests["conflict"] = lambda error: isinstance(error, Conflict)
    app.jinja_env.filters.update(
        time=time_tag,
        stamp=stamp,
        minute=minute,
        day=lambda moment: f"{moment.astimezone(UTC):%Y-%m-%d}",
        short=short,
        person=person,
        named=named,
        matchers=told,
        reason=reason,
        duration=duration,
        size=size,
        exact=exact,
        exact_bytes=exact_bytes,
        broken=broken,
        role=_role,
        who=_who,
        purpose=_purpose,
    )
    app.jinja_env.globals.update(
        verdict=verdict,
        phase=lambda name: PHASES[name],
        recorded=recorded,
        all_roles=ALL_ROLES,
        runbook_roles=RUNBOOK_ROLES,
        endpoints=app.view_functions,
    )
    app.context_processor(frame)


# With the context, or Jinja would translate a constant once, when it compiles the template.
@pass_context
def _role(_context: Any, name: str) -> str:
    return gettext(str(ROLES.get(name, name)))


@pass_context
def _who(_context: Any, name: str) -> str:
    """Who owes something: a role, or a sentence of the ledger."""
    return gettext(str(ROLES[name])) if name in ROLES else said(name)


@pass_context
def _purpose(_context: Any, name: str) -> str:
    return gettext(str(PURPOSES.get(name, name)))


def verdict(name: str | None, is_open: bool = True) -> Look:
    """How a step stands, in a rollback that is open or closed."""
    return VERDICTS.get(name or "", Look(mark("open"), "○", "quiet") if is_open else NOT_DONE)


def frame() -> dict[str, Any]:
    """What the frame around every page shows."""
    roles = g.get("roles", frozenset())
    return {
        "me": g.get("person", ""),
        "my_roles": [role for role in ALL_ROLES if role in roles],
        "language": g.get("language", "en"),
        "theme": g.get("theme", "auto"),
        "lab": _lab(),
        "closed_off": bool(g.get("must_change")),
        "now": site().installation.clock(),
        "latest": _latest() if g.get("person") else None,
    }


def _lab() -> bool:
    """Whether the people and the trading of this ledger are invented."""
    try:
        opened = site().installation.state.opened
    except LedgerError:
        return False
    return opened is not None and opened.purpose == "lab"


def _latest() -> dict[str, Any] | None:
    """The newest entry, for the foot of the page; None where the ledger cannot be read (the page says so itself)."""
    installation = site().installation
    try:
        size = installation.ledger.view().size
        rows = judged(installation, [size])
    except LedgerError:
        return None
    return judged_json(rows[size]) if size in rows else None


def stamp(moment: datetime | str | None) -> str:
    """``2026-11-23 03:14:07 UTC``."""
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if moment else "–"


def minute(moment: datetime) -> str:
    """``03:14 UTC``, on another day with its date: for a text that has no room for more."""
    return f"{clock_or_day(moment.astimezone(UTC), site().installation.clock())} UTC"


def time_tag(moment: datetime | str | None, form: str = "clock", day: datetime | None = None) -> Markup:
    """A ``<time>`` in UTC, whose local time is in its title once the page has looked at the browser's zone.

    Forms: ``clock`` and ``minute``, with the date where that is not ``day`` (today where none is given); ``full``, with
    it always; and ``bare``, a clock under a heading with its day that says that times are UTC.
    """
    if isinstance(moment, str):
        moment = datetime.fromisoformat(moment)
    if moment is None:
        return Markup("–")
    at = moment.astimezone(UTC)
    if form in ("bare", "full"):
        shown = f"{at:%H:%M:%S}" if form == "bare" else stamp(at)
    else:
        shown = f"{clock_or_day(at, day or site().installation.clock(), seconds=form == 'clock')} UTC"
    day_, clock = (shown[:10], shown[10:]) if DATE.match(shown) else ("", shown)
    dated = f'<span class="day">{day_}</span>' if day_ else ""  # its hyphens are no figures
    made = f'<time datetime="{at.isoformat(timespec="seconds")}" title="{stamp(at)}">{dated}{clock}</time>'
    return Markup(made)  # noqa: S704 (of figures and our own words; hundreds stand in a page)


def recorded(stamped: datetime | str, at: datetime | str | None) -> str:
    """Beside an entry's wall time: the time that stands in it, where that is another one (to the second)."""
    if at is None or stamp(stamped) == stamp(at):
        return ""
    said = gettext("(recorded as %(time)s, because an earlier entry is later)", time=stamp(stamped))
    return Markup(' <span class="quiet recorded">{}</span>').format(said)


def short(digest: str) -> str:
    """A digest or id, shortened for the eye; pages carry the whole one in a title."""
    plain = digest.removeprefix("sha384:")
    if UUID.fullmatch(plain):
        return f"{plain[:8]}…"
    return plain if len(plain) <= 14 else f"{plain[:10]}…"


def person(name: str) -> str:
    """The person's name from the directory; ids stay ids where there is none."""
    if not name:
        return gettext("nobody")
    if name == "system":
        return gettext("the ledger itself")
    if "names" not in g:
        g.names = site().installation.people.names()
    return str(g.names.get(name, name))


DATE = re.compile(r"\d{4}-\d\d-\d\d")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
IDS = re.compile(r"\b(p-[0-9a-f]{5}|lab-[a-z0-9-]+)\b")


def named(sentence: str) -> str:
    """A sentence with people by name, where the directory knows the ids in it."""
    return IDS.sub(lambda match: person(match[0]), sentence)


def reason(text: str) -> str:
    """A rollback's reason as it was typed; where none was, that in the page's language."""
    return said(text) if text == NO_REASON else text


def duration(seconds: float | None) -> str:
    """``45 s``, ``12 min``, ``2 h 05 min``: as people say it, nothing finer than they need."""
    if seconds is None:
        return "–"
    whole = max(0, round(seconds))
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        rest = f" {whole % 60:02} s" if whole < 600 and whole % 60 else ""
        return f"{whole // 60} min{rest}"
    if whole < 86_400:
        return f"{whole // 3600} h {whole % 3600 // 60:02} min"
    days = whole // 86_400
    return ngettext("%(num)s day", "%(num)s days", days) % {"num": days}


def size(bytes_: int) -> str:
    """``812 B``, ``4.2 kB``, ``3.1 MB``."""
    for unit, factor in (("MB", 1_000_000), ("kB", 1_000)):
        if bytes_ >= factor:
            figure = f"{bytes_ / factor:.1f}"
            return f"{figure.replace('.', ',') if language() == 'pl' else figure} {unit}"
    return f"{bytes_} B"
