"""Reading the configuration: TOML and the environment become the types of :mod:`ledger.app.home.config_types`.

What is wrong is told by its place (``prometheus.job``), all at once, and never with its value: that may be a secret.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import msgspec

from ledger.app.home.config_types import PLACES, TABLES, AlertsSettings, SchedulerSettings, Settings
from ledger.app.review.plan import planned
from ledger.domain.matching import Undecided, fullmatch
from ledger.errors import Refused, Unreachable
from ledger.files import read_small

_LONGEST = 1 << 20
"""Bytes of a configuration file at most."""
_KNOWN: Final = {str(place): place for place in PLACES}
_CALLED: Final = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "a list",
    dict: "a table",
}
"""TOML's types in words; what is left are dates and times."""


def decoded(path: Path, environment: Mapping[str, str]) -> Settings:
    """The settings by a file and the environment, checked; ``Refused`` where one is wrong, with its place."""
    given = _given(found_in(path), environment)
    try:
        settings = msgspec.convert(given, Settings)
    except msgspec.ValidationError as error:
        raise Refused(f"{path}: {'; '.join(_wrong(given)) or error}") from error
    wrong = _unusable(settings.alerts) or _nameless(settings.silence.labels) or _unclear(settings.scheduler)
    if wrong := wrong or _unplanned(settings.rollback.planned):
        raise Refused(f"{path}: {wrong}")
    return settings


def found_in(path: Path) -> dict[str, Any]:
    """The file's tables, without those that are empty: they set nothing. No file is an empty one."""
    try:
        tables = tomllib.loads(read_small(path, _LONGEST, follow=True).decode("utf-8"))
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise Unreachable(f"{path} cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise Refused(f"{path} cannot be read as TOML: {error}") from error
    return {name: value for name, value in tables.items() if value != {}}


def _given(document: Mapping[str, Any], environment: Mapping[str, str]) -> dict[str, Any]:
    """What is set by the file and by the environment, which wins; text that stands for several values taken apart."""
    given = {name: dict(value) if isinstance(value, dict) else value for name, value in document.items()}
    for place in PLACES:
        table = given.get(place.table, {}) if place.table else given
        if not isinstance(table, dict):
            continue  # told by its name
        value = environment.get(place.variable, table.get(place.name))
        if value is None:
            continue
        where = f"{place.variable} ({place})" if place.variable in environment else str(place)
        table[place.name] = _apart(value, place.type, where)
        if place.table:
            given[place.table] = table
    return given


def _apart(value: Any, kind: Any, where: str) -> Any:
    """``env=prod,cluster=a`` or ``A,B``, as the environment has what are tables and lists in the file."""
    if kind is str or not isinstance(value, str):
        return value
    parts = [part.strip() for part in value.split(",") if part.strip()]
    if kind == tuple[str, ...]:
        return parts
    if not all("=" in part and not part.startswith("=") for part in parts):
        example = "X-Scope-OrgID=trading" if "headers" in where else "env=prod,cluster=a"
        raise Refused(f"{where} is to be given as {example}: a name, =, a value, with commas between")
    return dict(part.split("=", 1) for part in parts)


def _wrong(given: Mapping[str, Any]) -> Iterator[str]:
    """A sentence for every setting that cannot be taken, and one for those that do not exist."""
    unknown: list[str] = []
    for where, value in _flat(given):
        if where in TABLES:
            yield f"{where} is to be a table, [{where}] with its settings below it, found {_called(value)}"
        elif where in _KNOWN:
            yield from _mistyped(where, value, _KNOWN[where].type)
        else:
            unknown.append(where[:120])
    if unknown:
        yield f"unknown setting{'s' * (len(unknown) > 1)} {', '.join(sorted(unknown))}; see: stage4 config show"


def _flat(given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in given.items():
        if isinstance(value, dict):
            yield from ((f"{name}.{key}", inner) for key, inner in value.items())
        else:
            yield name, value


def _mistyped(where: str, value: Any, kind: Any) -> Iterator[str]:
    """What is wrong with a setting's type, by the very check that the whole had; nothing where it is right."""
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        if kind is str:
            yield f"{where} is to be text in quotes, found {_called(value)}"
        elif kind == tuple[str, ...]:
            odd = (
                next((member for member in value if not isinstance(member, str)), None)
                if isinstance(value, list)
                else value
            )
            yield f"{where} is to be a list of texts in quotes, found {_called(odd)}{' in it' * (odd is not value)}"
        elif isinstance(value, dict):
            for key, inner in value.items():
                yield from _mistyped(f"{where}.{key[:60]}", inner, str)
        else:
            yield f"{where} is to be a table of texts, found {_called(value)}"


def _called(value: Any) -> str:
    return _CALLED.get(type(value), "a date or time")


def _nameless(labels: Mapping[str, str]) -> str:
    """Why labels name no installation. Which names a label may have is for the Alertmanager in use to say."""
    if odd := [name for name, value in labels.items() if not name.strip() or not value]:
        example = 'write it like env = "prod", in the environment as env=prod,cluster=a'
        return f"silence.labels has {odd[0][:60]!a} without a name or a value; {example}"
    return ""


def _unclear(scheduler: SchedulerSettings) -> str:
    """Why a status page could not be read by these words; ``""`` where it can."""
    if not scheduler.status:
        return 'scheduler.status is empty; write the path of the state on its page, like "data.state"'
    for name in ("enabled", "disabled"):
        if not any(getattr(scheduler, name)):
            return f'scheduler.{name} is empty; write what the page says then, like ["RUNNING"]'
    if both := sorted(set(scheduler.enabled) & set(scheduler.disabled)):
        return f"scheduler.enabled and scheduler.disabled both have {both[0][:60]!a}: a word means one of them"
    return ""


def _unplanned(steps: Mapping[str, str]) -> str:
    """Why a planned time cannot be meant; ``""`` where each can."""
    try:
        planned(steps)
    except Refused as error:
        return str(error) if str(error).startswith("rollback.planned") else f"rollback.planned: {error}"
    return ""


def _unusable(alerts: AlertsSettings) -> str:
    """Why nothing could be silenced and watched by these names; ``""`` where it can.

    A pattern that names no alert, or a rule beside it, would make a watch that sees nothing pass.
    """
    if not alerts.rules:
        return "alerts.rules is empty; name the alert rules that a watch stands on"
    try:
        matches_nothing = fullmatch(alerts.pattern, "")
        beside = [name for name in alerts.rules if not fullmatch(alerts.pattern, name)]
    except Undecided:
        return ""  # no reason why nothing else, and least of all the stop, should find its settings
    except Refused as error:
        return f"alerts.pattern: {error}"
    if matches_nothing:
        return 'alerts.pattern also matches what has no name; write it like "MultiStrategy.+"'
    if beside:
        return f"alerts.rules has {', '.join(beside)[:200]}, which alerts.pattern does not match: set both"
    return ""
