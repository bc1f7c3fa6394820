"""Commands about a home as a whole: status, log, export, verify, observe, doctor, config."""

from __future__ import annotations

import sys
import threading
import time
from typing import Any

import click
from prometheus_client import CollectorRegistry, start_http_server

from ledger import streams
from ledger.app import config as settings
from ledger.app import exporting
from ledger.app.doctor import examine
from ledger.app.home import Home
from ledger.app.metrics import LedgerMetrics
from ledger.app.observer import Observer
from ledger.app.queries import judged_json, status_json
from ledger.app.soundness.guard import Guard
from ledger.app.soundness.marks import following
from ledger.cli.context import EXIT_REFUSED, Session, stage4_command
from ledger.cli.own_home import tell_findings
from ledger.cli.show import show_status
from ledger.cli.verifying import run_verify


@click.command()
@stage4_command
def status(session: Session) -> None:
    """The truth now: declared, commanded, observed, each with its age; and the open rollbacks.

    \b
    stage4 status
    stage4 status --json
    """
    standing = session.condition()
    page = status_json(session.installation) | standing.as_json(session.installation.ledger.log.source)
    session.answer(page, lambda: show_status(session.console, page))


@click.command()
@click.option("--follow", "-f", is_flag=True, help="Wait for new entries until Ctrl-C.")
@click.option("--incident", default="", metavar="ID", help="Only this rollback's (or ticket's) entries.")
@click.option("--last", type=int, default=None, help="Only the last N.")
@stage4_command
def log(session: Session, follow: bool, incident: str, last: int | None) -> None:
    """The timeline, oldest first. With --json one object a line.

    A row whose form, place, chain or signature does not hold is shown as it stands, marked with a cross and why.

    \b
    stage4 log --incident INC-2042
    stage4 log --follow
    """
    installation, names = session.installation, session.names
    session.condition()
    after = max(0, installation.ledger.log.size() - last) if last else 0
    while True:
        for one in following(installation, after):
            after = one.sequence
            rollback = one.record.rollback if one.record else incident
            if incident and rollback != incident and not rollback.startswith(f"{incident}."):
                continue
            session.print_line(judged_json(one), names)
            if streams.gone():
                return
        if not follow:
            return
        time.sleep(0.2)


@click.command()
@click.option("--out", required=True, metavar="DIR|FILE", help="A folder, or a name for the lines (.gz packs them).")
@stage4_command
def export(session: Session, out: str) -> None:
    """Write the signed lines, the checkpoint that covers exactly these lines, and the verifier key.

    The three belong together, also while the ledger is written to. Nothing is overwritten.

    \b
    stage4 export --out /media/audit/
    stage4 export --out /media/audit/stage4.jsonl.gz
    """
    done = exporting.export(session.installation, out)
    page = {name: value if name == "entries" else str(value) for name, value in done._asdict().items()}
    session.answer(page, lambda: click.echo("\n".join(f"{name:14}{value}" for name, value in page.items())))


@click.command()
@click.argument("path", default="", required=False)
@click.option("--checkpoint", type=click.Path(), help="The signed checkpoint that covers the lines, or one you kept.")
@click.option("--public-key", metavar="VKEY", help="Verifier key: a string, or a file that holds it.")
@click.option("--hmac-key-file", "hmac_key_files", multiple=True, metavar="FILE", help="HMAC key; repeats.")
@click.option(
    "--head", "heads", multiple=True, metavar="N:ROOT|FILE", help="A head or a checkpoint that was kept; repeats."
)
@stage4_command
def verify(session: Session, path: str, **given: Any) -> None:
    """Verify a log offline, by the keys and heads that you give and nothing else.

    \b
    stage4 verify audit/decision_logs/stage4.jsonl \\
      --checkpoint audit/decision_logs/stage4.checkpoint \\
      --public-key audit/decision_logs/stage4.vkey
    zcat old.jsonl.gz | stage4 verify -

    A checkpoint that you kept is worth more than the one beside the log. With --head KEPT the log must still
    contain what it says, and the newest --checkpoint covers the rest. As --checkpoint KEPT alone it proves the
    log as far as it goes; newer lines that follow rightly, and that nothing given signs, make it exit status 4.

    Without a log: this home's own ledger by its own keys. Every row of the store, every checkpoint ever kept, the
    published files and every artefact are read as they are, and nothing is put right before or after.

    \b
    stage4 verify
    stage4 verify --head 29:BASE64
    Exit status: 0 verified, 1 not verified, 2 usage, 3 unreadable,
    4 proved as far as the checkpoint, and newer lines follow.
    """
    sys.exit(run_verify(session, path, **given))


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
    threading.Thread(target=guard.run, args=(stopped,), name="guard", daemon=True).start()
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
