"""What was typed, field by field: parsed, bounded, and kept for the form that comes back when it was not taken."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from flask import request
from werkzeug.datastructures import FileStorage

from ledger.app.durations import parse_duration
from ledger.app.steps.duties import LARGEST
from ledger.domain.text import check_text
from ledger.errors import Refused
from web.acts.act import Field
from web.i18n import gettext
from web.typed import in_utc, whole


def read(fields: tuple[Field, ...]) -> dict[str, Any]:
    """The values of a form; ``Refused`` names the first field that is not fit."""
    return {field.name: _PARSERS[field.kind](field) for field in fields}


def typed() -> dict[str, str]:
    """What was typed, as it was typed: never a password."""
    return {name: value for name, value in request.form.items() if name != "password"}


def _text(field: Field) -> str:
    text = request.form.get(field.name, "").replace("\r\n", "\n")
    return check_text(f"“{gettext(field.label)}”", text, empty=not field.required)


def _duration(field: Field) -> str:
    text = _text(field)
    if text:
        parse_duration(text)
    return text


def _when(field: Field) -> datetime | None:
    """``2026-11-23T03:14`` as a browser's field gives it: UTC, because the page says so."""
    text = request.form.get(field.name, "").strip()
    if not text:
        if field.required:
            raise Refused(f"“{gettext(field.label)}” is empty")
        return None
    try:
        return in_utc(text)
    except ValueError:
        raise Refused(f"{text[:40]!a} is no time; write 2026-11-23T03:14, in UTC") from None


def _number(field: Field) -> int:
    text = _text(field)
    found = whole(text)
    if found is None:
        raise Refused(f"{text[:40]!a} is no number")
    return found


def _choices(field: Field) -> tuple[str, ...]:
    return tuple(request.form.getlist(field.name))


def _check(field: Field) -> bool:
    return field.name in request.form


def _file(field: Field) -> tuple[str, bytes]:
    found = request.files.get(field.name)
    if not isinstance(found, FileStorage) or not found.filename:
        raise Refused("choose a file first")
    data = found.stream.read(LARGEST + 1)
    if len(data) > LARGEST:
        raise Refused(f"the file is larger than {LARGEST // 2**20} MiB; attach an excerpt")
    return found.filename, data


_PARSERS: Final[Mapping[str, Callable[[Field], Any]]] = {
    "text": _text,
    "long": _text,
    "choice": _text,
    "duration": _duration,
    "when": _when,
    "number": _number,
    "choices": _choices,
    "check": _check,
    "file": _file,
}
