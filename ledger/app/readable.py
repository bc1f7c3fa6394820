"""Opening a home whose store does not hold: what can be read of it is shown, and nothing is written into it."""

from __future__ import annotations

from pathlib import Path

from ledger.app.home import config as settings
from ledger.app.home.folders import Home
from ledger.app.installation import Installation, open_home, wired
from ledger.app.record.published_ledger import published_log
from ledger.errors import Corrupt, LedgerError, Unreachable
from ledger.said import Said


def open_readable(root: Path) -> Installation:
    """Like :func:`open_home`, also where the store's rows do not hold: then it reads the published lines.

    Nothing can be written into such an installation, whatever becomes of the store. Where the published lines do not
    hold either, the store's own installation, whose :attr:`Installation.state` says what is wrong with it; ``Corrupt``
    where not even that can be had.
    """
    made = None
    try:
        made = open_home(root)
        made.ledger.view()
    except Corrupt as error:
        published = _from_published(root, error)
        if published is None and made is None:
            raise
        if published is not None and made is not None:
            made.ledger.log.close()
        return published or made  # type: ignore[return-value]  # one of the two is there
    return made


def _from_published(root: Path, error: Corrupt) -> Installation | None:
    config = settings.load(Home(root).config)
    home = Home(root, config.stage)
    try:
        made = wired(home, config, *published_log(home, Unreachable(str(error))))
        made.ledger.view()
    except LedgerError:
        return None
    made.ledger.held = made.ledger.held_anyway = Said(
        "nothing is written but the stop since this was started, because the store did not hold: "
        "{}. Start again when it was put right",
        error,
    )
    return made
