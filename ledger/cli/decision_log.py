"""``verify_decision_log.py``: verify a decision log v2, or append a summary to one.

The stage's own log is not written here: a hook, :class:`OwnLog`, hands the summary to its ledger. Exit status: 0 done,
1 refused or not verified, 2 usage, 3 unreadable; with ``--exit-like-original`` 2 for all but 0. What differs from the
user's first script of that name: docs/verify_decision_log.md.
"""

from __future__ import annotations

from typing import Any, Final

import click

from ledger.cli.decision_expect import REFUSED
from ledger.cli.decision_options import PREFIX
from ledger.cli.decision_summary import SUMMARY, FindOwnLog, OwnLog, summary_command
from ledger.cli.decision_verify import verify_command
from ledger.decision_log.schema import BUILTIN

__all__ = ["FindOwnLog", "OwnLog", "build_command"]

_REFUSED: Final = "\n".join(
    "  " + word for word in " ".join(group.options.replace("=", "") for group in REFUSED).split()
)

_EXAMPLES: Final = f"""\b
Examples:
  scripts/verify_decision_log.py audit/decision_logs/stage4.jsonl \\
      --hmac-key-file KEYFILE --schema {BUILTIN}
  zcat old.jsonl.gz | scripts/verify_decision_log.py - --hmac-key-file KEYFILE --json
  scripts/verify_decision_log.py summary --append audit/decision_logs/stage4.jsonl \\
      --stage stage4 --status rollback_completed --hash-algorithm sha384 \\
      --artefact incident_id=INC-2042 \\
      --artefact-from-file summary_sha384=var/audit/stage4/rollback_summary.json \\
      --metadata duration_min=42 --tag rollback

\b
Key options can stand in the environment: {PREFIX}HMAC_KEY,
…HMAC_KEY_FILE, …HMAC_KEY_ID, …ALLOW_UNSIGNED and …SCHEMA; so can the others,
see docs/verify_decision_log.md.
Exit status: 0 done, 1 refused or not verified, 2 usage, 3 unreadable.
"""

_DIFFERENCES: Final = f"""\b
Other than the first script of this name (all of it: docs/verify_decision_log.md):
  not verified: duplicate keys, NaN, CRLF, a line over 1 MiB or without its
  newline, a spelling that json.dumps does not write, and a metadata line that
  is not as expected, also where a later one is
  refused: --signature-entry without hmac:, --timestamp without offset
  text: an object or a list as an artefact
  accepted: HMAC-SHA384, and any file as --summary-json, by its digest
Known and refused, because they are about services that are not here:
{_REFUSED}
"""


class _VerifyOrSummary(click.Command):
    """Verifies ``PATH``; where the first word is ``summary``, another command takes over."""

    summary: click.Command

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        if args and args[0] == SUMMARY:
            return self.summary.make_context(f"{info_name} {SUMMARY}", args[1:], parent, **extra)
        return super().make_context(info_name, args, parent, **extra)

    def invoke(self, ctx: click.Context) -> Any:
        return super().invoke(ctx) if ctx.command is self else ctx.command.invoke(ctx)


def build_command(own_log: FindOwnLog) -> click.Command:
    """The whole command. ``own_log`` gets the path of ``--append`` and knows whether it is a stage's own log."""
    epilog = f"{_EXAMPLES}\n{_DIFFERENCES}"
    command = verify_command(_VerifyOrSummary, epilog)
    assert isinstance(command, _VerifyOrSummary)
    command.summary = summary_command(own_log, epilog)
    return command
