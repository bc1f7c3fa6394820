"""One press: the form's own number, and what was sent under it, so that one number never stands for two things.

In the ledger a press is ``<32 hex of the form>.<16 hex of the content>``. The second part is keyed: a digest that
anybody can compute would tell what an erased text said.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Final

from flask import g, request

from ledger.app.reading.rows import Receipt
from ledger.errors import Conflict, Refused
from web.site import site

_NUMBER: Final = re.compile(r"[0-9a-f]{32}")
_NOT_CONTENT: Final = ("request_id", "password", "decided_on")
"""Neither who somebody proves to be nor what a page had seen is what they ask for."""


def number() -> str:
    """The form's own number; ``Refused`` where it came without one."""
    sent = request.form.get("request_id", "")
    if not _NUMBER.fullmatch(sent):
        raise Refused("the form came without its number; load the page again")
    return sent


def press_id() -> str:
    """The press's name in the ledger."""
    return f"{number()}.{content()}"


def content() -> str:
    """16 hex digits that differ where the address, the person, a field or a file differs."""
    digest = hmac.new(site().secret, digestmod=hashlib.sha256)
    fields = sorted((name, text) for name, text in request.form.items(multi=True) if name not in _NOT_CONTENT)
    for part in (request.path, g.person, *(text for field in fields for text in field), *_files()):
        data = part.encode("utf-8", "surrogatepass")
        digest.update(len(data).to_bytes(8, "big") + data)
    return digest.hexdigest()[:16]


def _files() -> list[str]:
    parts = []
    for name, file in sorted(request.files.items(multi=True), key=lambda item: item[0]):
        parts += [name, file.filename or "", hashlib.sha256(file.stream.read()).hexdigest()]
        file.stream.seek(0)
    return parts


def taken() -> Receipt | None:
    """What this very press was answered with before: a double click, a reload, a lost answer.

    ``Conflict`` where the form's number was used for something else.
    """
    receipts = site().installation.ledger.log.receipts(f"{number()}.")
    if not receipts:
        return None
    wanted = press_id()
    if earlier := next((receipt for receipt in receipts if receipt.request_id == wanted), None):
        return earlier
    raise Conflict("this form was sent already with other content; nothing was done now: load the page again")
