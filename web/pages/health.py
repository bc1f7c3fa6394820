"""For machines: whether the server lives, and the ledger's metrics."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g, jsonify
from prometheus_client import CollectorRegistry, Gauge, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ledger.app import front
from ledger.app.metrics import LedgerMetrics
from ledger.errors import LedgerError
from web.site import site

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
def healthz() -> tuple[Response, int]:
    """200 while the ledger can be read, 503 with the reason's kind otherwise. Names nothing private.

    For an admin who is signed in, with ``warnings``: a proxy in front that nobody declared.
    """
    try:
        size = site().installation.ledger.view().size
    except LedgerError as error:
        return jsonify(status="failing", why=type(error).__name__.lower()), 503
    page: dict[str, Any] = {"status": "ok", "entries": size}
    if "admin" in g.roles:
        page["warnings"] = _warnings()
    return jsonify(page), 200


def _warnings() -> list[str]:
    """What an admin should know of how this server is reached."""
    installation = site().installation
    seen = front.noted(installation.home, installation.clock())
    return [f"{front.describe(seen)}; {front.remedy(seen)}"] if seen else []


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
