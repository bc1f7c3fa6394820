"""The post-mortem as PDF from a terminal: the same document that the page's button gives."""

from __future__ import annotations

from pathlib import Path

from flask import g

from ledger.app.reading.outlook import Lookout
from ledger.app.review.post_mortem import review
from ledger.app.review.printing import INSTALL, engine
from ledger.cli.context import Session
from ledger.domain.state import Rollback
from ledger.errors import Unreachable
from web.app import create_app
from web.pages.review import made_pdf
from web.site import Site


def write_pdf(session: Session, rollback: Rollback, target: str, language: str) -> None:
    """Make it and write it; ``Unreachable`` where nothing here can make one, or the file cannot be written."""
    if not engine():
        raise Unreachable(INSTALL)
    installation = session.installation
    app = create_app(Site(installation, session.accounts, Lookout(installation)))
    with app.test_request_context("/"):
        g.language = language
        made = made_pdf(review(installation, rollback))
    try:
        Path(target).write_bytes(made)
    except OSError as error:
        raise Unreachable(f"{target} cannot be written: {error.strerror}") from error
