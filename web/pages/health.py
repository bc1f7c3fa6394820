"""For machines: whether the server lives, and the ledger's metrics."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ledger.app.condition import condition
from ledger.app.metrics import LedgerMetrics
from ledger.errors import LedgerError
from web.site import site

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the ledger can be read and continues what was published, 503 with the reason's kind otherwise.

    Names nothing private: who asks need not be signed in.
    """
    installation = site().installation
    try:
        size = installation.ledger.view().size
    except LedgerError as error:
        return jsonify(status="failing", why=type(error).__name__.lower()), 503
    found = condition(installation)
    facts = {
        "entries": size,
        "published": not found.unpublished,
        "read_from": installation.ledger.log.source.name,
    }
    if found.behind:
        sentence = "the store does not continue what was published; nothing is written: see docs/recovery.md"
        return jsonify(status="failing", why="behind", sentence=sentence, **facts), 503
    return jsonify(status="ok", **facts), 200


@blueprint.get("/metrics")
def metrics() -> Response:
    """The ledger's gauges and the dashboard's own for Prometheus."""
    collector = LedgerMetrics(site().installation)
    collector.last_look = site().last_look
    registry = CollectorRegistry()
    registry.register(collector)
    streams = Gauge("stage4_live_streams", "Browsers that hear the dashboard's event stream now", registry=registry)
    streams.set(site().hub.listeners)
    return Response(generate_latest(registry), content_type=CONTENT_TYPE_LATEST)
