"""Configuration: ``stage4.toml`` in the home; an environment variable ``STAGE4_<FIELD>`` wins over it.

A field's place in the file is in its metadata: ``scheduler_url`` is ``url`` in the table ``[scheduler]``.
"""

from __future__ import annotations

import dataclasses
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from ledger.adapters.masking import MASK, masked, masked_addresses, masked_text, tells
from ledger.adapters.server import Server
from ledger.errors import Refused, Unreachable
from ledger.files import read_small

_LONGEST = 1 << 20
"""Bytes of a configuration file at most."""
_HEADERS = "headers that are sent with every request"
_PROXY = "address of the proxy that it is asked through"
_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type", "accept-encoding"})
"""Headers that belong to the connection and to what is sent over it."""


def _setting(place: str, default: Any, meaning: str) -> Any:
    metadata = {"place": place, "meaning": meaning}
    if isinstance(default, dict):
        return dataclasses.field(default_factory=lambda: dict(default), metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting with its default. Durations are text like ``15m``; relative paths are below the home."""

    base: str = "."
    """The folder of the configuration file: relative paths are below it."""
    stage: str = _setting("stage", "stage4", "name of the stage; one ledger each")
    stages: str = _setting("stages", "stage4-access", "other ledgers of this home, with commas")
    override_directory: str = _setting("override.directory", "var/runtime/overrides", "folder that the scheduler reads")
    scheduler_url: str = _setting("scheduler.url", "", "the scheduler's own status page")
    scheduler_username: str = _setting("scheduler.username", "", "basic authentication")
    scheduler_password_file: str = _setting("scheduler.password_file", "", "file with the password")
    scheduler_bearer_token_file: str = _setting("scheduler.bearer_token_file", "", "file with a bearer token")
    scheduler_ca_file: str = _setting("scheduler.ca_file", "", "certificates that are trusted")
    scheduler_client_certificate: str = _setting("scheduler.client_certificate", "", "our certificate (PEM)")
    scheduler_client_key: str = _setting("scheduler.client_key", "", "its key (PEM)")
    scheduler_headers: dict[str, str] = _setting("scheduler.headers", {}, _HEADERS)
    scheduler_proxy: str = _setting("scheduler.proxy", "", _PROXY)
    prometheus_url: str = _setting("prometheus.url", "", "base address")
    prometheus_username: str = _setting("prometheus.username", "", "basic authentication")
    prometheus_password_file: str = _setting("prometheus.password_file", "", "file with the password")
    prometheus_bearer_token_file: str = _setting("prometheus.bearer_token_file", "", "file with a bearer token")
    prometheus_ca_file: str = _setting("prometheus.ca_file", "", "certificates that are trusted")
    prometheus_client_certificate: str = _setting("prometheus.client_certificate", "", "our certificate (PEM)")
    prometheus_client_key: str = _setting("prometheus.client_key", "", "its key (PEM)")
    prometheus_headers: dict[str, str] = _setting("prometheus.headers", {}, _HEADERS)
    prometheus_proxy: str = _setting("prometheus.proxy", "", _PROXY)
    prometheus_job: str = _setting("prometheus.job", "prometheus", "job under which Prometheus scrapes itself")
    prometheus_labels: dict[str, str] = _setting("prometheus.labels", {}, "labels that its own series carry too")
    prometheus_step: str = _setting("prometheus.step", "15s", "distance of samples in the watch")
    alertmanager_url: str = _setting("alertmanager.url", "", "base addresses of the cluster's members, with commas")
    alertmanager_username: str = _setting("alertmanager.username", "", "basic authentication")
    alertmanager_password_file: str = _setting("alertmanager.password_file", "", "file with the password")
    alertmanager_bearer_token_file: str = _setting("alertmanager.bearer_token_file", "", "file with a bearer token")
    alertmanager_ca_file: str = _setting("alertmanager.ca_file", "", "certificates that are trusted")
    alertmanager_client_certificate: str = _setting("alertmanager.client_certificate", "", "our certificate (PEM)")
    alertmanager_client_key: str = _setting("alertmanager.client_key", "", "its key (PEM)")
    alertmanager_headers: dict[str, str] = _setting("alertmanager.headers", {}, _HEADERS)
    alertmanager_proxy: str = _setting("alertmanager.proxy", "", _PROXY)
    tickets_url: str = _setting("tickets.url", "", "address of a ticket with {ticket}; empty: tickets are claims")
    tickets_username: str = _setting("tickets.username", "", "basic authentication")
    tickets_password_file: str = _setting("tickets.password_file", "", "file with the password")
    tickets_bearer_token_file: str = _setting("tickets.bearer_token_file", "", "file with a bearer token")
    tickets_ca_file: str = _setting("tickets.ca_file", "", "certificates that are trusted")
    tickets_client_certificate: str = _setting("tickets.client_certificate", "", "our certificate (PEM)")
    tickets_client_key: str = _setting("tickets.client_key", "", "its key (PEM)")
    tickets_headers: dict[str, str] = _setting("tickets.headers", {}, _HEADERS)
    tickets_proxy: str = _setting("tickets.proxy", "", _PROXY)
    silence_duration: str = _setting("silence.duration", "2h", "how long a silence lasts")
    silence_labels: dict[str, str] = _setting("silence.labels", {}, "labels that name this installation")
    watch_duration: str = _setting("watch.duration", "15m", "the observation window of step 4")
    rollback_channel: str = _setting("rollback.channel", "#stage4-incidents", "where rollbacks are announced")
    rollback_window: str = _setting("rollback.window", "2h", "length of the maintenance window")
    announce_command: str = _setting("announce.command", "", "run for every warning, with its JSON on standard input")
    announce_url: str = _setting("announce.url", "", "every warning is POSTed here as JSON")
    announce_username: str = _setting("announce.username", "", "basic authentication")
    announce_password_file: str = _setting("announce.password_file", "", "file with the password")
    announce_bearer_token_file: str = _setting("announce.bearer_token_file", "", "file with a bearer token")
    announce_ca_file: str = _setting("announce.ca_file", "", "certificates that are trusted")
    announce_client_certificate: str = _setting("announce.client_certificate", "", "our certificate (PEM)")
    announce_client_key: str = _setting("announce.client_key", "", "its key (PEM)")
    announce_headers: dict[str, str] = _setting("announce.headers", {}, _HEADERS)
    announce_proxy: str = _setting("announce.proxy", "", _PROXY)
    serve_hosts: str = _setting("serve.hosts", "", "names that the dashboard answers to, with commas; .x: all below x")
    restart_patience: str = _setting("rollback.restart_patience", "1m", "how long step 5 waits for the restart")
    hmac_algorithm: str = _setting("signing.hmac_algorithm", "HMAC-SHA256", "HMAC-SHA256 or HMAC-SHA384")
    hmac_key_file: str = _setting("signing.hmac_key_file", "var/keys/hmac.key", "printable text, mode 600")
    checkpoint_key_file: str = _setting("signing.checkpoint_key_file", "var/keys/checkpoint.pem", "Ed25519, mode 600")


class Setting(NamedTuple):
    """One line of ``stage4 config show``."""

    place: str
    value: Any
    source: str
    """``default``, ``stage4.toml`` or the environment variable's name."""
    meaning: str


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a home; ``Refused`` for a file that is no TOML, an unknown setting or a wrong type."""
    found = _read(path)
    values: dict[str, Any] = {}
    for field in _settings():
        value = found.pop(field.metadata["place"], None)
        value = environment.get(_variable(field.name), value)
        if value is None:
            continue
        values[field.name] = _typed(value, f"{path}: {field.metadata['place']}", table=_is_table(field))
    values["base"] = str(path.absolute().parent)
    if found:
        raise Refused(f"{path}: unknown settings: {', '.join(sorted(found))}; see: stage4 config show")
    return Config(**values)


def explain(config: Config, path: Path, environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Every setting with its value (secrets masked) and where it comes from."""
    found = _read(path)
    lines = []
    for field in _settings():
        place, variable = field.metadata["place"], _variable(field.name)
        source = variable if variable in environment else path.name if place in found else "default"
        value = getattr(config, field.name)
        shown = _shown(field.name, value)
        lines.append(Setting(place, shown, source, field.metadata["meaning"]))
    return lines


def secrets(config: Config) -> list[str]:
    """The settings whose values hold a secret, which is never shown."""
    return [field.metadata["place"] for field in _settings() if _is_secret(field.name, getattr(config, field.name))]


def _is_secret(name: str, value: Any) -> bool:
    shown = _shown(name, value)
    masks, names = MASK in str(shown), str(shown).count("@") < str(value).count("@")
    return shown != value and (masks or names)


def _shown(name: str, value: Any) -> Any:
    """A setting's value with its secrets masked: of what is announced, all that follows the host."""
    if name in ("announce_url", "announce_command"):
        return masked_addresses(value)
    if name.endswith(("_url", "_proxy")):
        return ",".join(map(masked, value.split(",")))
    if name.endswith("_headers"):
        return {header: MASK if tells(header) else masked_text(said) for header, said in value.items()}
    return value


def for_stage(config: Config, stage: str) -> Config:
    """The configuration of another ledger of the same home: its keys are its own, in ``var/keys/<stage>/``."""
    if stage in ("", config.stage):
        return config
    if stage not in other_stages(config):
        known = ", ".join((config.stage, *other_stages(config)))
        raise Refused(f"{stage[:60]!a} is no ledger of this home ({known}); add it to stages in stage4.toml")
    return keyed(config, stage)


def keyed(config: Config, stage: str) -> Config:
    """Like :func:`for_stage`, also for a ledger that the configuration does not name."""
    folder = f"var/keys/{stage}"
    return dataclasses.replace(
        config, stage=stage, hmac_key_file=f"{folder}/hmac.key", checkpoint_key_file=f"{folder}/checkpoint.pem"
    )


def other_stages(config: Config) -> tuple[str, ...]:
    """The other ledgers of a home, by name."""
    return tuple(name.strip() for name in config.stages.split(",") if name.strip())


def server(config: Config, name: str, url: str | None = None) -> Server | None:
    """How to speak to ``scheduler``, ``prometheus``, ``alertmanager`` or ``tickets``; None where no address is set.

    ``Unreachable`` where its headers or proxy cannot be used.
    """
    address = getattr(config, f"{name}_url") if url is None else url
    if not address:
        return None
    files = ("password_file", "bearer_token_file", "ca_file", "client_certificate", "client_key")
    given = {key: getattr(config, f"{name}_{key}") for key in files}
    placed = {key: str(Path(config.base) / value) if value else "" for key, value in given.items()}
    given_headers: dict[str, str] = getattr(config, f"{name}_headers")
    return Server(
        address,
        username=getattr(config, f"{name}_username"),
        secret_path=name == "announce",
        headers=tuple(_checked(f"{name}.headers", given_headers).items()),
        proxy=_proxy(f"{name}.proxy", getattr(config, f"{name}_proxy")),
        **placed,  # type: ignore[arg-type]
    )


def _checked(place: str, headers: Mapping[str, str]) -> Mapping[str, str]:
    """Headers that can be sent as they are (RFC 9110, sections 5.1 and 5.5); ``Unreachable`` names the setting."""
    for name, value in headers.items():
        if not _TOKEN.fullmatch(name) or name.lower() in _NOT_OURS:
            raise Unreachable(f"{place}: {name[:60]!a} is no header of one's own; write it like X-Scope-OrgID")
        if not (value.isascii() and value.isprintable() and value == value.strip()):
            raise Unreachable(
                f"{place}: the value of {name} is to be one line of printable ASCII, without spaces around it"
            )
    return headers


def _proxy(place: str, address: str) -> str:
    if not address:
        return ""
    try:
        parts = urlsplit(address)
        usable = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        usable = False
    if not usable:
        raise Unreachable(f"{place} is {masked(address)[:80]!a}; write it like http://proxy.example.net:3128")
    return address


def _is_table(field: dataclasses.Field[Any]) -> bool:
    return field.default_factory is not dataclasses.MISSING


def _settings() -> list[dataclasses.Field[Any]]:
    return [field for field in dataclasses.fields(Config) if "place" in field.metadata]


def _typed(value: Any, where: str, *, table: bool) -> Any:
    if not table:
        if not isinstance(value, str):
            raise Refused(f"{where} is to be text in quotes, found {value!r}")
        return value
    if isinstance(value, str):  # from the environment: env=prod,cluster=a
        parts = [part.strip() for part in value.split(",") if part.strip()]
        if not all("=" in part and not part.startswith("=") for part in parts):
            raise Refused(f"{where} is to be given as {_example(where)}: a name, =, a value, with commas between")
        value = dict(part.split("=", 1) for part in parts)
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise Refused(f"{where} is to be a table of texts, found {type(value).__name__}")
    return value


def _example(where: str) -> str:
    return "X-Scope-OrgID=trading" if where.endswith("headers") else "env=prod,cluster=a"


def _variable(name: str) -> str:
    return "STAGE4_" + name.upper()


def _read(path: Path) -> dict[str, Any]:
    try:
        tables = tomllib.loads(read_small(path, _LONGEST, follow=True).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unreachable(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} cannot be read as TOML: {error}") from error
    flat: dict[str, Any] = {}
    for name, value in tables.items():
        if isinstance(value, dict):
            flat |= {f"{name}.{key}": inner for key, inner in value.items()}
        else:
            flat[name] = value
    return flat
