"""``stage4 observe``: the observer alone, where no dashboard is served."""

from __future__ import annotations

import threading

import click
from prometheus_client import CollectorRegistry, start_http_server

from ledger.app.observer import Observer
from ledger.app.reading.metrics import LedgerMetrics
from ledger.app.soundness.guard import Guard
from ledger.cli.context import Session, stage4_command
from ledger.cli.own_home import tell_findings


@click.command()
@click.option("--metrics", metavar="PORT", type=click.IntRange(0, 65535), help="Serve /metrics on 127.0.0.1:PORT.")
@stage4_command
def observe(session: Session, metrics: int | None) -> None:
    """Watch the outside until Ctrl-C: record what changes, warn, finish what a crash left pending.

    The ledger itself is looked at too: everything at the start and every day, the last rows every minute. While it does
    not hold, nothing is written but the stop.

    \b
    stage4 observe --metrics 9464
    deploy/prometheus/stage4_observer_rules.yml alerts when it is dead.
    """
    installation = session.installation
    observer = Observer(installation, session.say)
    guard = Guard(installation.home.root, [installation.ledger])
    session.say(f"observing {installation.home.root}; Ctrl-C ends it")
    if metrics is not None:
        collector = LedgerMetrics(installation, guard)
        observer.looked = lambda at: setattr(collector, "last_look", at.timestamp())
        registry = CollectorRegistry()
        registry.register(collector)
        server, _ = start_http_server(metrics, "127.0.0.1", registry)
        session.say(f"metrics on http://127.0.0.1:{server.server_port}/metrics")
    stopped = threading.Event()
    guard.changed = lambda: tell_findings(session, guard)
    guard.begin()
    threading.Thread(target=guard.run, args=(stopped,), name="guard", daemon=True).start()
    try:
        observer.run(stopped, guard.looked_once)
    except KeyboardInterrupt:
        stopped.set()
