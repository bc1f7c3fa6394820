"""``decide(state, request) -> events | Refused``: every rule of the runbook. Pure: no clock, no random, no IO."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ledger.domain import commands
from ledger.domain.commands import Command, Request
from ledger.domain.decide import (
    closing,
    duty,
    erasing,
    opening,
    people,
    restoring,
    silencing,
    stage,
    stop,
    stopping,
    watching,
)
from ledger.domain.decide.rules import Decided
from ledger.domain.state import State
from ledger.errors import Refused, Undecidable

__all__ = ["Decided", "decide"]

_DECISIONS: dict[type[Command], Callable[[State, Request, Any], tuple[Decided, ...]]] = {
    commands.OpenLedger: stage.open_ledger,
    commands.AddPerson: people.add_person,
    commands.ChangeRoles: people.change_roles,
    commands.ResetPassword: people.reset_password,
    commands.DeactivatePerson: people.deactivate,
    commands.ProposeErasure: erasing.propose,
    commands.Erase: erasing.erase,
    commands.AddNote: stage.add_note,
    commands.KeepLog: stage.keep_log,
    commands.RecordSummary: stage.record_summary,
    commands.Record: stage.record,
    commands.ExpireEffect: stage.expire_effect,
    commands.OpenRollback: opening.open_new,
    commands.Confirm: opening.confirm,
    commands.DeclareEmergency: opening.declare_emergency,
    commands.WriteOverride: stopping.write_override,
    commands.Stop: stop.stop,
    commands.TakeInStop: stop.take_in_stop,
    commands.RecordOverride: stopping.record_override,
    commands.AdoptOverride: stopping.adopt_override,
    commands.CheckScheduler: stopping.check_scheduler,
    commands.RequestSilence: silencing.request_silence,
    commands.AdoptSilence: silencing.adopt_silence,
    commands.CheckSilence: silencing.check_silence,
    commands.RequestSilenceEnd: silencing.request_silence_end,
    commands.AcceptSilence: silencing.accept_silence,
    commands.StartWatch: watching.start_watch,
    commands.FinishWatch: watching.finish_watch,
    commands.EndIncident: restoring.end_incident,
    commands.RequestRemoval: restoring.request_removal,
    commands.AdoptRemoval: restoring.adopt_removal,
    commands.AnnounceAllClear: restoring.announce_all_clear,
    commands.CheckRestore: restoring.check_restore,
    commands.WriteSummary: closing.write_summary,
    commands.Complete: closing.complete,
    commands.Abort: closing.abort,
    commands.Refuse: duty.refuse,
    commands.ReportConfirmation: duty.report_confirmation,
    commands.Waive: duty.waive,
    commands.Accept: duty.accept,
    commands.Assume: duty.assume,
    commands.OfferHandover: duty.offer_handover,
    commands.AcceptHandover: duty.accept_handover,
    commands.Review: duty.review,
    commands.Attach: duty.attach,
    commands.Correct: duty.correct,
    commands.LinkTicket: duty.link_ticket,
    commands.GiveReason: duty.give_reason,
    commands.ExtendWindow: duty.extend_window,
    commands.PutBack: stopping.put_back,
    commands.RecordPutBack: stopping.record_put_back,
    commands.ExtendSilence: silencing.extend_silence,
    commands.OweSilenceEnd: silencing.owe_silence_end,
}


def decide(state: State, request: Request) -> tuple[Decided, ...]:
    """The events that the request brings, at least one; ``Refused`` or ``Conflict`` where a rule says no.

    A ledger with entries that this build does not know takes no decisions.
    """
    if state.unknown:
        raise Undecidable(
            f"entry {state.unknown[0]} is of a kind that this version does not know; install the version that wrote "
            "it. The stop works all the same: scripts/disable_multi_strategy.py"
        )
    if state.opened is None and type(request.command) is not commands.OpenLedger:
        raise Refused("this ledger was not opened yet; make it with: stage4 init")
    return _DECISIONS[type(request.command)](state, request, request.command)
