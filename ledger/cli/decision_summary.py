"""``verify_decision_log.py summary``: append one entry to a decision log, or hand it to the stage's own ledger."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, Protocol

import click

from ledger.cli.decision_options import (
    algorithm,
    chosen_key,
    common_options,
    date_time,
    expanded,
    file_path,
    flag,
    pair,
    typed,
    without_twins,
)
from ledger.cli.decision_output import STANDARD, absolute, reported, say
from ledger.decision_log.signature import sign
from ledger.decision_log.summary_file import open_summary
from ledger.decision_log.write import (
    Summary,
    append,
    build_entry,
    digest_artefact,
    empty_artefacts,
    for_ledger,
    format_line,
    parse_artefact,
    parse_metadata,
)
from ledger.errors import Refused

SUMMARY: Final = "summary"
_FOREIGN_ONLY: Final = ("hmac_key", "hmac_key_file", "hmac_key_id", "allow_unsigned", "signature_entry")


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

_OPTIONS: Final = (
    click.option("--append", "path", metavar="PATH", help="Log to append to [default: -, standard output]."),
    click.option("--stage", required=True, help="The stage the entry is about."),
    click.option("--status", required=True, help="What happened, rollback_completed for example."),
    click.option("--kind", default="snapshot", show_default=True, help="The kind of entry."),
    click.option("--timestamp", type=date_time, metavar="TIME", help="The time, with its offset [default: now]."),
    click.option(
        "--summary-json",
        metavar="FILE",
        help="File whose digest becomes an artefact: of its bytes, of a telemetry summary's content (also .gz, or -).",
    ),
    click.option("--summary-hash-key", metavar="KEY", help="Its key [default: summary_<algorithm>]."),
    click.option(
        "--hash-algorithm", type=algorithm, metavar="NAME", default="sha256", show_default=True, help="For all digests."
    ),
    click.option(
        "--artefact",
        type=pair,
        metavar="KEY=VALUE",
        multiple=True,
        help='Evidence, by value: 5, true, null and 1.5 are no texts, "5" is one.',
    ),
    click.option(
        "--artefact-from-file", type=pair, metavar="KEY=PATH", multiple=True, help="Evidence, by a file's digest."
    ),
    click.option(
        "--runtime-flag",
        type=flag,
        metavar="NAME[=true|false]",
        multiple=True,
        help="Beside verify_decision_log.summary=true.",
    ),
    click.option(
        "--signature-entry",
        type=pair,
        metavar="KEY=VALUE",
        multiple=True,
        help="hmac:VALUE [default: decision_log.entry, an HMAC of the artefacts, hmac:pending without a key].",
    ),
    click.option(
        "--metadata", type=pair, metavar="KEY=VALUE", multiple=True, help="What parses as JSON is taken as such."
    ),
    click.option("--tag", multiple=True, help="A name; repeated and empty ones are dropped."),
    common_options,
    click.option("--json", "as_json", is_flag=True, help="Print what was appended as one JSON object."),
)


def summary_command(own_log: FindOwnLog, epilog: str) -> click.Command:
    """The command. ``own_log`` gets the path and knows whether it is a stage's own log."""

    def summary(path: str | None, **options: Any) -> None:
        """Append one entry to a decision log and sign it.

        On the stage's own log the ledger signs and chains it, so the options about keys and signatures are errors
        there, artefacts are texts, and a name is given once. Elsewhere the last of a name counts. All options that
        take KEY=VALUE or NAME may be given more than once.
        """
        with reported(options):
            _append(STANDARD if path is None else path, options, own_log)

    function: Callable[..., None] = summary
    for option in reversed(_OPTIONS):
        function = option(function)
    return click.command(SUMMARY, epilog=epilog)(function)


def _append(path: str, options: dict[str, Any], own_log: FindOwnLog) -> None:
    log = file_path(path)
    own = None if path == STANDARD else own_log(log)
    if own is None:
        _append_foreign(path, options)
        return
    for name in filter(typed, _FOREIGN_ONLY):
        option = "--" + name.replace("_", "-")
        raise click.UsageError(f"{option} is not for this log: the ledger of {own.stage} signs it with its own key")
    if options["stage"] != own.stage:
        raise Refused(f"{absolute(log)} is the log of {own.stage}; an entry of another stage does not belong there")
    if not options["status"]:
        raise Refused("the status is empty; give --status NAME")
    own.before(options["status"], dict(options["artefact"]))
    sentence = own.append(for_ledger(_own_summary(options)))
    say(json.dumps({"ok": True, "log": absolute(log), "sentence": sentence}) if options["as_json"] else sentence)


def _append_foreign(path: str, options: dict[str, Any]) -> None:
    key = chosen_key(options["hmac_key"], options["hmac_key_file"], options["hmac_key_id"])
    if key is None and not options["allow_unsigned"]:
        raise Refused("no key was given: name --hmac-key-file FILE, or --allow-unsigned")
    entry = build_entry(_foreign_summary(options), datetime.now(UTC), key)
    if key is not None:
        entry = sign(entry, key.secret, key.id)
    for name in empty_artefacts(entry):
        say(f"the artefact {name} is empty: it is written, and --schema does not allow it", err=True)
    if path == STANDARD:
        click.echo(format_line(entry), nl=False)
        say("printed, and appended to no log: name one with --append PATH", err=True)
        return
    log = file_path(path)
    append(log, entry)
    signed = "unsigned" if key is None else "signed"
    result = {"ok": True, "log": absolute(log), "entry": entry}
    say(json.dumps(result) if options["as_json"] else f"appended, {signed}, to {absolute(log)}")


def _own_summary(options: dict[str, Any]) -> Summary:
    """For the stage's own log: artefacts are texts, files are named by the digest of their bytes, nothing twice."""
    hashed = options["hash_algorithm"]
    files = [(key, file_path(path)) for key, path in options["artefact_from_file"]]
    if options["summary_json"] is not None:
        files.append((options["summary_hash_key"] or f"summary_{hashed}", file_path(options["summary_json"])))
    digests = ((key, digest_artefact(path, hashed)) for key, path in files)
    metadata = ((key, parse_metadata(text)) for key, text in options["metadata"])
    return _summary(
        options,
        artefacts=without_twins("artefacts", [*options["artefact"], *digests]),
        metadata=without_twins("--metadata", metadata),
        runtime_flags=without_twins("--runtime-flag", options["runtime_flag"]),
    )


def _foreign_summary(options: dict[str, Any]) -> Summary:
    """For any other log: typed artefacts, and the last of a name counts."""
    hashed = options["hash_algorithm"]
    artefacts, metadata = _telemetry(options)
    artefacts |= {key: parse_artefact(text) for key, text in options["artefact"]}
    artefacts |= {key: digest_artefact(file_path(path), hashed) for key, path in options["artefact_from_file"]}
    metadata |= {key: parse_metadata(text) for key, text in options["metadata"]}
    return _summary(options, artefacts=artefacts, metadata=metadata, runtime_flags=dict(options["runtime_flag"]))


def _telemetry(options: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """The summary file's digest, and of a telemetry summary its path, its signature and its metadata."""
    if options["summary_json"] is None:
        return {}, {}
    file = open_summary(expanded(options["summary_json"]), sys.stdin.buffer)
    hashed = options["hash_algorithm"]
    artefacts = {options["summary_hash_key"] or f"summary_{hashed}": file.digest(hashed)}
    if file.telemetry is None:
        return artefacts, {}
    fields = {"summary_path": options["summary_json"]}
    for name in ("signature", "metadata"):
        if isinstance(file.telemetry.get(name), dict):
            fields[f"summary_{name}"] = file.telemetry[name]
    return artefacts, fields


def _summary(
    options: dict[str, Any], artefacts: dict[str, Any], metadata: dict[str, Any], runtime_flags: dict[str, bool]
) -> Summary:
    return Summary(
        stage=options["stage"],
        status=options["status"],
        kind=options["kind"],
        timestamp=options["timestamp"],
        artefacts=artefacts,
        metadata=metadata,
        tags=tuple(filter(None, dict.fromkeys(tag.strip() for tag in options["tag"]))),
        runtime_flags=runtime_flags,
        signatures=dict(options["signature_entry"]),
    )
