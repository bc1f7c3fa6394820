"""Silences as acts: step 2, and what of others step 5 lets go on."""

from __future__ import annotations

from collections.abc import Mapping

from ledger.app.acts.act import NO_DIGEST, REASON, TWO_HOURS, Act, Asking, Field, Taking, restoring_now
from ledger.app.durations import as_typed
from ledger.app.reading.muting import marker
from ledger.app.steps import restoring, silencing
from ledger.app.steps.common import Outcome
from ledger.app.words import mark
from ledger.domain.command import Command
from ledger.domain.facts import PrometheusSeen
from ledger.domain.judge_silences import holds_back
from ledger.domain.runbook import Step
from ledger.domain.silencing.commands import AcceptSilence, AdoptSilence, CheckSilence, ExtendSilence, RequestSilence
from ledger.domain.silencing.events import (
    ForeignSilenceAccepted,
    SilenceAdopted,
    SilenceChecked,
    SilenceExtendRequested,
    SilenceRequested,
)


def request_silence(asking: Asking) -> RequestSilence:
    """The command of step 2 as a press would submit it."""
    return RequestSilence(
        matchers=asking.installation.matchers,
        starts_at=asking.at,
        ends_at=silencing.planned_end(asking.installation, asking.rollback, asking.at),
        created_by=asking.actor.person,
        comment=asking.rollback.id,
        marker=marker(asking.installation, asking.rollback.id),
        preview_sha384=NO_DIGEST,
    )


def _planned(asking: Asking) -> str:
    """As long as configured, as far as window and override allow it."""
    end = silencing.planned_end(asking.installation, asking.rollback, asking.at)
    return as_typed((end - asking.at).total_seconds())


def _silence_candidates(asking: Asking) -> Mapping[str, str]:
    wanted = set(asking.installation.matchers)
    return {
        silence.id: f"{silence.id[:8]}… {silence.comment[:60]} ({silence.created_by})"
        for silence in asking.outlook.silences
        if silence.state == "active"
        and (silencing.carries_marker(silence.comment, asking.rollback.id) or set(silence.matchers) == wanted)
    }


def _adopt_silence(asking: Asking) -> Command:
    silence = next((seen for seen in asking.outlook.silences if seen.id in _silence_candidates(asking)), None)
    assert silence is not None
    return AdoptSilence(silence=silence, reason="…", transcript_sha384=NO_DIGEST)


def _mutes_on(asking: Asking) -> Mapping[str, str]:
    """Silences of others that step 5 waits for, until they are ended or accepted."""
    return {
        mute.silence.id: f"{mute.silence.id[:8]}… {mute.silence.comment[:60]} ({mute.silence.created_by[:60]})"
        for mute in holds_back(asking.rollback, asking.outlook.muting)
        if not mute.owner
    }


def _accept_silence(asking: Asking) -> Command:
    offered = _mutes_on(asking)
    silence = next(mute.silence for mute in asking.outlook.muting if mute.silence.id in offered)
    return AcceptSilence(silence=silence, name=silence.id, reason="…")


def _adoption(taking: Taking) -> Outcome:
    return silencing.adopt_silence(
        taking.installation,
        taking.press,
        taking.rollback,
        reason=taking.values["reason"],
        silence_id=taking.values["silence_id"],
        run_id=taking.values["run_id"],
        run_url=taking.values["run_url"],
        log=taking.values["log"][1],
    )


IN_STEP_2 = (
    Act(
        "silence",
        mark("Silence the alerts"),
        lambda t: silencing.silence(t.installation, t.press, t.rollback, t.values["duration"]),
        request_silence,
        brings=SilenceRequested,
        example="silence INC-2042 --duration 2h",
        step=Step.SILENCE,
        main=True,
        shows=lambda a: (
            a.rollback.is_open and a.rollback.silence.state in ("none", "lost") and not a.rollback.restoring
        ),
        fields=(
            Field(
                "duration",
                mark("For"),
                "duration",
                hint=mark("At most 15 minutes beyond the window."),
                presets=TWO_HOURS,
                default=_planned,
                empty=mark("as long as configured"),
            ),
        ),
        about=mark("Creates the one silence of this rollback and looks whether it mutes what fires."),
        preview="rollbacks/preview/silence.html",
    ),
    Act(
        "check-silence",
        mark("Check the silence again"),
        lambda t: silencing.check_silence(t.installation, t.press, t.rollback),
        lambda a: CheckSilence(
            members=a.outlook.members,
            prometheus=PrometheusSeen(a.outlook.counts),
            installation=a.installation.labels,
            alerts_sha384=NO_DIGEST,
        ),
        brings=SilenceChecked,
        example="check-silence INC-2042",
        step=Step.SILENCE,
        main=True,
        shows=lambda a: a.rollback.is_open and a.rollback.silence.state == "active" and not a.rollback.restoring,
    ),
    Act(
        "adopt-silence",
        mark("Adopt a silence made elsewhere"),
        _adoption,
        _adopt_silence,
        brings=SilenceAdopted,
        example='adopt-silence INC-2042 --silence-id ID --reason "made by the workflow"',
        step=Step.SILENCE,
        shows=lambda a: a.rollback.is_open and a.rollback.silence.state != "active" and bool(_silence_candidates(a)),
        fields=(
            Field("silence_id", mark("Silence"), "choice", options=_silence_candidates),
            Field("run_url", mark("Address of the workflow run")),
            Field("run_id", mark("Id of the workflow run"), terminal_only=True),
            Field("log", mark("Its log, kept as evidence"), "file", terminal_only=True),
            REASON,
        ),
    ),
    Act(
        "extend-silence",
        mark("Extend the silence"),
        lambda t: silencing.extend_silence(t.installation, t.press, t.rollback, t.values["duration"]),
        lambda a: ExtendSilence(seconds=60),
        brings=SilenceExtendRequested,
        example="extend-silence INC-2042 --by 30m",
        step=Step.SILENCE,
        shows=lambda a: a.rollback.is_open and a.rollback.silence.state == "active",
        fields=(
            Field(
                "duration",
                mark("By"),
                "duration",
                required=True,
                presets=("15m", "30m", "1h"),
                default=lambda _: "15m",
                also=("by",),
            ),
        ),
        about=mark("Counted from its current end, so that it never becomes shorter."),
    ),
)

ACCEPT = Act(
    "accept-silence",
    mark("Accept a silence of somebody else"),
    lambda t: restoring.accept_silence(t.installation, t.press, t.rollback, t.values["silence_id"], t.values["reason"]),
    _accept_silence,
    brings=ForeignSilenceAccepted,
    example='accept-silence INC-2042 SILENCE --reason "their window ends at 18:00"',
    arguments=("rollback", "silence_id"),
    step=Step.RESTORE,
    shows=lambda a: restoring_now(a) and not a.rollback.steps[Step.RESTORE].passed and bool(_mutes_on(a)),
    fields=(Field("silence_id", mark("Silence"), "choice", required=True, options=_mutes_on), REASON),
    about=mark("It goes on muting Stage4 alerts until the end that it has now. It counts as a deviation."),
)
