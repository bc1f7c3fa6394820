"""Tell people: a command that gets the warning on standard input, or a URL to which it is POSTed."""

from __future__ import annotations

import json
import shlex
import subprocess

from ledger.adapters.http import Server, ask
from ledger.errors import Unreachable
from ledger.masking import learn_address, learn_header, masked_addresses
from ledger.said import Said

_SECONDS = 5.0


def announce(command: str, server: Server | None, message: dict[str, str]) -> None:
    """Hand over one message (``text``, ``kind``, ``rollback``) as JSON; ``Unreachable`` where a hook fails.

    The command is split as a shell would, but no shell runs it; it has 5 s.
    """
    if command:
        _run(command, json.dumps(message, ensure_ascii=False))
    if server is not None:
        answer = ask(server, "the announcement hook", "POST", body=message)
        if not answer.ok:
            raise Unreachable(f"the announcement hook answered {answer.status_code}: check announce.url")


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
