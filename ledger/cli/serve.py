"""``stage4 serve`` and ``stage4 demo``: the dashboard of an installation, and one on the lab to try it."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import sys
import time
from typing import TYPE_CHECKING

import click

from ledger.app import reverse_proxy as front
from ledger.app.home.setup import LAB_NAMES, add_missing_stages, sweep_home
from ledger.app.installation import Installation
from ledger.app.people.accounts import Accounts, generate
from ledger.app.people.directory import LAB_PEOPLE, Person
from ledger.app.people.staff import first_account
from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.cli.context import Session, stage4_command
from ledger.cli.lab import rehearse
from ledger.domain.command import SYSTEM
from ledger.domain.people.commands import AddPerson
from ledger.errors import Corrupt, Unreachable
from ledger.lab.loopback import answers, until
from ledger.lab.processes import Processes
from ledger.lab.rehearsal import REASONS, lab_home, person, wait_for_alert

if TYPE_CHECKING:
    from web.site import Networks

LOOPBACK = "loopback"
LAB_READERS = {"lab-auditor": ("auditor",), "lab-admin": ("admin",)}
HOST = click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
PORT = click.option("--port", type=click.IntRange(1, 65535), default=8044, show_default=True, help="Port to listen on.")


@click.command()
@HOST
@PORT
@click.option(
    "--behind-proxy",
    "proxy",
    is_flag=False,
    flag_value=LOOPBACK,
    default="",
    metavar="[=ADDRESS]",
    help="Believe X-Forwarded-* of the one proxy in front (TLS): on this machine, or at this address or network.",
)
@stage4_command
def serve(session: Session, host: str, port: int, proxy: str) -> None:
    """Serve the dashboard, with the observer inside, until Ctrl-C.

    \b
    stage4 serve --home /srv/stage4
    stage4 serve --home /srv/stage4 --port 8443 --behind-proxy
    stage4 serve --home /srv/stage4 --host 10.0.0.7 --behind-proxy=10.0.0.5
    It listens on this machine only unless --host says otherwise; put a proxy with TLS in front of anything else.
    /healthz says whether it lives, /metrics has the ledger's gauges.
    """
    from web.proxy import networks
    from web.server import Server

    require_free(host, port)
    proxies = networks(proxy)
    session.open_readable()
    sweep_home(session.installation.home)
    for sentence in add_missing_stages(session.root):
        session.say(sentence)
    with contextlib.suppress(Corrupt):  # the server says what is wrong with the store, on every page
        if first := first_account(session.installation, session.accounts):
            session.say(f"nobody has an account yet; in another terminal: {first}")
    told_at_start(session, proxies)
    session.close()
    if not proxies and host not in ("127.0.0.1", "::1", "localhost"):
        session.say("people on other machines need https: put a proxy with TLS in front and say --behind-proxy")
    session.say(f"dashboard  http://{host}:{port}  (Ctrl-C ends it)")
    sys.argv = [sys.argv[0]]
    Server(session.root, host, port, proxies=proxies).run()


def require_free(host: str, port: int) -> None:
    """``Unreachable`` where nobody can listen there: said before anything is opened or announced."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
    except OSError as error:
        why = "something listens there already" if error.errno == errno.EADDRINUSE else error.strerror or str(error)
        raise Unreachable(f"cannot listen on {host}, port {port}: {why}; choose another one with --port") from error


def told_at_start(session: Session, proxies: Networks) -> None:
    """What was seen of a proxy that nobody declared, and what a declared one needs."""
    from web.proxy import among

    home, clock = session.installation.home, session.installation.clock
    seen = front.noted(home, clock())
    if seen is not None and not among(seen.peer, proxies):
        session.say(f"{front.describe(seen)}; {front.remedy(seen)}")
    if proxies and not session.installation.config.serve.hosts:
        session.say("every name that the proxy passes on is answered; name yours in stage4.toml: [serve] hosts")


@click.command()
@PORT
@click.option("--ticket", default="INC-2042", show_default=True, help="Ticket id of the rollback that is ready.")
@click.option("--watch", "duration", default="20s", show_default=True, help="Window of the unattended rehearsal.")
@stage4_command
@click.pass_context
def demo(context: click.Context, session: Session, port: int, ticket: str, duration: str) -> None:
    """The lab and the dashboard, with a rollback ready to be run, until Ctrl-C.

    Without a terminal, or with CI set, the unattended rehearsal runs instead and its exit status is returned.

    \b
    stage4 demo
    stage4 demo --port 8050 --ticket INC-7
    """
    if os.environ.get("CI") or not sys.stdout.isatty():
        context.invoke(rehearse, duration=duration, ticket=ticket, home=str(session.root), as_json=session.as_json)
        return
    attended(session, port, ticket)


def attended(session: Session, port: int, ticket: str) -> None:
    """Start everything, say how to sign in, stay up."""
    require_free("127.0.0.1", port)
    with lab_home(session.root, session.say, observed=False) as (installation, lab):
        password = give_accounts(installation)
        held = installation.state.holder
        if held is not None and installation.look(held.override.path).kind == "file":
            session.say(f"{held.id} is open, and its override stands: it goes on where it was left")
        else:
            session.say("the scheduler misbehaves: waiting until a critical alert fires")
            lab.misbehave("latency")
            wait_for_alert(installation, lab)
        rollback = _ready(installation, ticket)
        with Processes(lab.folder / "log") as processes:
            command = [sys.executable, "-m", "ledger.cli", "serve", "--port", str(port), "--home", str(session.root)]
            processes.start("dashboard", command)
            address = f"http://127.0.0.1:{port}"

            def up() -> bool:
                processes.check()
                return answers(f"{address}/healthz")

            until(up, 30, f"the dashboard to be ready at {address}")
            _tell(session, address, password, rollback)
            try:
                while True:
                    lab.check()
                    processes.check()
                    time.sleep(0.5)
            except KeyboardInterrupt:
                session.say("ended")


def give_accounts(installation: Installation) -> str:
    """Accounts for the lab's people, all with one password made for this start; returns it."""
    accounts, password = Accounts(installation.home, installation.clock), generate()
    for name, roles in LAB_READERS.items():
        if name not in installation.state.people:
            installation.submit(AddPerson(person=name, roles=roles), Press(SYSTEM))
            installation.people.put(Person(name, LAB_NAMES[name], None))
    for name in (*LAB_PEOPLE, *LAB_READERS):
        accounts.add(name.removeprefix("lab-"), name, password)
    return password


def _ready(installation: Installation, ticket: str) -> str:
    """The id of an open rollback: what an earlier demo left open, or a new one."""
    for name in installation.state.open:
        return name
    manager = person(installation, "incident_manager")
    return opening.open_rollback(installation, Press(manager), ticket=ticket, reason=REASONS[1]).rollback.id


def _tell(session: Session, address: str, password: str, rollback: str) -> None:
    names = {name.removeprefix("lab-"): roles for name, roles in (*LAB_PEOPLE.items(), *LAB_READERS.items())}
    listed = "".join(f"\n    {name:18} {', '.join(roles)}" for name, roles in names.items())
    session.say(
        f"\ndashboard   {address}\npassword    {password}   (for all of them, made for this start)\n"
        f"sign in as{listed}\n\n"
        f"{rollback} is open and waits: product-owner confirms, l2-ops stops, observability silences,\n"
        "l2-ops checks, noc watches, incident-manager ends the incident, l2-ops restores, incident-manager closes.\n"
        "In another terminal: stage4 lab misbehave none   (the alerts end)\nCtrl-C ends it."
    )
