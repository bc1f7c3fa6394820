"""For machines: whether the server lives, and the ledger's metrics."""

from __future__ import annotations

import contextlib
from typing import Any

from flask import Blueprint, Response, current_app, g, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ledger.app import reverse_proxy as front
from ledger.app.observer.alive import last_sign
from ledger.app.reading.condition import condition
from ledger.app.reading.metrics import LedgerMetrics
from ledger.errors import LedgerError
from web import whole
from web.site import Site, site
from web.situation import discrepancies

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the ledger can be read, continues what was published and holds, and pages can be made; else 503.

    Where nobody observes it is 200 with the status ``unobserved``: that is no reason to end a server whose stop works.
    It says why, and names nothing private: the findings themselves are for those who sign in. For an admin who is
    signed in, with ``warnings``: a proxy in front that nobody declared.
    """
    here = site()
    try:
        size = here.installation.ledger.view().size
    except LedgerError as error:
        return jsonify(status="failing", why=type(error).__name__.lower()), 503
    facts: dict[str, Any] = {"entries": size}
    if "admin" in g.roles:
        facts["warnings"] = _warnings(here)
    standing = condition(here.installation)
    facts |= {"published": not standing.unpublished, "read_from": here.installation.ledger.log.source.name}
    if here.guard.error:  # no reason to end a server whose stop works
        facts["unlooked"] = "the ledger could not be looked at; run: stage4 verify"
    if standing.behind:
        sentence = "the store does not continue what was published; nothing is written: see docs/recovery.md"
        return jsonify(status="failing", why="behind", sentence=sentence, **facts), 503
    if findings := here.guard.findings:
        writing = "nothing is written but the stop" if here.guard.held else "it is still written"
        parts = ", ".join(dict.fromkeys(finding.part for finding in findings))
        sentence = f"the ledger does not hold: {len(findings)} findings ({parts}); {writing}; run: stage4 verify"
        page = facts | {"why": sentence, "findings": len(findings), "held": bool(here.guard.held)}
        return jsonify(status="unsound", **page), 503
    if here.guard.held:  # it was not looked at yet, or the store did not hold at the start
        sentence = "nothing is written but the stop: the ledger was not looked at yet, or did not hold at the start"
        return jsonify(status="unsound", **facts, why=sentence, findings=0, held=True), 503
    if why := whole.unreadable(current_app.extensions[whole.KEY]):
        sentence = f"pages cannot be made: {why}; the stop works from a terminal; install stage4-ledger again"
        return jsonify(status="failing", why="pages", sentence=sentence, **facts), 503
    if why := here.unobserved():
        return jsonify(status="unobserved", why=why, **facts), 200
    return jsonify(status="ok", **facts), 200


def _warnings(here: Site) -> list[str]:
    """What an admin should know of how this server is reached."""
    seen = front.noted(here.installation.home, here.installation.clock())
    return [f"{front.describe(seen)}; {front.remedy(seen)}"] if seen else []


def _gauge_of_discrepancies(here: Site, registry: CollectorRegistry) -> None:
    """How many things every page warns of; left out where the ledger cannot be read, for then it is not known."""
    with contextlib.suppress(LedgerError):
        number = len(discrepancies(here.installation.state, here.lookout.outlook, here.installation.clock()))
        meaning = "What every page warns of: drift, silent sources, silences that a member lacks or that end soon."
        Gauge("stage4_discrepancies", meaning, registry=registry).set(number)


@blueprint.get("/metrics")
def metrics() -> Response:
    """The ledger's gauges and the dashboard's own for Prometheus."""
    collector = LedgerMetrics(site().installation, site().guard)
    signed = last_sign(site().installation.home)  # whichever process observes
    collector.last_look = max(site().last_look, signed.timestamp() if signed else 0.0)
    registry = CollectorRegistry()
    registry.register(collector)
    streams = Gauge("stage4_live_streams", "Browsers that hear the dashboard's event stream now", registry=registry)
    streams.set(site().hub.listeners)
    _gauge_of_discrepancies(site(), registry)
    observed = Gauge("stage4_observer_at_work", "Whether an observer gave a sign of life lately.", registry=registry)
    observed.set(not site().unobserved())
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
