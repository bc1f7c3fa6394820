"""``verify_decision_log.py``: verify a decision log v2, or append a summary to one.

The stage's own log is not written here: a hook, :class:`OwnLog`, hands the summary to its ledger. Exit status: 0 done,
1 refused or not verified, 2 usage, 3 unreadable.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import click

from ledger.app.decision_line import Finding
from ledger.app.decision_log import (
    Summary,
    append,
    build_entry,
    digest_artefact,
    for_ledger,
    format_line,
    parse_metadata,
    sign,
)
from ledger.app.decision_schema import BUILTIN, load_schema
from ledger.app.decision_verify import Report, Rules, Tell, verify_log, verify_stream
from ledger.cli.decision_options import (
    PREFIX,
    algorithm,
    chosen_key,
    count,
    date_time,
    flag,
    key_options,
    pair,
    typed,
    without_twins,
)
from ledger.errors import LedgerError, Refused, Unreachable, kind_of

SUMMARY: Final = "summary"
STANDARD: Final = "-"
_FOREIGN_ONLY: Final = ("hmac_key", "hmac_key_file", "hmac_key_id", "allow_unsigned", "signature_entry")

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
…HMAC_KEY_FILE, …HMAC_KEY_ID, …ALLOW_UNSIGNED and …SCHEMA.
Exit status: 0 done, 1 refused or not verified, 2 usage, 3 unreadable.
"""


class OwnLog(Protocol):
    """The log of a stage that has a ledger."""

    @property
    def stage(self) -> str:
        """The stage's name."""

    def before(self, status: str, artefacts: dict[str, str]) -> None:
        """Say what is owed before any file is read. Raises ``LedgerError``."""

    def append(self, summary: Summary) -> str:
        """Hand the summary to the ledger; the sentence to print. Raises ``LedgerError``."""


FindOwnLog = Callable[[Path], OwnLog | None]


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
    """The whole command. ``own_log`` gets the path as it was typed and knows whether it is a stage's own log."""
    command = _verify_command()
    command.summary = _summary_command(own_log)
    return command


def _verify_command() -> _VerifyOrSummary:
    @click.command("verify_decision_log.py", cls=_VerifyOrSummary, epilog=_EXAMPLES)
    @click.argument("path", metavar="PATH|summary")
    @key_options
    @click.option(
        "--schema", metavar="PATH|" + BUILTIN, envvar=f"{PREFIX}SCHEMA", help="JSON schema each entry must satisfy."
    )
    @click.option(
        "--summary-json",
        type=click.Path(path_type=Path),
        help="The last summary in the log must have this file's digest.",
    )
    @click.option("--summary-hash-key", metavar="KEY", help="Artefact with that digest [default: summary…].")
    @click.option(
        "--require-event-count",
        type=count,
        metavar="[NAME=]N",
        multiple=True,
        help="At least N entries (of event NAME).",
    )
    @click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object.")
    def verify(path: str, **options: Any) -> None:
        """Verify a decision log: PATH is a file, a .gz, or - for standard input.

        With the word summary in its place an entry is appended: see summary --help.
        """
        with _reported(as_json=options["as_json"]):
            _verify(path, options)

    return verify


def _summary_command(own_log: FindOwnLog) -> click.Command:
    @click.command(SUMMARY, epilog=_EXAMPLES)
    @click.option("--append", "path", metavar="PATH", required=True, help="Log to append to; - is standard output.")
    @click.option("--stage", required=True, help="The stage the entry is about.")
    @click.option("--status", required=True, help="What happened, rollback_completed for example.")
    @click.option("--kind", default="snapshot", show_default=True, help="The kind of entry.")
    @click.option("--timestamp", type=date_time, metavar="TIME", help="The time [default: now].")
    @click.option("--summary-json", type=click.Path(path_type=Path), help="File whose digest becomes an artefact.")
    @click.option("--summary-hash-key", metavar="KEY", help="Its key [default: summary_<algorithm>].")
    @click.option(
        "--hash-algorithm", type=algorithm, metavar="NAME", default="sha256", show_default=True, help="For all digests."
    )
    @click.option("--artefact", type=pair, metavar="KEY=VALUE", multiple=True, help="Evidence, by value.")
    @click.option(
        "--artefact-from-file", type=pair, metavar="KEY=PATH", multiple=True, help="Evidence, by a file's digest."
    )
    @click.option(
        "--runtime-flag", type=flag, metavar="NAME[=true|false]", multiple=True, help="[default: summary.appended=true]"
    )
    @click.option(
        "--signature-entry",
        type=pair,
        metavar="KEY=VALUE",
        multiple=True,
        help="hmac:VALUE [default: an HMAC of the artefacts].",
    )
    @click.option(
        "--metadata", type=pair, metavar="KEY=VALUE", multiple=True, help="What parses as JSON is taken as such."
    )
    @click.option("--tag", multiple=True, help="Each name once.")
    @key_options
    @click.option("--json", "as_json", is_flag=True, help="Print what was appended as one JSON object.")
    def summary(path: str, **options: Any) -> None:
        """Append one entry to a decision log and sign it.

        On the stage's own log the ledger signs and chains it, so the options about keys and signatures are errors
        there. All options that take KEY=VALUE or NAME may be given more than once.
        """
        with _reported(as_json=options["as_json"]):
            _append(path, options, own_log)

    return summary


def _verify(path: str, options: dict[str, Any]) -> None:
    rules = Rules(
        key=chosen_key(options["hmac_key"], options["hmac_key_file"], options["hmac_key_id"]),
        allow_unsigned=options["allow_unsigned"],
        schema=load_schema(options["schema"]) if options["schema"] is not None else None,
        summary=options["summary_json"],
        summary_hash_key=options["summary_hash_key"],
        event_counts=options["require_event_count"],
    )
    tell: Tell | None = None if options["as_json"] else _say
    report = verify_stream(sys.stdin.buffer, rules, tell) if path == STANDARD else verify_log(path, rules, tell)
    name = "standard input" if path == STANDARD else _absolute(path)
    if options["as_json"]:
        _say(_report_json(name, report))
    else:
        _say_report(name, report)
    click.get_current_context().exit(0 if report.ok else 1)


def _report_json(name: str, report: Report) -> str:
    return json.dumps(
        {
            "ok": report.ok,
            "log": name,
            "entries": report.entries,
            "signed": report.signed,
            "checked": report.checked,
            "not_checked": report.not_checked,
            "findings": [finding._asdict() for finding in report.findings],
        }
    )


def _say_report(name: str, report: Report) -> None:
    _say(f"checked: {', '.join(report.checked) or 'nothing but JSON'}")
    for point in report.not_checked:
        _say(f"not checked: {point}")
    verdict = "verified" if report.ok else f"NOT VERIFIED, findings: {report.count}"
    _say(f"{verdict} ({report.entries} entries, {report.signed} signed): {name}")


def _append(path: str, options: dict[str, Any], own_log: FindOwnLog) -> None:
    own = None if path == STANDARD else own_log(Path(path))
    if own is None:
        _append_foreign(path, options)
        return
    for name in filter(typed, _FOREIGN_ONLY):
        option = "--" + name.replace("_", "-")
        raise click.UsageError(f"{option} is not for this log: the ledger of {own.stage} signs it with its own key")
    if options["stage"] != own.stage:
        raise Refused(f"{_absolute(path)} is the log of {own.stage}; an entry of another stage does not belong there")
    if not options["status"]:
        raise Refused("the status is empty; give --status NAME")
    own.before(options["status"], dict(options["artefact"]))
    sentence = own.append(for_ledger(_summary(options)))
    _say(json.dumps({"ok": True, "log": _absolute(path), "sentence": sentence}) if options["as_json"] else sentence)


def _append_foreign(path: str, options: dict[str, Any]) -> None:
    key = chosen_key(options["hmac_key"], options["hmac_key_file"], options["hmac_key_id"])
    if key is None and not options["allow_unsigned"]:
        raise Refused("no key was given: name --hmac-key-file FILE, or --allow-unsigned")
    entry = build_entry(_summary(options), datetime.now(UTC), key)
    if key is not None:
        entry = sign(entry, key.secret, key.id)
    if path == STANDARD:
        click.echo(format_line(entry), nl=False)
        return
    append(Path(path), entry)
    signed = "unsigned" if key is None else "signed"
    result = {"ok": True, "log": _absolute(path), "entry": entry}
    _say(json.dumps(result) if options["as_json"] else f"appended, {signed}, to {_absolute(path)}")


def _summary(options: dict[str, Any]) -> Summary:
    hashed = options["hash_algorithm"]
    files = [(key, Path(path)) for key, path in options["artefact_from_file"]]
    if options["summary_json"] is not None:
        files.append((options["summary_hash_key"] or f"summary_{hashed}", options["summary_json"]))
    digests = ((key, digest_artefact(path, hashed)) for key, path in files)
    metadata = ((key, parse_metadata(text)) for key, text in options["metadata"])
    return Summary(
        stage=options["stage"],
        status=options["status"],
        kind=options["kind"],
        timestamp=options["timestamp"],
        artefacts=without_twins("artefacts", [*options["artefact"], *digests]),
        metadata=without_twins("--metadata", metadata),
        tags=tuple(without_twins("--tag", ((tag, None) for tag in options["tag"]))),
        runtime_flags=without_twins("--runtime-flag", options["runtime_flag"]),
        signatures=without_twins("--signature-entry", options["signature_entry"]),
    )


@contextmanager
def _reported(*, as_json: bool) -> Iterator[None]:
    """Turn a ``LedgerError`` into a sentence on standard error, what is owed under it, and the exit status."""
    try:
        yield
    except LedgerError as error:
        owed = error.owed if isinstance(error, Refused) else ()
        for line in (str(error), *(f"  - {one}" for one in owed)):
            _say(line, err=True)
        if as_json:
            _say(json.dumps({"ok": False, "error": kind_of(error), "sentence": str(error), "owed": owed}))
        raise click.exceptions.Exit(3 if isinstance(error, Unreachable) else 1) from error


def _say(what: str | Finding, *, err: bool = False) -> None:
    """Print a line; bytes of a path that are no text, and control characters, are escaped."""
    text = "".join(one if one.isprintable() else one.encode("unicode_escape").decode() for one in str(what))
    click.echo(text, err=err)


def _absolute(path: str) -> str:
    return str(Path(path).absolute())
