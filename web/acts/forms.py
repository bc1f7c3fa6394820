"""The form that was sent, as values for the act: what was typed is kept for the form that comes back."""

from __future__ import annotations

from collections.abc import Sequence

from flask import request
from werkzeug.datastructures import FileStorage

from ledger.app.acts import Field
from ledger.app.acts.fields import Given, Raw, Upload
from ledger.app.steps.duties import LARGEST
from web.i18n import gettext


def given(fields: Sequence[Field]) -> Given:
    """What was sent for each field; of a file one byte more than may be kept."""
    return {field.name: _raw(field) for field in fields}


def called(field: Field) -> str:
    """The field's label, in the page's language."""
    return gettext(field.label)


def typed() -> dict[str, str]:
    """What was typed, as it was typed: never a password."""
    return {name: value for name, value in request.form.items() if name != "password"}


def _raw(field: Field) -> Raw:
    if field.kind == "choices":
        return request.form.getlist(field.name)
    if field.kind != "file":
        text = request.form.get(field.name, "")
        return "" if _as_shown(field, text) else text
    file = request.files.get(field.name)
    if not isinstance(file, FileStorage) or not file.filename:
        return None
    return Upload(file.filename, file.stream.read(LARGEST + 1))


def _as_shown(field: Field, text: str) -> bool:
    """Whether a duration is as the form showed it: what is usual then ends in time, however long the form stood."""
    shown = request.form.get(f"{field.name}_shown")
    return field.kind == "duration" and not field.required and shown is not None and text.strip() == shown
