"""Tell people: a command that gets the warning on standard input, or a URL to which it is POSTed."""

from __future__ import annotations

import json
import shlex
import subprocess

from ledger.adapters.http import Server, ask
from ledger.errors import Unreachable

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
        done = subprocess.run(
            shlex.split(command), input=text, text=True, timeout=_SECONDS, capture_output=True, check=False
        )
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        raise Unreachable(f"announce.command cannot be run: {error}") from error
    if done.returncode:
        raise Unreachable(f"announce.command ended with status {done.returncode}: {done.stderr.strip()[:200]}")
