"""One installation, wired: the only place that builds the parts and knows which talks to which."""

from __future__ import annotations

import contextlib
import dataclasses
import os
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from ledger import override
from ledger.adapters.server import Server
from ledger.app.durations import parse_duration
from ledger.app.home import config as settings
from ledger.app.home import keys
from ledger.app.home.config import Config
from ledger.app.home.folders import Home
from ledger.app.oncall.watch import OnCall
from ledger.app.people.directory import Directory
from ledger.app.press import Press, new_request_id
from ledger.app.record.ledger import Ledger
from ledger.app.record.publish import Foreign, Publication, Publisher, Unpublished
from ledger.app.record.published_ledger import PublishedLedger, published_log
from ledger.app.record.snapshots import Snapshots
from ledger.digest import sha384
from ledger.domain.command import SYSTEM, Command, Request
from ledger.domain.decide import decide
from ledger.domain.facts import FileSeen, Matcher, SchedulerSeen
from ledger.domain.keeping.events import ForeignLinesFound
from ledger.domain.observing.commands import Record
from ledger.domain.record import parse_body
from ledger.domain.rules import none_such
from ledger.domain.runbook import COMPONENTS, Alerts
from ledger.domain.state import Rollback, State
from ledger.errors import Conflict, Corrupt, LedgerError, Refused, Unreachable
from ledger.masking import masked
from ledger.proof.entry import check_signatures, parse_entry
from ledger.proof.note import format_verifier
from ledger.said import Said
from ledger.stop import folder
from ledger.store.artefacts import Artefacts
from ledger.store.contract import Log, NotWritable
from ledger.store.open import open_locks, open_log, open_snapshots
from ledger.store.values import Receipt

if TYPE_CHECKING:  # asking a server needs a library that is slow to import: each is imported when it is asked
    from ledger.adapters.alertmanager import Alertmanager, Memory
    from ledger.adapters.prometheus import Prometheus


def now() -> datetime:
    """The clock, read at the edge: aware UTC."""
    return datetime.now(UTC)


def open_home(root: Path, stage: str = "") -> Installation:
    """The installation in a folder; ``Unreachable`` where there is none, ``Refused`` for a wrong configuration.

    ``stage`` names another ledger of the same home.
    """
    config = settings.for_stage(settings.load(Home(root).config), stage)
    home = Home(root, config.stage)
    return wired(home, config, *_open_log(home))


def wired(home: Home, config: Config, log: Log, first: bytes) -> Installation:
    """The installation that reads this log, whose first line is given; ``Corrupt`` where its keys did not sign that."""
    opening = parse_entry(first)
    event = parse_body(1, opening.timestamp, opening.body).event
    origin = opening.body["artefacts"].get("origin", "")
    key = keys.read_hmac_key(
        home.path(config.signing.hmac_key_file), getattr(event, "hmac_key_id", ""), getattr(event, "hmac_algorithm", "")
    )
    try:
        check_signatures(opening, key, origin)
    except Corrupt as error:
        raise Corrupt(
            Said("{} is not the key that signed this ledger: {}", home.path(config.signing.hmac_key_file), error)
        ) from error
    signer = keys.read_signer(home.path(config.signing.checkpoint_key_file), origin)
    if format_verifier(signer.verifier) != getattr(event, "checkpoint_key", ""):
        raise Corrupt(
            Said(
                "{} is not the key that signs this ledger's checkpoints", home.path(config.signing.checkpoint_key_file)
            )
        )
    if log.source.name == "published lines":
        published = PublishedLedger(log, stage=config.stage, key=key, signer=signer, clock=now)
        return Installation(home, config, published)
    snapshots = Snapshots(open_snapshots(home.snapshot), log, key, signer.verifier)
    return Installation(
        home, config, Ledger(log, stage=config.stage, key=key, signer=signer, clock=now, snapshots=snapshots)
    )


def _open_log(home: Home) -> tuple[Log, bytes]:
    """The store and its first line; the published lines where the store is there and cannot be read."""
    log = open_log(home.store)
    try:
        first = log.line(1)
        empty = first is None and not (log.size() or log.newest_checkpoint())
    except NotWritable as error:
        log.close()
        return published_log(home, error)
    except Unreachable:
        log.close()
        raise
    if empty:
        raise Unreachable(
            Said(
                "the ledger at {} has no entries; make one with: stage4 init, or say where it is with --home DIR",
                home.store,
            )
        )
    if first is None:
        raise Corrupt(
            Said(
                "the ledger at {} has lost its first entry. Keep the folders var and audit as they are "
                "and put back a copy of the store from before: see docs/recovery.md",
                home.store,
            )
        )
    return log, first


def ask_scheduler(config: Config, clock: Callable[[], datetime], patience: float | None = None) -> SchedulerSeen:
    """What the scheduler of a configuration says now; ``unknown`` where it cannot be asked."""
    try:
        server = settings.server(config, "scheduler")
    except Unreachable as error:
        return SchedulerSeen("unknown", clock(), "", error=str(error))
    if server is None:
        return SchedulerSeen("unknown", clock(), "", error="no scheduler.url is configured in stage4.toml")
    if patience is not None:
        server = dataclasses.replace(server, connect_timeout=patience, read_timeout=patience)
    from ledger.adapters.scheduler import Shape, read_status

    page = config.scheduler
    return read_status(
        server, clock, Shape(page.status, page.enabled, page.disabled, page.since, page.cycle, page.warnings)
    )


class Installation:
    """Everything that a command needs. Adapters are made anew for each use: they hold no state."""

    def __init__(self, home: Home, config: Config, ledger: Ledger) -> None:
        self.home = home
        self.config = config
        self.ledger = ledger
        self.artefacts = Artefacts(home.artefacts)
        self.people = Directory(home.people)
        self.clock = ledger.clock
        self.locks = open_locks(home.locks)
        self.publisher = Publisher(
            home, ledger.log, self.locks, self.artefacts, ledger.verifier, ledger.check, ledger.require_read
        )
        self.publication = Publication()
        self.oncall = OnCall(config, self.clock)
        """Who is on duty, as it was seen last; who serves or observes starts it."""
        self._members: Memory | None = None
        os.environ.setdefault("MPLCONFIGDIR", str(home.var / "cache" / "matplotlib"))

    @property
    def state(self) -> State:
        """What is true now."""
        return self.ledger.view().state

    def rollback(self, name: str) -> Rollback:
        """A rollback by id; without one the only open one. ``Refused`` where that is not clear."""
        state = self.state
        if name:
            rollback = state.rollback(name)
            if rollback is None:
                raise Refused(none_such(state, ascii(name[:80])))
            return rollback
        if len(state.open) != 1:
            raise Refused(
                Said("say which rollback; open ones: {}", ", ".join(state.open))
                if state.open
                else "say which rollback; open ones: none; "
                "open one with: stage4 rollback open --ticket INC-1 --reason …"
            )
        return next(iter(state.open.values()))

    def submit(self, command: Command, press: Press, rollback: str = "", timeout: float | None = None) -> Receipt:
        """Decide, record and publish. A publication that fails is kept in :attr:`publication` and stops nothing.

        ``Corrupt`` where the store does not continue what was published: it was restored from an old copy, or forked.
        """
        receipt = self.record(command, press, rollback, timeout)
        self.publish_if_possible()
        return receipt

    def record(self, command: Command, press: Press, rollback: str = "", timeout: float | None = None) -> Receipt:
        """Like :meth:`submit`, without publishing: whoever has something more urgent to do publishes afterwards."""
        self.ledger.require_sound()
        self.publisher.witness.compare()
        request_id, decided_on = press.next()
        request = Request(
            command=command,
            actor=press.actor,
            at=self.clock(),
            id=request_id,
            rollback=rollback,
            decided_on=decided_on,
        )
        self._keep_held(press, request)
        receipt = self.ledger.submit(request, timeout)
        folder.remember(self.home.root, self.override_path().parent)
        return receipt

    def _keep_held(self, press: Press, request: Request) -> None:
        """Store the evidence of a press before an entry names it, and only where the rules take the press.

        The same press sent again is answered by its receipt, whatever the rules say by now.
        """
        held = press.release()
        if not held:
            return
        try:
            decide(self.state, request)
        except (Refused, Conflict):
            if not self.ledger.log.receipts(request.id):
                raise
        else:
            for data in held:
                self.artefacts.put(data)

    def publish_if_possible(self) -> None:
        """Publish; what fails is told by ``doctor``."""
        with contextlib.suppress(LedgerError):
            self.publish()

    def publish(self) -> tuple[Foreign, ...]:
        """Bring the published files up to the store; what is not ours in them becomes an entry of its own.

        What the store holds is checked first: lines that were changed since they were signed are never published.
        """
        self.ledger.require_sound()
        try:
            foreign = self._publish()
        except LedgerError as error:
            self.publication.failed(str(error))
            raise
        self.publication.why = ""
        return foreign

    def _publish(self) -> tuple[Foreign, ...]:
        self.ledger.view()
        try:
            foreign = self.publisher.publish()
        except Unpublished as error:
            self._record(error.found)
            raise
        self._record(foreign)
        if foreign:
            self.publisher.publish()
        return foreign

    def _record(self, foreign: tuple[Foreign, ...]) -> None:
        for lines in foreign:
            event = ForeignLinesFound(
                path=lines.path, finding=lines.finding, size=lines.size, lines_sha384=lines.sha384
            )
            request = Request(command=Record(event=event), actor=SYSTEM, at=self.clock(), id=new_request_id())
            self.ledger.submit(request)

    def keep(self, text: str | bytes, press: Press | None = None) -> str:
        """Store a piece of evidence and return its name; a press's own once its command is taken."""
        data = text if isinstance(text, bytes) else text.encode()
        if press is None or not press.holds:
            return self.artefacts.put(data)
        press.hold(data)
        return sha384(data)

    # --- the outside world -----------------------------------------------------------------------------------------

    def override_path(self, component: str = "multi_strategy") -> Path:
        """Absolute path of a component's override file."""
        if component not in COMPONENTS:
            raise Refused(Said("unknown component {}; known: {}", ascii(component[:60]), ", ".join(COMPONENTS)))
        return self.home.path(self.config.override.directory) / COMPONENTS[component][0]

    def look(self, path: Path | str) -> FileSeen:
        """What is at a path now."""
        return override.look(Path(path), self.clock)

    def scheduler(self, patience: float | None = None) -> SchedulerSeen:
        """What the scheduler itself says now; ``unknown`` where it cannot be asked (within ``patience`` seconds)."""
        return ask_scheduler(self.config, self.clock, patience)

    @property
    def alertmanager(self) -> Alertmanager:
        """The Alertmanager; ``Unreachable`` where none is configured."""
        servers = [self._server("alertmanager", url.strip()) for url in self.config.alertmanager.url.split(",")]
        from ledger.adapters.alertmanager import Alertmanager, Memory

        self._members = self._members or Memory()
        return Alertmanager(servers, self.clock, self._members, self.alerts.pattern)

    @property
    def prometheus(self) -> Prometheus:
        """The Prometheus; ``Unreachable`` where none is configured."""
        server, labels = self._server("prometheus"), tuple(sorted(self.config.prometheus.labels.items()))
        from ledger.adapters.prometheus import Prometheus

        return Prometheus(server, self.clock, self.config.prometheus.job, labels, self.alerts.pattern)

    def tickets(self) -> Server | None:
        """The ticket system, or None."""
        return settings.server(self.config, "tickets")

    def masked(self, url: str) -> str:
        """An address without credentials."""
        return masked(url)

    @property
    def step_seconds(self) -> int:
        """Distance of samples in the watch."""
        return parse_duration(self.config.prometheus.step)

    @property
    def labels(self) -> tuple[Matcher, ...]:
        """The matchers that name this installation."""
        return tuple(Matcher(name, value) for name, value in sorted(self.config.silence.labels.items()))

    @property
    def matchers(self) -> tuple[Matcher, ...]:
        """The matchers of a rollback's silence: the Stage4 alerts of this installation."""
        return (self.alert_matcher, *self.labels)

    @property
    def alerts(self) -> Alerts:
        """Which alerts are the runbook's here."""
        return Alerts(self.config.alerts.pattern, self.config.alerts.rules)

    @property
    def alert_matcher(self) -> Matcher:
        """Matches the runbook's alerts of every installation."""
        return Matcher("alertname", self.config.alerts.pattern, is_regex=True)

    @property
    def dashboard(self) -> Path | None:
        """The Grafana dashboard of one's own whose panels are drawn; None for the shipped one."""
        return self.home.path(self.config.dashboard.file) if self.config.dashboard.file else None

    def _server(self, name: str, url: str | None = None) -> Server:
        server = settings.server(self.config, name, url)
        if server is None:
            raise Unreachable(Said("no {}.url is configured in stage4.toml", name))
        return server


@contextlib.contextmanager
def opened(root: Path) -> Iterator[Installation]:
    """An installation for the length of a block; its database connections are closed after it."""
    installation = open_home(root)
    try:
        yield installation
    finally:
        installation.ledger.log.close()
