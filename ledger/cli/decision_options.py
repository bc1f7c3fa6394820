"""The options of ``verify_decision_log.py``: their forms, the key they name, and what they may not be together."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Final, TypeVar

import click
from click.core import ParameterSource

from ledger.decision_log.digest import algorithm_name
from ledger.decision_log.metadata import NO, YES
from ledger.decision_log.rules import EventCount
from ledger.decision_log.schema import is_date_time
from ledger.decision_log.signature import SharedKey, open_key, open_key_file
from ledger.errors import Refused

PREFIX: Final = "BOT_CORE_VERIFY_DECISION_LOG_"
_MAX_DIGITS: Final = 12
_Function = TypeVar("_Function", bound=Callable[..., Any])


def pair(text: str) -> tuple[str, str]:
    """``KEY=VALUE`` split at the first ``=``; a usage error without one, or without a key."""
    key, equals, value = text.partition("=")
    if not equals or not key.strip():
        raise click.BadParameter(f"expected KEY=VALUE, found {text!r}")
    return key.strip(), value


def flag(text: str) -> tuple[str, bool]:
    """``NAME`` (true) or ``NAME=true|yes|on|1|false|no|off|0``, in any case; a usage error for anything else."""
    name, equals, typed = text.partition("=")
    word = typed.strip().lower()
    if not name.strip() or (equals and word not in YES | NO):
        raise click.BadParameter(f"expected NAME, NAME=true or NAME=false, found {text!r}")
    return name.strip(), word not in NO


def file_path(text: str) -> Path:
    """A path in which a leading ``~`` stands for the home folder, also after ``=``, where no shell puts it in."""
    return Path(expanded(text))


def expanded(text: str) -> str:
    """As :func:`file_path`, for what may also be another name than a path's."""
    return os.path.expanduser(text)  # noqa: PTH111  # Path.expanduser raises for somebody unknown


def algorithm(text: str) -> str:
    """A hash algorithm of fixed length as ``hashlib`` spells it; a usage error for others."""
    try:
        return algorithm_name(text)
    except Refused as error:
        raise click.BadParameter(str(error)) from error


def date_time(text: str) -> str:
    """An ISO 8601 time with offset, kept as it was typed; a usage error for others."""
    if not is_date_time(text):
        raise click.BadParameter(f"expected a time like 2026-11-23T05:27:01+00:00, found {text!r}")
    return text


def count(text: str) -> EventCount:
    """``N`` or ``NAME=N``: how many at least, of what; a usage error where N has anything but 1 to 12 digits."""
    name, equals, number = text.rpartition("=")
    if not number.isascii() or not number.isdigit() or len(number) > _MAX_DIGITS or (equals and not name.strip()):
        raise click.BadParameter(f"expected N or NAME=N, N a whole number, found {text!r}")
    return EventCount(int(number), name.strip() or None)


def named_count(text: str) -> tuple[str, int]:
    """``NAME=N``, as :func:`count`."""
    wanted = count(text)
    if wanted.name is None:
        raise click.BadParameter(f"expected NAME=N, N a whole number, found {text!r}")
    return wanted.name, wanted.at_least


def common_options(command: _Function) -> _Function:
    """The options of both forms: four about the key, one about the exit status, with their environment variables."""
    options = [
        click.option(
            "--hmac-key", metavar="TEXT", envvar=f"{PREFIX}HMAC_KEY", help="The key (others see it: use a file)."
        ),
        click.option(
            "--hmac-key-file",
            type=file_path,
            metavar="FILE",
            envvar=f"{PREFIX}HMAC_KEY_FILE",
            help="File with the key; white space around it is cut off.",
        ),
        click.option("--hmac-key-id", metavar="ID", envvar=f"{PREFIX}HMAC_KEY_ID", help="The key's name."),
        click.option(
            "--allow-unsigned",
            is_flag=True,
            envvar=f"{PREFIX}ALLOW_UNSIGNED",
            help="Do without a key: entries may have no signature.",
        ),
        click.option(
            "--exit-like-original",
            is_flag=True,
            envvar=f"{PREFIX}EXIT_LIKE_ORIGINAL",
            help="Status 2 for whatever is not done or not verified, as the first script has it.",
        ),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def typed(name: str) -> bool:
    """Whether an option stands on the command line itself, not in the environment."""
    return click.get_current_context().get_parameter_source(name) is ParameterSource.COMMANDLINE


def chosen_key(hmac_key: str | None, hmac_key_file: Path | None, hmac_key_id: str | None) -> SharedKey | None:
    """The key the options name, or ``None``. What is typed goes before the environment; two of a kind are an error."""
    if hmac_key is not None and hmac_key_file is not None:
        if typed("hmac_key") == typed("hmac_key_file"):
            raise click.UsageError("give one key: --hmac-key or --hmac-key-file, not both")
        if typed("hmac_key"):
            hmac_key_file = None
        else:
            hmac_key = None
    if hmac_key is not None:
        return open_key(os.fsencode(hmac_key), hmac_key_id, "--hmac-key")
    if hmac_key_file is not None:
        return open_key_file(hmac_key_file, hmac_key_id)
    if hmac_key_id is not None and typed("hmac_key_id"):
        raise click.UsageError("--hmac-key-id names a key, but none was given: add --hmac-key-file FILE")
    return None


def expected_key(key: SharedKey | None, expected: str | None) -> SharedKey | None:
    """The key under the name that ``--expected-key-id`` expects; a usage error without a key or with another name."""
    if expected is None:
        return key
    if key is None:
        raise click.UsageError("--expected-key-id names a key, but none was given: add --hmac-key-file FILE")
    if key.id not in (None, expected):
        raise click.UsageError("--hmac-key-id and --expected-key-id name two keys; give one name")
    return key._replace(id=expected)


def without_twins(option: str, pairs: Iterable[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs as a dictionary; a usage error where a key was given twice."""
    by_key: dict[str, Any] = {}
    for key, value in pairs:
        if key in by_key:
            raise click.UsageError(f"{option}: {key!r} was given twice")
        by_key[key] = value
    return by_key
