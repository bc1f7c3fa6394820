"""``stage4 workflow …``: what the run lines of deploy/ci/github_actions_stage4_multi_strategy.yml call.

They need neither ledger nor home: ``STAGE4_*`` variables say where Alertmanager is and which labels name the
installation. The ledger adopts such a silence afterwards; it finds it by the marker in its comment.
"""

from __future__ import annotations

import json
import os
import re
import uuid
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import click

from ledger.adapters.alertmanager import Alertmanager
from ledger.adapters.silence_wire import format_silence, format_time
from ledger.app.durations import format_duration, parse_duration
from ledger.app.home import config as settings
from ledger.app.home.folders import Home
from ledger.app.installation import now
from ledger.cli.context import Session, stage4_command
from ledger.cli.workflow_report import Report, append_to, one_line, reported
from ledger.cli.workflow_rules import validate
from ledger.domain.facts import AlertSeen, Matcher, SilenceSeen
from ledger.domain.judge import is_stage4
from ledger.domain.matching import affected
from ledger.domain.text import check_text, check_ticket
from ledger.errors import Refused, Unreachable
from ledger.files import replace as replace_file

LONGEST_SECONDS = 24 * 3600  # a longer silence is a slip of the finger, and would hide real alerts
MARKER = "[stage4:{}:workflow]"  # the ledger's own silences have the end of its origin there
_STOP = re.compile(r"STOP-[0-9]{1,15}")
_STATES = {"active": 0, "pending": 1, "expired": 2}

_EXAMPLES = """\b
Examples:
  stage4 workflow validate
  stage4 workflow silence --rollback INC-2042 --reason "latency" --out FILE
  stage4 workflow unsilence --rollback INC-2042

STAGE4_ALERTMANAGER_URL and STAGE4_SILENCE_LABELS=env=prod,cluster=a say where and what. Where GITHUB_STEP_SUMMARY
and GITHUB_OUTPUT are set, both are appended to. Exit status: 0 done, 1 refused, 2 usage, 3 unreachable.
"""
OUT = click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Write what was done as JSON.")
ROLLBACK = click.option("--rollback", "name", required=True, help="Rollback id, e.g. INC-2042, INC-2042.2 or STOP-17.")


@click.group(epilog=_EXAMPLES)
def workflow() -> None:
    """Run the shipped GitHub workflow's steps: check the rules, create or end a rollback's silence. Needs no ledger."""


workflow.add_command(validate)


class Run(NamedTuple):
    """The GitHub run that this is part of; ``id`` and ``url`` are empty at a terminal, ``actor`` is a claim."""

    id: str
    url: str
    actor: str


class Done(NamedTuple):
    """A silence after it was created, found or ended."""

    silence: SilenceSeen
    transcript: bytes = b""
    changed: bool = True
    """False where it was there (or had ended) already and nothing was sent."""


@workflow.command()
@ROLLBACK
@click.option("--duration", default="", help="How long, at most 24h (default: STAGE4_SILENCE_DURATION, else 2h).")
@click.option("--reason", required=True, help="Why, in a sentence; it stands in the silence's comment.")
@OUT
@stage4_command
def silence(session: Session, name: str, duration: str, reason: str, out: Path | None) -> None:
    """Step 2: mute this installation's Stage4 alerts. A silence that the rollback has already is reported instead.

    \b
    stage4 workflow silence --rollback INC-2042 --reason "latency" --duration 2h --out silence.json
    """
    with reported(session, "silence") as report:
        run = _begin(report, name)
        text, config = _check_reason(reason), settings.load(Home(session.root).config)
        seconds = _seconds(duration or config.silence.duration)
        alertmanager, matchers = _alertmanager(config), _matchers(config, report)
        muted = _preview(report, alertmanager, matchers, config.alerts.pattern)
        comment = " ".join(part for part in (f"{name}: {text}", run.url, MARKER.format(name)) if part)
        done = _settle(alertmanager, name, matchers, seconds, run.actor, comment)
        _check_fit(done.silence, name, matchers)
        page = _page("silence", name, run, done, muted)
        report.say(f"silence   {done.silence.id} ({'created' if done.changed else 'was there already, nothing sent'})")
        left = _left(done.silence, alertmanager)
        report.say(f"state     {done.silence.state}, until {page['ends_at']}{f' ({left})' if left else ''}")
        _finish(report, page, out)


@workflow.command()
@ROLLBACK
@click.option("--silence-id", default="", help="Which one, where the rollback has more than one.")
@OUT
@stage4_command
def unsilence(session: Session, name: str, silence_id: str, out: Path | None) -> None:
    """Step 5: end the rollback's silence. One without the rollback's marker in its comment is left alone.

    \b
    stage4 workflow unsilence --rollback INC-2042 --out silence.json
    """
    with reported(session, "unsilence") as report:
        run = _begin(report, name)
        alertmanager = _alertmanager(settings.load(Home(session.root).config))
        seen = _to_end(alertmanager, name, silence_id)
        muted = tuple(alert for alert in alertmanager.firing() if seen.id in alert.silenced_by)
        report.say(f"silence   {seen.id} by {seen.created_by}: {seen.comment}")
        report.list_alerts("will be heard again", muted)
        done = _end(alertmanager, seen)
        page = _page("unsilence", name, run, done, muted)
        report.say(f"state     expired, {'ended' if done.changed else 'had ended'} at {page['ends_at']}")
        _finish(report, page, out)


def _check_rollback(name: str) -> None:
    """A rollback is named ``STOP-17`` or as its ticket, from the second one on with ``.2``; ``Refused`` for others."""
    ticket, dot, number = name.rpartition(".")
    ticket = ticket if dot and number.isascii() and number.isdigit() else name
    if not _STOP.fullmatch(ticket):
        check_ticket(ticket)


def _check_reason(reason: str) -> str:
    text = check_text("the reason", reason, longest=1000)
    if "[stage4:" in text:
        raise Refused("the reason holds [stage4:, which marks a rollback's silence: leave it out")
    return " ".join(text.split())


def _seconds(duration: str) -> int:
    seconds = parse_duration(duration)
    if seconds > LONGEST_SECONDS:
        raise Refused(f"{duration} is longer than 24h: a silence that outlives its rollback hides real alerts")
    return seconds


def _alertmanager(config: settings.Config) -> Alertmanager:
    """The members of the cluster, as configured; ``Unreachable`` without an address."""
    urls = [url.strip() for url in config.alertmanager.url.split(",")]
    servers = [server for url in urls if (server := settings.server(config, "alertmanager", url))]
    if not servers:
        raise Unreachable("no Alertmanager is configured: set STAGE4_ALERTMANAGER_URL (the workflow: a secret)")
    return Alertmanager(servers, now, pattern=config.alerts.pattern)


def _matchers(config: settings.Config, report: Report) -> tuple[Matcher, ...]:
    """The Stage4 alerts of this installation, as the ledger's own silences have them."""
    if not config.silence.labels:
        report.say("warning: silence.labels is empty, so every environment's Stage4 alerts are muted")
    labels = (Matcher(label, value) for label, value in sorted(config.silence.labels.items()))
    return (Matcher("alertname", config.alerts.pattern, is_regex=True), *labels)


def _begin(report: Report, name: str) -> Run:
    """Check the rollback's name, say for whom this is done, and give the run."""
    _check_rollback(name)
    variables = ("SERVER_URL", "REPOSITORY", "RUN_ID", "ACTOR", "TRIGGERING_ACTOR")
    server, project, number, who, rerun_by = (os.environ.get(f"GITHUB_{variable}", "") for variable in variables)
    url = f"{server}/{project}/actions/runs/{number}" if number else ""
    actor = f"github-actions/{rerun_by or who}" if who else f"terminal/{os.getuid()}"
    for line in (f"rollback  {name}", f"actor     {actor}", f"run       {url or '(none)'}"):
        report.say(line)
    return Run(number, url, actor)


def _marked(alertmanager: Alertmanager, name: str) -> list[SilenceSeen]:
    """All silences with the rollback's marker, of any origin: living ones first, the ledger's own before the oldest."""
    ours = [seen for seen in alertmanager.silences() if re.search(_mark_pattern(name), seen.comment)]
    return sorted(
        ours, key=lambda seen: (_STATES[seen.state], MARKER.format(name) in seen.comment, seen.starts_at, seen.id)
    )


def _mark_pattern(name: str) -> str:
    return rf"\[stage4:{re.escape(name)}[:\]]"  # INC-20421 and INC-2042.2 are other rollbacks than INC-2042


def _preview(
    report: Report, alertmanager: Alertmanager, matchers: Sequence[Matcher], pattern: str
) -> tuple[AlertSeen, ...]:
    """Show what the silence would mute and which alerts of the runbook it would not; gives the former."""
    firing = alertmanager.firing()
    muted = affected(matchers, firing)
    report.say(f"matchers  {', '.join(map(str, matchers))}")
    report.list_alerts("will mute these firing alerts", muted)
    elsewhere = [alert for alert in firing if is_stage4(alert, (), pattern) and alert not in muted]
    report.list_alerts("leaves alone these Stage4 alerts of other installations", elsewhere)
    return muted


def _settle(server: Alertmanager, name: str, matchers: Sequence[Matcher], seconds: int, by: str, comment: str) -> Done:
    """The rollback's silence: one that lives already, by whomever, or a new one. There are never two."""
    for first in _marked(server, name)[:1]:
        if first.state != "expired":
            return Done(first, changed=False)
    start = now()
    made = server.create(matchers, start, start + timedelta(seconds=seconds), by, comment, MARKER.format(name))
    first = next(iter(_marked(server, name)), made.silence)
    if first.id != made.silence.id and not made.found:  # somebody was quicker in between: theirs stays
        server.expire(made.silence.id)
        return Done(first, made.transcript, changed=False)
    return Done(made.silence, made.transcript, changed=not made.found)


def _left(seen: SilenceSeen, alertmanager: Alertmanager) -> str:
    """How long the silence still lasts by the clock of Alertmanager; "" where our two clocks cannot say."""
    ahead = max((member.ahead for member in alertmanager.members), default=timedelta())
    seconds = (seen.ends_at - now() - ahead).total_seconds()
    return format_duration(seconds) if seconds > 0 else ""


def _check_fit(seen: SilenceSeen, name: str, matchers: Sequence[Matcher]) -> None:
    """``Refused`` where the rollback's silence mutes something else, or nothing yet."""
    mended = f"end it first, by the workflow's mode unsilence or: stage4 workflow unsilence --rollback {name}"
    if set(seen.matchers) != set(matchers):
        asked, there = (", ".join(sorted(map(str, those))) for those in (matchers, seen.matchers))
        sentence = f"{name} has the silence {seen.id} already, with other matchers: {mended}"
        raise Refused(sentence, (f"asked for {asked}", f"found {there}"))
    if seen.state != "active":
        raise Refused(f"the silence {seen.id} of {name} only begins at {format_time(seen.starts_at)}: {mended}")


def _to_end(alertmanager: Alertmanager, name: str, silence_id: str) -> SilenceSeen:
    """The silence that is to end, or the rollback's last one that has ended. ``Refused`` where it is not clear."""
    if silence_id:
        return _named(alertmanager, name, silence_id)
    marked = _marked(alertmanager, name)
    living = [seen for seen in marked if seen.state != "expired"]
    if len(living) > 1:
        raise Refused(f"{name} has more than one silence; say which: {', '.join(seen.id for seen in living)}")
    if not marked:
        raise Refused(f"Alertmanager knows no silence of {name}: none has [stage4:{name}: in its comment")
    return living[0] if living else max(marked, key=lambda seen: seen.ends_at)


def _named(alertmanager: Alertmanager, name: str, silence_id: str) -> SilenceSeen:
    try:
        seen = alertmanager.silence(str(uuid.UUID(silence_id)))
    except ValueError as error:
        raise Refused(f"{silence_id[:80]!a} is no silence id; it looks like {uuid.UUID(int=0)}") from error
    if seen is None or not re.search(_mark_pattern(name), seen.comment):
        whose = f"{seen.created_by[:80]!r} made it, with the comment {seen.comment[:200]!r}" if seen else "unknown"
        raise Refused(f"the silence {silence_id} is not one of {name} and is left alone: {whose}")
    return seen


def _end(alertmanager: Alertmanager, seen: SilenceSeen) -> Done:
    if seen.state == "expired":
        return Done(seen, changed=False)
    ended = alertmanager.expire(seen.id)  # None: no member knows it any more
    return Done(ended.silence or replace(seen, state="expired", ends_at=now()), ended.transcript)


def _page(action: str, name: str, run: Run, done: Done, muted: Sequence[AlertSeen]) -> dict[str, Any]:
    """What was done, for machines; ``muted`` are the alerts firing before it that the silence covers or covered."""
    seen = done.silence
    wire = format_silence(seen.matchers, seen.starts_at, seen.ends_at, seen.created_by, seen.comment)
    page = {
        "ok": True,
        "action": action,
        "rollback": name,
        "changed": done.changed,
        "run_id": run.id,
        "run_url": run.url,
    }
    page |= {"silence_id": seen.id, "state": seen.state, "created_by": seen.created_by, "comment": seen.comment}
    page |= {"matchers": wire["matchers"], "starts_at": wire["startsAt"], "ends_at": wire["endsAt"]}
    page["muted"] = [{"labels": dict(alert.labels), "active_at": format_time(alert.active_at)} for alert in muted]
    return {**page, "transcript": done.transcript.decode()}


def _finish(report: Report, page: dict[str, Any], out: Path | None) -> None:
    """Tell the job first, then write the file: were that to fail, the id is known already."""
    append_to("GITHUB_OUTPUT", "".join(f"{key}={one_line(page[key])}\n" for key in ("silence_id", "state", "ends_at")))
    if out:
        try:
            replace_file(out, json.dumps(page, indent=2, sort_keys=True, ensure_ascii=False).encode() + b"\n")
        except OSError as error:
            why = f"{out} cannot be written ({error.strerror}), but the silence is {page['state']} as said"
            raise Unreachable(why) from error
        report.say(f"written   {out.absolute()}")
    report.session.answer(page, lambda: None)
