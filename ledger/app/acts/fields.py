"""What was typed, field by field, whichever way it came in: parsed and bounded before anything is done."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple

from ledger.app.acts.act import Field
from ledger.app.durations import parse_duration
from ledger.app.parsing import in_utc, whole
from ledger.app.steps.duties import LARGEST
from ledger.domain.text import check_text
from ledger.errors import Refused
from ledger.said import Said


class Upload(NamedTuple):
    """A file as it was given; of its name only the last part counts."""

    name: str
    data: bytes
    """At most one byte more than may be kept."""


Raw = str | Sequence[str] | Upload | None
"""A field's value as it came: text, several texts for a field of many choices, a file; None where it was not given."""
Given = Mapping[str, Raw]
Called = Callable[[Field], str]
"""How a field is called where the person sees it: the form's label, the option of a command."""


def read(fields: Sequence[Field], given: Given, called: Called) -> dict[str, Any]:
    """The values by field name; ``Refused`` names the first one that is not fit.

    Text and choices are ``str``, a duration as it was typed (``2h``), a moment an aware UTC ``datetime`` or None, a
    number ``int``, 0 where none was given, many choices a tuple, a file ``(name, bytes)``.
    """
    return {field.name: _PARSERS[field.kind](field, _given(field, given), called) for field in fields}


def _given(field: Field, given: Given) -> Raw:
    """What was given; what is usual where nothing was."""
    raw = given.get(field.name)
    return field.usual or None if raw is None else raw


def _text(field: Field, raw: Raw, called: Called) -> str:
    text = raw.replace("\r\n", "\n") if isinstance(raw, str) else ""
    text = check_text(f"“{called(field)}”", text, empty=not field.required)
    if field.among and text not in field.among:
        raise Refused(Said("{} is none of these: {}", ascii(text[:40]), ", ".join(field.among)))
    return text


def _duration(field: Field, raw: Raw, called: Called) -> str:
    text = _text(field, raw, called)
    if text:
        parse_duration(text)
    return text


def _when(field: Field, raw: Raw, called: Called) -> datetime | None:
    """``2026-11-23T03:14``; UTC where no zone is named, because the form says so."""
    text = raw.strip() if isinstance(raw, str) else ""
    if not text:
        if field.required:
            raise Refused(Said("“{}” is empty", called(field)))
        return None
    try:
        return in_utc(text)
    except ValueError:
        raise Refused(Said("{} is no time; write 2026-11-23T03:14, in UTC", ascii(text[:40]))) from None


def _number(field: Field, raw: Raw, called: Called) -> int:
    text = _text(field, raw, called)
    if not text:
        return 0
    number = whole(text)
    if number is None:
        raise Refused(Said("{} is no number", ascii(text[:40])))
    return number


def _choices(field: Field, raw: Raw, called: Called) -> tuple[str, ...]:
    return tuple(raw) if isinstance(raw, Sequence) and not isinstance(raw, str | Upload) else ()


def _file(field: Field, raw: Raw, called: Called) -> tuple[str, bytes]:
    if raw is None and not field.required:
        return "", b""
    if not isinstance(raw, Upload) or not raw.name:
        raise Refused("choose a file first")
    if len(raw.data) > LARGEST:
        raise Refused(Said("the file is larger than {} MiB; attach an excerpt", LARGEST // 2**20))
    return raw.name, raw.data


_PARSERS: Final[Mapping[str, Callable[[Field, Raw, Called], Any]]] = {
    "text": _text,
    "long": _text,
    "choice": _text,
    "duration": _duration,
    "when": _when,
    "number": _number,
    "choices": _choices,
    "file": _file,
}
