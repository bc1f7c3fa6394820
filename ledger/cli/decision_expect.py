"""Options of ``verify_decision_log.py`` about what a log must say: its metadata line, its events, its screens.

Each has its variable in the environment, under the names of the user's first script; what is typed goes first.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import click

from ledger.cli.decision_options import PREFIX, count, named_count, pair
from ledger.cli.refused_options import Elsewhere, refused_options
from ledger.decision_log.line import parse_json
from ledger.decision_log.metadata import MODES, TLS_MATERIALS, Expectations, fingerprint
from ledger.decision_log.rules import EventCount
from ledger.errors import Corrupt

_Function = TypeVar("_Function", bound=Callable[..., Any])

_SERVICE: Final = "is about the risk service of the first script's core.yaml, which there is none of here"
_PROFILE: Final = "is about the risk profiles of the first script's core.yaml, which there are none of here"
REFUSED: Final = (
    Elsewhere(
        "--core-config= --risk-profile= --risk-profiles-file=",
        _PROFILE,
        "name its limits yourself: --expect-filter, --min-event-count, --max-event-count, --require-tls",
    ),
    Elsewhere(
        "--print-risk-profiles --risk-profile-env-snippet= --risk-profile-yaml-snippet=",
        _PROFILE,
        "what the metadata line says of its profile stands in --report-output FILE",
    ),
    Elsewhere(
        "--require-risk-service-tls --require-risk-service-tls-material= --require-risk-service-scope= "
        "--require-risk-service-token-id= --require-risk-service-auth-token --expect-risk-service-server-sha256=",
        _SERVICE,
        "what the metadata line says of it stands in --report-output FILE",
    ),
)
"""What only concerns the first script's own services."""


def expectation_options(command: _Function) -> _Function:
    """The options that :func:`expectations` and :func:`event_counts` read, and those that are refused."""
    options = [
        _texts("--require-event-count", count, "[NAME=]N", "At least N entries (of event NAME)."),
        _texts("--min-event-count", named_count, "NAME=N", "At least N entries of event NAME."),
        _texts("--max-event-count", named_count, "NAME=N", "At most N entries of event NAME."),
        click.option(
            "--expect-mode",
            type=click.Choice(MODES, case_sensitive=False),
            envvar=f"{PREFIX}EXPECT_MODE",
            help="The metadata line's mode.",
        ),
        _switch("--expect-summary-enabled", "The metadata line must say that a summary was made."),
        _texts("--expect-filter", pair, "KEY=VALUE", "A filter in the metadata line."),
        _text("--expect-input-file", "PATH", "Its input file, word for word; mode jsonl."),
        _text("--expect-endpoint", "HOST:PORT", "Its endpoint; mode grpc."),
        _switch("--require-auth-token", "It must say that a token was sent; mode grpc."),
        _texts("--require-auth-scope", str, "SCOPE", "It must name this scope of the token."),
        _switch("--require-tls", "It must say that TLS was used; mode grpc."),
        _texts("--require-tls-material", click.Choice(TLS_MATERIALS), "NAME", "It must say that this was given."),
        _texts("--expect-server-sha256", _fingerprint, "HEX", "The server's fingerprint; one of those given."),
        _texts("--expect-server-sha256-source", str, "NAME", "Where it came from; one of those given."),
        _switch("--require-screen-info", "Every entry must say which screen it was seen on."),
        refused_options(REFUSED, PREFIX),
    ]
    for option in reversed(options):
        command = option(command)
    return command


def expectations(options: Mapping[str, Any]) -> Expectations:
    """What the metadata lines must say; a usage error for a variable of the environment that cannot be read."""
    filters = _object("EXPECT_FILTERS_JSON") | dict(options["expect_filter"])
    materials = (*options["require_tls_material"], *map(str.lower, _list("REQUIRE_TLS_MATERIALS")))
    if unknown := sorted(set(materials) - set(TLS_MATERIALS)):
        raise click.UsageError(f"{PREFIX}REQUIRE_TLS_MATERIALS: {unknown[0]!r} is none of {', '.join(TLS_MATERIALS)}")
    return Expectations(
        mode=options["expect_mode"],
        summary_enabled=options["expect_summary_enabled"],
        filters=filters,
        input_file=options["expect_input_file"],
        endpoint=options["expect_endpoint"],
        auth_token=options["require_auth_token"],
        auth_scopes=_lower(options["require_auth_scope"], "REQUIRE_AUTH_SCOPE"),
        tls=options["require_tls"],
        tls_materials=materials,
        server_sha256=(*options["expect_server_sha256"], *map(_fingerprint, _list("EXPECT_SERVER_SHA256"))),
        server_sha256_sources=_lower(options["expect_server_sha256_source"], "EXPECT_SERVER_SHA256_SOURCE"),
    )


def event_counts(options: Mapping[str, Any]) -> tuple[EventCount, ...]:
    """The counts that are asked for; of one event the last limit counts, a typed one before the environment's."""
    least = _counts("MIN_EVENT_COUNTS_JSON") | dict(options["min_event_count"])
    most = _counts("MAX_EVENT_COUNTS_JSON") | dict(options["max_event_count"])
    return (
        *options["require_event_count"],
        *(EventCount(number, name) for name, number in least.items()),
        *(EventCount(0, name, number) for name, number in most.items()),
    )


def _text(option: str, metavar: str, words: str) -> Callable[[_Function], _Function]:
    return click.option(option, metavar=metavar, envvar=PREFIX + option[2:].replace("-", "_").upper(), help=words)


def _switch(option: str, words: str) -> Callable[[_Function], _Function]:
    return click.option(option, is_flag=True, envvar=PREFIX + option[2:].replace("-", "_").upper(), help=words)


def _texts(option: str, form: Any, metavar: str, words: str) -> Callable[[_Function], _Function]:
    return click.option(option, type=form, metavar=metavar, multiple=True, help=words)


def _fingerprint(text: str) -> str:
    digits = fingerprint(text)
    if digits is None:
        raise click.BadParameter(f"a SHA-256 fingerprint has 64 hex digits, found {text!r}")
    return digits


def _lower(typed: tuple[str, ...], variable: str) -> tuple[str, ...]:
    return tuple(text.strip().lower() for text in (*typed, *_list(variable)) if text.strip())


def _list(variable: str) -> list[str]:
    """A variable of the environment: a JSON list of texts, or texts with ``,`` or ``;`` between them."""
    text = os.environ.get(PREFIX + variable, "")
    try:
        given = json.loads(text)
    except ValueError:
        given = re.split("[,;]", text)
    texts = given if isinstance(given, list) else [text]
    if not all(isinstance(part, str) for part in texts):
        raise click.UsageError(f"{PREFIX}{variable} is to be a list of texts, found {text!r}")
    return [part.strip() for part in texts if part.strip()]


def _object(variable: str) -> dict[str, Any]:
    """A variable of the environment: a JSON object."""
    text = os.environ.get(PREFIX + variable, "")
    try:
        page = parse_json(text) if text.strip() else {}
    except Corrupt as error:
        raise click.UsageError(f"{PREFIX}{variable} is to be a JSON object: {error}") from error
    if not isinstance(page, dict):
        raise click.UsageError(f"{PREFIX}{variable} is to be a JSON object, found {text!r}")
    return page


def _counts(variable: str) -> dict[str, int]:
    counts = _object(variable)
    if not all(type(number) is int and number >= 0 for number in counts.values()):
        raise click.UsageError(f"{PREFIX}{variable} is to hold whole numbers by event, found {json.dumps(counts)}")
    return counts
