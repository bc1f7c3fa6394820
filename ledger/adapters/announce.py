"""Tell people: a command that gets the message on standard input, or a URL to which it is POSTed.

The message is JSON with these strings: ``text`` for people; ``kind``, the entry's status; ``rollback``, its id or
``""``; ``stage``; and ``id``, which is the same each time it is sent, so that a receiver can leave out what came twice.
"""

from __future__ import annotations

import json
import shlex
import subprocess

from ledger.adapters.connection import Delivered, Delivery, Probed
from ledger.adapters.http import Clock, Exchange, Server, ask
from ledger.errors import Unreachable
from ledger.masking import learn_address, learn_header, masked_addresses
from ledger.said import Said

_SECONDS = 5.0
_WHO = "the announcement hook"


class Hook:
    """A hook shows nothing back: after an answer that was lost it gets the message again, with the same ``id``."""

    def __init__(self, command: str, server: Server | None, stage: str, clock: Clock, log: list[Exchange]) -> None:
        self._command, self._server, self._stage = command, server, stage
        self._clock, self._log = clock, log

    def probe(self) -> Probed:
        """Nothing can be seen of a hook without sending it something."""
        return Probed(
            "ok", "no message waits by the ledger; whether it takes one now was not tried: stage4 announce test"
        )

    def look(self, delivery: Delivery) -> None:
        """Nothing is shown back."""
        return

    def deliver(self, delivery: Delivery) -> Delivered:
        """Hand it over. The command is split as a shell would, but no shell runs it; it has 5 s."""
        message = {
            "kind": delivery.kind,
            "rollback": delivery.rollback,
            "stage": self._stage,
            "id": delivery.marker,
            "text": delivery.text,
        }
        if self._command:
            _run(self._command, json.dumps(message, ensure_ascii=False))
        if self._server is not None:
            answer = ask(self._server, _WHO, "POST", body=message, clock=self._clock, log=self._log)
            if not answer.ok:
                raise Unreachable(Said("the announcement hook answered {}: check announce.url", answer.status_code))
        return Delivered()


def _run(command: str, text: str) -> None:
    try:
        for word in shlex.split(command):
            name, _, value = word.partition(":")
            learn_header(name, value.strip())
            learn_address(word, whole=True)
        done = subprocess.run(
            shlex.split(command),
            input=text,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            capture_output=True,
            check=False,
        )
    except subprocess.TimeoutExpired:  # its own words repeat the command, which may hold a secret
        raise Unreachable(Said("announce.command did not end within {} s", f"{_SECONDS:g}")) from None
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise Unreachable(Said("announce.command cannot be run: {}", why)) from error
    if done.returncode:
        said = masked_addresses(done.stderr.strip())[:200]
        raise Unreachable(Said("announce.command ended with status {}: {}", done.returncode, said))
