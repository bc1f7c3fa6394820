"""Commands about a home as a whole: status, log, export, verify, observe, doctor, config."""

from __future__ import annotations

import shutil
import sys
import threading
import time
from pathlib import Path
from typing import Any

import click
from prometheus_client import CollectorRegistry, start_http_server

from ledger import streams
from ledger.app import config as settings
from ledger.app.doctor import examine
from ledger.app.home import Home
from ledger.app.metrics import LedgerMetrics
from ledger.app.observer import Observer
from ledger.app.queries import entry_json, status_json
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.show import show_status
from ledger.cli.verifying import run_verify
from ledger.errors import Refused, Unreachable


@click.command()
@stage4_command
def status(session: Session) -> None:
    """The truth now: declared, commanded, observed, each with its age; and the open rollbacks.

    \b
    stage4 status
    stage4 status --json
    """
    page = status_json(session.installation)
    session.answer(page, lambda: show_status(session.console, page))


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Wait for new entries until Ctrl-C.")
@click.option("--incident", default="", metavar="ID", help="Only this rollback's (or ticket's) entries.")
@click.option("--last", type=int, default=None, help="Only the last N.")
@stage4_command
def log(session: Session, follow: bool, incident: str, last: int | None) -> None:
    """The timeline, oldest first. With --json one object a line.

    \b
    stage4 log --incident INC-2042
    stage4 log --follow
    """
    installation, names = session.installation, session.names
    after = max(0, installation.ledger.log.size() - last) if last else 0
    while True:
        for record, line in installation.ledger.records(after):
            after = record.sequence
            if incident and record.rollback != incident and not record.rollback.startswith(f"{incident}."):
                continue
            page = entry_json(record, line)
            session.print_line(page, names)
            if streams.gone():
                return
        if not follow:
            return
        time.sleep(0.2)


@click.command()
@click.option("--out", required=True, type=click.Path(dir_okay=False), help="Where to put the lines.")
@stage4_command
def export(session: Session, out: str) -> None:
    """Write the signed lines to a file, with the checkpoint and the verifier key beside it.

    \b
    stage4 export --out /media/audit/stage4.jsonl
    """
    target, home = Path(out).absolute(), session.installation.home
    checkpoint, vkey = target.with_suffix(".checkpoint"), target.with_suffix(".vkey")
    # Readers take the checkpoint first, then the lines.
    copies = {checkpoint: home.published_checkpoint, target: home.published, vkey: home.published_key}
    for path in copies:
        if path.exists():
            raise Refused(f"{path} exists; nothing is overwritten")
    session.installation.publish()
    try:
        for path, source in copies.items():
            shutil.copyfile(source, path)
    except OSError as error:
        raise Unreachable(f"cannot export to {target}: {error.strerror}") from error
    page = {"lines": str(target), "checkpoint": str(checkpoint), "verifier_key": str(vkey)}
    session.answer(page, lambda: click.echo("\n".join(f"{name:14}{path}" for name, path in page.items())))


@click.command()
@click.argument("path", default="", required=False)
@click.option("--checkpoint", type=click.Path(), help="The signed checkpoint that covers the lines.")
@click.option("--public-key", metavar="VKEY", help="Verifier key: a string, or a file that holds it.")
@click.option("--hmac-key-file", "hmac_key_files", multiple=True, metavar="FILE", help="HMAC key; repeats.")
@click.option("--head", "heads", multiple=True, metavar="N:ROOT", help="A head that somebody else kept; repeats.")
@stage4_command
def verify(session: Session, path: str, **given: Any) -> None:
    """Verify a log offline, by the keys and heads that you give and nothing else.

    \b
    stage4 verify audit/decision_logs/stage4.jsonl \\
      --checkpoint audit/decision_logs/stage4.checkpoint \\
      --public-key audit/decision_logs/stage4.vkey
    stage4 verify                    this home's own log, with its own keys
    zcat old.jsonl.gz | stage4 verify -
    Exit status: 0 verified, 1 not verified, 2 usage, 3 unreadable.
    """
    sys.exit(run_verify(session, path, **given))


@click.command()
@click.option("--metrics", metavar="PORT", type=click.IntRange(0, 65535), help="Serve /metrics on 127.0.0.1:PORT.")
@stage4_command
def observe(session: Session, metrics: int | None) -> None:
    """Watch the outside until Ctrl-C: record what changes, warn, finish what a crash left pending.

    \b
    stage4 observe --metrics 9464
    deploy/prometheus/stage4_observer_rules.yml alerts when it is dead.
    """
    installation = session.installation
    observer = Observer(installation, session.say)
    session.say(f"observing {installation.home.root}; Ctrl-C ends it")
    if metrics is not None:
        collector = LedgerMetrics(installation)
        observer.looked = lambda at: setattr(collector, "last_look", at.timestamp())
        registry = CollectorRegistry()
        registry.register(collector)
        server, _ = start_http_server(metrics, "127.0.0.1", registry)
        session.say(f"metrics on http://127.0.0.1:{server.server_port}/metrics")
    stopped = threading.Event()
    try:
        observer.run(stopped)
    except KeyboardInterrupt:
        stopped.set()


@click.command()
@stage4_command
def doctor(session: Session) -> None:
    """Keys, modes, clocks, servers, disk, versions: what is wrong and what to do.

    \b
    stage4 doctor --home /srv/stage4
    stage4 doctor --json
    """
    checks = examine(session.root)
    page = [check._asdict() for check in checks]

    def show() -> None:
        for check in checks:
            mark, style = {"ok": ("✔", "green"), "warning": ("?", "yellow"), "problem": ("✘", "red")}[check.state]
            session.console.print(f"{mark} {check.name:14} {check.found}", style=style, markup=False)
            if check.remedy:
                session.console.print(f"                 → {check.remedy}", markup=False)

    session.answer(page, show)
    if any(check.state == "problem" for check in checks):
        sys.exit(EXIT_REFUSED)


@click.group()
def config() -> None:
    """Look at the configuration."""


@config.command("show")
@stage4_command
def config_show(session: Session) -> None:
    """Every setting, its value (secrets masked), where it comes from, what it means.

    \b
    stage4 config show
    STAGE4_SCHEDULER_URL=https://scheduler.example/status stage4 config show
    """
    path = Home(session.root).config
    lines = settings.explain(settings.load(path), path)

    def show() -> None:
        for line in lines:
            session.console.print(f"{line.place:32} {line.value!r:32} {line.source:12} {line.meaning}", markup=False)

    session.answer([line._asdict() for line in lines], show)
