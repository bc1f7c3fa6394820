"""Sentences in running text: of a path the last part, of an identifier its beginning. The entry has the whole."""

from __future__ import annotations

import re
from typing import Final

from ledger.app.words import ROLES
from web.i18n import gettext

_PATH: Final = re.compile(r"(?<![\w:/.])/(?:[^\s/,;:'\"]+/)+([^\s/,;:'\"]+)")
_UUID: Final = re.compile(r"\b([0-9a-f]{8})-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\b")


_COMMAND: Final = re.compile(r": stage4 rollback [^;]*$")
_ROLES: Final = re.compile(r"^(?:observability|noc)(?=: )|\b(?:incident_manager|l2_ops|product_owner)\b")


def plain(sentence: str) -> str:
    """A refusal as a page says it: roles by name, and no line for a terminal where a button stands."""
    return _ROLES.sub(lambda match: gettext(str(ROLES[match[0]])), _COMMAND.sub("", sentence))


def shorter(sentence: str) -> str:
    """``/srv/stage4/var/runtime/x.json`` is ``x.json``, and a UUID its first eight digits."""
    return _UUID.sub(r"\1…", _PATH.sub(r"\1", sentence))
