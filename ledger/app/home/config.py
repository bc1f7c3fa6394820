"""Configuration: ``stage4.toml`` in the home; an environment variable ``STAGE4_…`` wins over it.

What can be set is in :mod:`ledger.app.home.config_types`, and it is read in :mod:`ledger.app.home.config_file`;
here it is shown and handed on.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from msgspec.structs import asdict, replace

from ledger.adapters.server import Server
from ledger.app.home.config_file import decoded, found_in
from ledger.app.home.config_types import PLACES, TABLES, Place, ServerSettings, Settings
from ledger.errors import Refused, Unreachable
from ledger.masking import MASK, masked, masked_addresses, masked_text, tells

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_NOT_OURS = frozenset({"host", "content-length", "transfer-encoding", "connection", "content-type", "accept-encoding"})
"""Headers that belong to the connection and to what is sent over it."""
_NEXT = re.compile(r",(?=\s*\w{1,20}://)")
"""Between two addresses; a comma of an address's own query is none."""
_FILES = ("password_file", "bearer_token_file", "ca_file", "client_certificate", "client_key")


class Config(Settings, frozen=True):
    """Every setting of a home, as it counts."""

    base: str = "."
    """The folder of the configuration file: relative paths are below it."""


class Setting(NamedTuple):
    """One line of ``stage4 config show``."""

    place: str
    value: Any
    source: str
    """``default``, ``stage4.toml`` or the environment variable's name."""
    meaning: str


def load(path: Path, environment: Mapping[str, str] = os.environ) -> Config:
    """The configuration of a home; ``Refused`` for a file that is no TOML, an unknown setting or a wrong type."""
    return Config(**asdict(decoded(path, environment)), base=str(path.absolute().parent))


def explain(config: Config, path: Path, environment: Mapping[str, str] = os.environ) -> list[Setting]:
    """Every setting with its value (secrets masked) and where it comes from."""
    document, lines = found_in(path), []
    for place in PLACES:
        table = document.get(place.table, {}) if place.table else document
        source = place.variable if place.variable in environment else path.name if place.name in table else "default"
        lines.append(Setting(str(place), _shown(place, config), source, place.meaning))
    return lines


def secrets(config: Config) -> list[str]:
    """The settings whose values hold a secret, which is never shown."""
    return [str(place) for place in PLACES if _is_secret(place.of(config), _shown(place, config))]


def _is_secret(value: Any, shown: Any) -> bool:
    masks, names = MASK in str(shown), str(shown).count("@") < str(value).count("@")
    return shown != value and (masks or names)


def _shown(place: Place, config: Config) -> Any:
    """A setting's value with its secrets masked: of what is announced, all that follows the host."""
    value = place.of(config)
    if isinstance(value, tuple):
        return list(value)
    kind = TABLES.get(place.table)
    if kind is None or not issubclass(kind, ServerSettings):
        return value
    if place.name == "command" or (place.name == "url" and kind.secret_path):
        return masked_addresses(value)
    if str(place) == "oncall.roles":  # who knows a calendar's address may read it
        return {role: masked_addresses(schedule) for role, schedule in value.items()}
    if place.name in ("url", "proxy"):
        return ",".join(map(masked, _NEXT.split(value)))
    if place.name == "headers":
        return {header: MASK if tells(header, said) else masked_text(said) for header, said in value.items()}
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
    files = {"hmac_key_file": f"{folder}/hmac.key", "checkpoint_key_file": f"{folder}/checkpoint.pem"}
    return replace(config, stage=stage, signing=replace(config.signing, **files))


def other_stages(config: Config) -> tuple[str, ...]:
    """The other ledgers of a home, by name."""
    return tuple(name.strip() for name in config.stages.split(",") if name.strip())


# --- servers ----------------------------------------------------------------------------------------------------------


def server(config: Config, name: str, url: str | None = None) -> Server | None:
    """How to speak to ``scheduler``, ``prometheus`` or another server's table; None where no address is set.

    ``Unreachable`` where its headers or proxy cannot be used.
    """
    settings: ServerSettings = getattr(config, name)
    address = settings.url if url is None else url
    if not address:
        return None
    placed = {key: str(Path(config.base) / value) if (value := getattr(settings, key)) else "" for key in _FILES}
    return Server(
        address,
        username=settings.username,
        secret_path=settings.secret_path,
        headers=tuple(_checked(f"{name}.headers", settings.headers).items()),
        proxy=_proxy(f"{name}.proxy", settings.proxy),
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
