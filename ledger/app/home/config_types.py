"""What can be set: each table of ``stage4.toml`` is a type here, and what every server takes is one type, once.

A field's description is its meaning in ``stage4 config show``; that of a server's table is the meaning of its ``url``.
One more server is one more line of :class:`Settings`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Final, NamedTuple, get_args, get_origin

from msgspec import NODEFAULT, Meta, Struct
from msgspec.structs import fields

from ledger.domain.runbook import ALERT_PATTERN, EXPECTED_RULES


def _says(meaning: str, variable: str = "") -> Meta:
    """A setting's meaning, and its name in the environment where that is not made of its place."""
    return Meta(description=meaning, extra={"variable": variable})


class Table(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Settings that stand together. Durations are text like ``15m``; relative paths are below the home."""


class ServerSettings(Table, frozen=True):
    """Where a server is and how to speak to it. Its secrets are in files, whose paths are settings."""

    secret_path: ClassVar[bool] = False
    """What follows the host of its address is a secret, as of a webhook."""
    url: str = ""
    username: Annotated[str, _says("basic authentication")] = ""
    password_file: Annotated[str, _says("file with the password")] = ""
    bearer_token_file: Annotated[str, _says("file with a bearer token")] = ""
    ca_file: Annotated[str, _says("certificates that are trusted")] = ""
    client_certificate: Annotated[str, _says("our certificate (PEM)")] = ""
    client_key: Annotated[str, _says("its key (PEM)")] = ""
    headers: Annotated[dict[str, str], _says("headers that are sent with every request")] = {}
    proxy: Annotated[str, _says("address of the proxy that it is asked through")] = ""


class SchedulerSettings(ServerSettings, frozen=True):
    """The scheduler, whose status page may have another shape than the reference scheduler's.

    A path on the page has dots between names, and numbers for places in lists.
    """

    status: Annotated[str, _says("path of its state on that page, e.g. data.state")] = "status"
    enabled: Annotated[tuple[str, ...], _says("what the page says while it trades")] = ("enabled",)
    disabled: Annotated[tuple[str, ...], _says("what the page says while it is stopped")] = ("disabled",)
    since: Annotated[str, _says("path of the time since when; empty: the page has none")] = "since"
    cycle: Annotated[str, _says("path of the number of finished cycles; empty: the page has none")] = "cycle"
    warnings: Annotated[str, _says("path of the list of its warnings; empty: the page has none")] = "warnings"


class PrometheusSettings(ServerSettings, frozen=True):
    """Prometheus, which also has to find its own series."""

    job: Annotated[str, _says("job under which Prometheus scrapes itself")] = "prometheus"
    labels: Annotated[dict[str, str], _says("labels that its own series carry too")] = {}
    step: Annotated[str, _says("distance of samples in the watch")] = "15s"


class AnnounceSettings(ServerSettings, frozen=True):
    """Where messages go: a webhook, a command, or both."""

    secret_path: ClassVar[bool] = True
    command: Annotated[str, _says("run for every message, with its JSON on standard input")] = ""
    not_after: Annotated[str, _says("how long after its entry a message is still sent")] = "4h"


class OnCallSettings(ServerSettings, frozen=True):
    """Which schedules say who is on duty. What they say is shown and gives no right."""

    kind: Annotated[str, _says("where the schedules are: ical, pagerduty or grafana; empty: nobody is asked")] = ""
    roles: Annotated[
        dict[str, str],
        _says("a role of the runbook: an iCalendar address, file:PATH of a file with it, or a schedule's id"),
    ] = {}
    people: Annotated[
        dict[str, str], _says("how a schedule calls somebody (e-mail or name): the person's id here")
    ] = {}
    time_zone: Annotated[str, _says("of calendar events that name none, as of whole days; e.g. Europe/Warsaw")] = ""


class OverrideSettings(Table, frozen=True):
    """Where the overrides are."""

    directory: Annotated[str, _says("folder that the scheduler reads")] = "var/runtime/overrides"


class AlertsSettings(Table, frozen=True):
    """Which alerts are the runbook's."""

    pattern: Annotated[str, _says("anchored regex of the names of the alerts that are silenced and watched")] = (
        ALERT_PATTERN
    )
    rules: Annotated[tuple[str, ...], _says("names of the alert rules that are to be loaded in a watch")] = (
        EXPECTED_RULES
    )


class DashboardSettings(Table, frozen=True):
    """Whose panels are drawn."""

    file: Annotated[str, _says("Grafana dashboard (JSON) whose panels are drawn; empty: the shipped one")] = ""


class SilenceSettings(Table, frozen=True):
    """Step 2."""

    duration: Annotated[str, _says("how long a silence lasts")] = "2h"
    labels: Annotated[dict[str, str], _says("labels that name this installation")] = {}


class WatchSettings(Table, frozen=True):
    """Step 4."""

    duration: Annotated[str, _says("the observation window of step 4")] = "15m"


class RollbackSettings(Table, frozen=True):
    """What a rollback is opened with, and its step 5."""

    channel: Annotated[str, _says("where rollbacks are announced")] = "#stage4-incidents"
    window: Annotated[str, _says("length of the maintenance window")] = "2h"
    planned: Annotated[dict[str, str], _says("how long a step should take, by its number; 4: 15m")] = {}
    restart_patience: Annotated[str, _says("how long step 5 waits for the restart", "STAGE4_RESTART_PATIENCE")] = "1m"


class ServeSettings(Table, frozen=True):
    """The dashboard."""

    url: Annotated[str, _says("address of the dashboard as people reach it, for the links in messages")] = ""
    hosts: Annotated[str, _says("names that the dashboard answers to, with commas; .x: all below x")] = ""


class SigningSettings(Table, frozen=True):
    """The keys; their variables are older than the table."""

    hmac_algorithm: Annotated[str, _says("HMAC-SHA256 or HMAC-SHA384", "STAGE4_HMAC_ALGORITHM")] = "HMAC-SHA256"
    hmac_key_file: Annotated[str, _says("printable text, mode 600", "STAGE4_HMAC_KEY_FILE")] = "var/keys/hmac.key"
    checkpoint_key_file: Annotated[str, _says("Ed25519, mode 600", "STAGE4_CHECKPOINT_KEY_FILE")] = (
        "var/keys/checkpoint.pem"
    )


class Settings(Table, frozen=True):
    """All that ``stage4.toml`` may hold, with its defaults."""

    stage: Annotated[str, _says("name of the stage; one ledger each")] = "stage4"
    stages: Annotated[str, _says("other ledgers of this home, with commas")] = "stage4-access"
    override: OverrideSettings = OverrideSettings()
    scheduler: Annotated[SchedulerSettings, _says("the scheduler's own status page")] = SchedulerSettings()
    prometheus: Annotated[PrometheusSettings, _says("base address")] = PrometheusSettings()
    alertmanager: Annotated[ServerSettings, _says("base addresses of the cluster's members, with commas")] = (
        ServerSettings()
    )
    tickets: Annotated[ServerSettings, _says("address of a ticket with {ticket}; empty: tickets are claims")] = (
        ServerSettings()
    )
    announce: Annotated[AnnounceSettings, _says("every message is POSTed here as JSON")] = AnnounceSettings()
    oncall: Annotated[OnCallSettings, _says("address of PagerDuty's or Grafana IRM's API")] = OnCallSettings()
    alerts: AlertsSettings = AlertsSettings()
    dashboard: DashboardSettings = DashboardSettings()
    silence: SilenceSettings = SilenceSettings()
    watch: WatchSettings = WatchSettings()
    rollback: RollbackSettings = RollbackSettings()
    serve: ServeSettings = ServeSettings()
    signing: SigningSettings = SigningSettings()


class Place(NamedTuple):
    """One setting and where it stands."""

    table: str
    """``""`` for the two that stand above all tables."""
    name: str
    type: Any
    """``str``, ``dict[str, str]`` or ``tuple[str, ...]``."""
    default: Any
    meaning: str
    variable: str
    """Its name in the environment."""

    def __str__(self) -> str:
        return f"{self.table}.{self.name}" if self.table else self.name

    def of(self, settings: Settings) -> Any:
        """Its value."""
        return getattr(getattr(settings, self.table) if self.table else settings, self.name)


def tables(of: type[Settings] = Settings) -> dict[str, type[Table]]:
    """The tables by name."""
    return {field.name: kind for field in fields(of) if issubclass(kind := _plain(field.type), Table)}


def servers(of: type[Settings] = Settings) -> tuple[str, ...]:
    """The names of the tables that are a server's."""
    return tuple(name for name, kind in tables(of).items() if issubclass(kind, ServerSettings))


def places(of: type[Settings] = Settings) -> tuple[Place, ...]:
    """Every setting, in the order of the types."""
    settings: list[Place] = []
    for field in fields(of):
        kind, (meaning, variable) = _plain(field.type), _described(field.type)
        if not issubclass(kind, Table):
            settings.append(_place("", field, meaning, variable))
            continue
        for inner in fields(kind):
            own = _described(inner.type)
            settings.append(_place(field.name, inner, own[0] or meaning, own[1]))
    return tuple(settings)


def _place(table: str, field: Any, meaning: str, variable: str) -> Place:
    default = field.default_factory() if field.default is NODEFAULT else field.default
    made = "_".join(filter(None, ("STAGE4", table, field.name))).upper()
    return Place(table, field.name, _plain(field.type, whole=True), default, meaning, variable or made)


def _plain(kind: Any, *, whole: bool = False) -> Any:
    """The type without what is said of it; of ``dict[str, str]`` and its like only ``dict`` unless ``whole``."""
    bare = get_args(kind)[0] if get_origin(kind) is Annotated else kind
    return bare if whole else get_origin(bare) or bare


def _described(kind: Any) -> tuple[str, str]:
    said = next((argument for argument in get_args(kind) if isinstance(argument, Meta)), None)
    return (said.description or "", (said.extra or {}).get("variable", "")) if said else ("", "")


PLACES: Final = places()
TABLES: Final = tables()
