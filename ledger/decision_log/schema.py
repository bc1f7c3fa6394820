"""The JSON schema of decision log v2 (draft-07), and checking an entry against it or against a schema from a file.

The ``date-time`` format is checked here, the same everywhere: jsonschema's own checker is there only with an optional
package. No schema is ever fetched: a ``$ref`` to somewhere else is refused.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from jsonschema import Draft7Validator, FormatChecker
from jsonschema.exceptions import SchemaError, ValidationError
from jsonschema.validators import validator_for
from referencing import Registry
from referencing.exceptions import Unresolvable

from ledger.decision_log.line import Finding, parse_json, shown
from ledger.errors import Corrupt, Refused
from ledger.files import read_bounded

BUILTIN: Final = "builtin:decision_log_v2"
TITLE: Final = "Decision Log Entry v2"
ALIASES: Final = (BUILTIN, TITLE, "decision_log_v2", "https://example.com/schemas/decision_log_v2.json")
"""Names of the builtin schema; the last one is the ``$id`` under which the format is published."""

_DESCRIPTION: Final = "An entry of a decision log v2: artefacts, runtime flags and signatures."
_SIGNATURE: Final = r"^hmac:[A-Za-z0-9+/=:_-]+"
_MAX_SCHEMA: Final = 1_048_576
_MAX_PART: Final = 60
_TEXT: Final = {"type": "string", "minLength": 1}

DECISION_LOG_V2: Final[dict[str, Any]] = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "title": "Decision log v2 entry",
    "type": "object",
    "additionalProperties": True,
    "required": ["timestamp", "stage", "status", "artefacts", "runtime_flags", "signatures"],
    "properties": {
        "kind": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "stage": _TEXT,
        "status": _TEXT,
        "artefacts": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"anyOf": [_TEXT, {"type": ["number", "boolean", "null"]}]},
        },
        "runtime_flags": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
        "signatures": {
            "type": "object",
            "minProperties": 1,
            # (?![\s\S]) is the end in every dialect; Python's $ also matches before a last newline
            "additionalProperties": {"type": "string", "pattern": _SIGNATURE + r"(?![\s\S])"},
        },
        "metadata": {"type": "object"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
        "signature": {
            "type": "object",
            "required": ["algorithm", "value"],
            "properties": {"algorithm": _TEXT, "value": _TEXT, "key_id": {"type": "string"}},
        },
    },
}

_DATE_TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?(Z|[+-][0-9]{2}:[0-9]{2})")


def is_date_time(text: str) -> bool:
    """Whether ``text`` is ISO 8601 with date, ``T``, seconds and offset (RFC 3339 section 5.6), of a real day."""
    if not _DATE_TIME.fullmatch(text):
        return False
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


def _formats() -> FormatChecker:
    checker = FormatChecker()
    checker.checks("date-time")(lambda value: not isinstance(value, str) or is_date_time(value))
    return checker


class Schema:
    """A JSON schema, ready to check entries. ``name`` is how the caller named it."""

    def __init__(self, name: str, rules: Any) -> None:
        self.name = name
        kind = validator_for(rules, default=Draft7Validator)
        try:
            kind.check_schema(rules)
        except (SchemaError, RecursionError) as error:
            message = getattr(error, "message", "nested too deeply")
            raise Refused(f"{name} is not a JSON schema: {message[:200]}") from error
        registry: Registry[Any] = Registry()  # empty: nothing is fetched
        self._validator = kind(rules, format_checker=_formats(), registry=registry)

    def check(self, entry: dict[str, Any]) -> Iterator[Finding]:
        """Every rule that ``entry`` breaks. ``Refused`` for a schema that refers to somewhere else, or to itself."""
        try:
            for error in self._validator.iter_errors(entry):
                yield _finding(error)
        except Unresolvable as error:
            raise Refused(f"{self.name} refers to {shown(error.ref)}, which is not in it; none is fetched") from error
        except RecursionError:
            yield Finding("entry", "nested too deeply to be checked", f"an entry for {self.name}", "a deeper one")


def load_schema(name: str) -> Schema:
    """The builtin schema by one of its names, or one from a file; a file of that name goes before an alias.

    ``Refused`` for no schema, ``Unreachable`` unreadable.
    """
    wanted = name.strip()
    if wanted in ALIASES and (wanted == BUILTIN or not Path(wanted).exists()):
        return Schema(BUILTIN, DECISION_LOG_V2)
    if wanted.startswith("builtin:"):
        raise Refused(f"no builtin schema is called {shown(name)}; there is {BUILTIN}")
    try:
        rules = parse_json(read_bounded(Path(name), _MAX_SCHEMA).decode())
    except (Corrupt, UnicodeDecodeError) as error:
        raise Refused(f"the schema {name} cannot be used: {error}") from error
    if not isinstance(rules, dict | bool):
        raise Refused(f"the schema {name} cannot be used: a JSON schema is an object, this is {shown(rules)}")
    return Schema(name, rules)


def list_aliases() -> dict[str, Any]:
    """The builtin schemas and their other names, as JSON values."""
    others = [name for name in ALIASES if name != BUILTIN]
    return {"schemas": [{"canonical": BUILTIN, "description": _DESCRIPTION, "aliases": others}]}


def describe_alias(name: str) -> dict[str, Any]:
    """What the builtin schema of that name asks for, as JSON values. ``Refused`` for an unknown name."""
    if name.strip() not in ALIASES:
        raise Refused(f"no builtin schema is called {shown(name)}; there are {', '.join(ALIASES)}")
    return {
        "canonical": BUILTIN,
        "description": _DESCRIPTION,
        "aliases": list(ALIASES),
        "supports_builtin_validator": True,
        "requirements": {
            "required_fields": sorted(DECISION_LOG_V2["required"]),
            "signature_pattern": _SIGNATURE + "$",
        },
    }


def _finding(error: ValidationError) -> Finding:
    place = ".".join(_part(part) for part in error.absolute_path) or "entry"
    found: Any = error.instance
    if error.validator == "required":
        found = sorted(found)
    expected = f"{error.validator} {shown(error.validator_value)}"
    return Finding(place, _cause(error), expected, shown(found))


def _part(part: str | int) -> str:
    plain = str(part)
    return plain if plain.isascii() and plain.isprintable() and len(plain) <= _MAX_PART else shown(part)


def _cause(error: ValidationError) -> str:
    if error.validator == "required":
        return error.message[:120]
    return f"breaks the rule {error.validator!r} of the schema"
