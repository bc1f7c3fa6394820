"""The ledger verified from inside an installation: the published files, by its own keys, with progress."""

from __future__ import annotations

from collections.abc import Callable

from ledger.app.installation import Installation
from ledger.app.keys import read_private
from ledger.files import read_bounded
from ledger.proof.entry import HMAC_DIGESTS, HmacKey
from ledger.verify import Report, open_log, verify

_LIMIT = 64 * 1024


def verify_published(installation: Installation, progress: Callable[[int], None] | None = None) -> Report:
    """Publish, then verify the published lines; ``progress`` gets the bytes read.

    The checkpoint is read first, then the lines: what is appended meanwhile lies beyond it and is verified next time.
    """
    installation.publish()
    home, config = installation.home, installation.config
    note = read_bounded(home.published_checkpoint, _LIMIT)
    secret = read_private(home.path(config.hmac_key_file)).strip()
    with open_log(str(home.published)) as lines:
        return verify(
            lines,
            checkpoint=note,
            verifier=installation.ledger.verifier,
            hmac_keys=[HmacKey("", secret, algorithm) for algorithm in HMAC_DIGESTS],
            heads=[],
            progress=progress,
        )
