"""``verify_decision_log.py PATH``: its options, the rules they make, and the report."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from ledger.cli.decision_expect import event_counts, expectation_options, expectations
from ledger.cli.decision_options import PREFIX, chosen_key, common_options, expanded, expected_key, file_path
from ledger.cli.decision_output import STANDARD, absolute, exit_status, reported, say
from ledger.decision_log.line import Finding
from ledger.decision_log.report import MAX_FINDINGS, format_report, report_page, require_place, write_report
from ledger.decision_log.rules import Report, Rules
from ledger.decision_log.schema import ALIASES, BUILTIN, describe_alias, list_aliases, load_schema
from ledger.decision_log.summary_file import open_summary
from ledger.decision_log.verify import Tell, verify_log, verify_stream
from ledger.errors import Refused

_OPTIONS: Final = (
    common_options,
    click.option("--expected-key-id", metavar="ID", help="As --hmac-key-id; needs a key."),
    click.option(
        "--schema",
        metavar=f"PATH|{BUILTIN}",
        envvar=f"{PREFIX}SCHEMA",
        help="JSON schema each entry must satisfy; metadata lines are exempt.",
    ),
    click.option("--list-schema-aliases", is_flag=True, help="Print the builtin schemas' names as JSON, and end."),
    click.option(
        "--describe-schema-alias", type=click.Choice(ALIASES), metavar="NAME", help="Print what one asks for, and end."
    ),
    click.option(
        "--summary-json",
        metavar="FILE",
        envvar=f"{PREFIX}SUMMARY_JSON",
        help="The last summary in the log must have this file's digest; without one, a telemetry summary (also .gz, "
        "or - for standard input) must say what the log adds up to.",
    ),
    click.option("--summary-hash-key", metavar="KEY", help="Artefact with that digest [default: summary…]."),
    expectation_options,
    click.option(
        "--report-output",
        metavar="FILE",
        envvar=f"{PREFIX}REPORT_OUTPUT",
        help="Write the report as JSON, also where the log is not verified; - is standard output.",
    ),
    click.option("--json", "as_json", is_flag=True, help="Print the report as one JSON object."),
)


def verify_command(group: type[click.Command], epilog: str) -> click.Command:
    """The command, of the class ``group``."""

    def verify(path: str | None, **options: Any) -> None:
        """Verify a decision log: PATH is a file, a .gz, or - for standard input.

        With the word summary in its place an entry is appended: see summary --help.
        """
        if options["list_schema_aliases"] or options["describe_schema_alias"]:
            _about_schemas(options)
            return
        if path is None:
            raise click.UsageError("name the log: PATH, or - for standard input")
        with reported(options):
            _verify(path, options)

    function: Callable[..., None] = verify
    for option in reversed(_OPTIONS):
        function = option(function)
    function = click.argument("path", metavar="PATH|summary", required=False, envvar=f"{PREFIX}PATH")(function)
    return click.command("verify_decision_log.py", cls=group, epilog=epilog)(function)


def _about_schemas(options: dict[str, Any]) -> None:
    if options["list_schema_aliases"] and options["describe_schema_alias"]:
        raise click.UsageError("give one: --list-schema-aliases or --describe-schema-alias")
    name = options["describe_schema_alias"]
    page = describe_alias(name) if name else list_aliases()
    click.echo(json.dumps(page, indent=2, sort_keys=True))


def _verify(path: str, options: dict[str, Any]) -> None:
    target = options["report_output"]
    _require_one_reader(path, options)
    if target not in (None, STANDARD):
        _require_apart(file_path(target), path)
    rules = _rules(options)
    kept: list[Finding] = []
    show = None if options["as_json"] else partial(say, err=target == STANDARD)
    tell = None if show is None else _keeping(kept, show)
    if path == STANDARD:
        report = verify_stream(sys.stdin.buffer, rules, tell)
    else:
        report = verify_log(expanded(path), rules, tell)
    name = "standard input" if path == STANDARD else absolute(file_path(path))
    if show is None:
        say(_report_json(name, report))
    else:
        _say_report(name, report, show)
    if target is not None:
        _write(target, report_page(path, rules, report, kept or report.findings, datetime.now(UTC)))
    click.get_current_context().exit(exit_status(0 if report.ok else 1, options))


def _rules(options: dict[str, Any]) -> Rules:
    key = chosen_key(options["hmac_key"], options["hmac_key_file"], options["hmac_key_id"])
    schema, summary = options["schema"], options["summary_json"]
    return Rules(
        key=expected_key(key, options["expected_key_id"]),
        allow_unsigned=options["allow_unsigned"],
        schema=load_schema(expanded(schema)) if schema is not None else None,
        summary=open_summary(expanded(summary), sys.stdin.buffer) if summary is not None else None,
        summary_hash_key=options["summary_hash_key"],
        event_counts=event_counts(options),
        metadata=expectations(options),
        screens=options["require_screen_info"],
        add_up=options["report_output"] is not None,
    )


def _require_one_reader(path: str, options: dict[str, Any]) -> None:
    if path == STANDARD and options["summary_json"] == STANDARD:
        raise click.UsageError("standard input cannot be the log and the summary; name one as a file")
    if options["report_output"] == STANDARD and options["as_json"]:
        raise click.UsageError("give one: --json or --report-output -, both print on standard output")


def _require_apart(target: Path, path: str) -> None:
    """``Refused`` where the report would take the place of anything but an earlier report."""
    log = file_path(path)
    if path != STANDARD and target.resolve() == log.resolve():
        raise Refused(f"{target} is the log itself, which no report replaces; name another file")
    require_place(target)


def _keeping(kept: list[Finding], show: Tell) -> Tell:
    """Remember the first findings for the report, and tell each."""

    def tell(finding: Finding) -> None:
        if len(kept) < MAX_FINDINGS:
            kept.append(finding)
        show(finding)

    return tell


def _write(target: str, page: dict[str, Any]) -> None:
    if target == STANDARD:
        click.echo(format_report(page), nl=False)
    else:
        write_report(file_path(target), page)


def _report_json(name: str, report: Report) -> str:
    return json.dumps(
        {
            "ok": report.ok,
            "log": name,
            "entries": report.entries,
            "signed": report.signed,
            "metadata": report.metadata,
            "metadata_lines": report.metadata_lines,
            "checked": report.checked,
            "not_checked": report.not_checked,
            "findings": [finding._asdict() for finding in report.findings],
        }
    )


def _say_report(name: str, report: Report, show: Callable[[str], None]) -> None:
    show(f"checked: {', '.join(report.checked) or 'nothing but JSON'}")
    for point in report.not_checked:
        show(f"not checked: {point}")
    verdict = "verified" if report.ok else f"NOT VERIFIED, findings: {report.count}"
    show(f"{verdict} ({report.entries} entries, {report.signed} signed): {name}")
