"""Who may do what, as data: the roles under which each event may be brought about (docs/runbook.md).

``decide`` asks this table before an event is written, and the verifier asks it again of what was written: one table, so
that neither can know another rule than the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.domain.events import access, duties, ledger, observation, override, rollback, silence
from ledger.domain.events.base import Event
from ledger.domain.runbook import RUNBOOK_ROLES, STEPS, Role
from ledger.domain.state import Rollback, State


class Right(NamedTuple):
    """Under which roles an event may be brought about; the first one that a person holds is the one acted under."""

    roles: tuple[Role, ...] = ()
    helpers: bool = False
    """In an emergency any runbook role too (steps 1 to 4)."""
    assumed: bool = False
    """Roles that the person assumed for this rollback count too."""
    system: bool = False
    """The ledger itself too."""
    stop: bool = False
    """Also a part of the stop, which is never refused for who somebody is: then nobody's role is judged."""
    judged: bool = True
    """False where an entry may come from so many decisions that its role says nothing."""
    named: Callable[[Any], tuple[Role, ...]] | None = None
    """Event -> roles, where the event itself names the one that it takes."""

    def allowed(self, rollback: Rollback | None) -> tuple[Role, ...]:
        """The roles in this rollback, ``system`` last."""
        roles = self.roles
        if self.helpers and rollback is not None and rollback.emergency:
            roles += tuple(role for role in RUNBOOK_ROLES if role not in roles)
        return (*roles, "system") if self.system else roles


def right_of_step(number: int, *, system: bool = False, stop: bool = False) -> Right:
    """The right of one of the steps 1 to 4."""
    return Right((STEPS[number].role,), helpers=True, assumed=True, system=system, stop=stop)


def held_in(state: State, rollback: Rollback, person: str) -> frozenset[str]:
    """The roles that a person holds in this rollback: granted, or assumed by who still holds a runbook role."""
    granted = state.people.get(person, frozenset())
    assumed = {role for who, role in rollback.assumed if who == person}
    return granted | assumed if granted & frozenset(RUNBOOK_ROLES) else granted


_ANYBODY = Right((*RUNBOOK_ROLES, "admin"), system=True)
"""Everybody but ``auditor``, who changes nothing."""
_ADMIN = Right(("admin",))
_RUNBOOK = Right(RUNBOOK_ROLES)
_OWNER = Right(("product_owner",))
_MANAGER = Right(("incident_manager",), assumed=True)
_OPERATOR = Right(("l2_ops",), assumed=True)
_ENDS_SILENCE = Right(("l2_ops", "observability"), assumed=True)
_SYSTEM = Right(system=True)
_DUTY = Right(assumed=True, named=lambda event: (event.duty,))

_BY_EVENT: dict[type[Event], Right] = {
    ledger.PersonAdded: Right(("admin",), system=True),  # a new ledger's first person
    ledger.RolesGranted: _ADMIN,
    ledger.RolesRevoked: _ADMIN,
    ledger.PasswordReset: _ADMIN,
    ledger.PersonDeactivated: _ADMIN,
    ledger.ErasureProposed: _ADMIN,
    ledger.ArtefactErased: Right((*RUNBOOK_ROLES, "admin")),
    ledger.LogKept: _ANYBODY._replace(judged=False),  # also what the stop printed
    ledger.ExternalSummaryRecorded: _ANYBODY,
    ledger.ForeignLinesFound: _SYSTEM,
    ledger.RefusalsCounted: _SYSTEM,
    rollback.RollbackOpened: Right(("incident_manager",), stop=True),
    rollback.RollbackConfirmed: _OWNER,
    rollback.EmergencyDeclared: Right(RUNBOOK_ROLES, stop=True),
    rollback.StopTakenIn: _SYSTEM._replace(judged=False),
    rollback.StopChecked: right_of_step(3),
    rollback.WatchStarted: right_of_step(4),
    rollback.WatchFinished: right_of_step(4, system=True),  # a watch that nobody finishes
    rollback.IncidentEnded: _MANAGER,
    rollback.RestartChecked: _OPERATOR,
    rollback.AllClearAnnounced: Right(("l2_ops", "incident_manager"), assumed=True),
    rollback.RestoreChecked: _OPERATOR,
    rollback.SummaryWritten: _ANYBODY,
    rollback.RollbackCompleted: _MANAGER,
    rollback.AbortRequested: _MANAGER,
    rollback.RollbackAborted: _MANAGER,
    rollback.StopTyped: _ANYBODY._replace(stop=True),
    rollback.NoteAdded: _ANYBODY,
    override.OverrideRequested: right_of_step(1, stop=True),
    override.OverrideWritten: _SYSTEM,
    override.OverrideFailed: _SYSTEM,
    override.OverrideAdopted: right_of_step(1, stop=True),
    override.OverrideMovedAside: _SYSTEM,
    override.HoldJoined: right_of_step(1, stop=True),
    override.HoldReleased: _OPERATOR,
    override.PutBackRequested: right_of_step(1, stop=True),
    override.OverridePutBack: _SYSTEM,
    override.OverrideRemovalRequested: _OPERATOR,
    override.OverrideRemoved: _SYSTEM,
    override.OverrideRemovalFailed: _SYSTEM,
    override.OverrideRemovedOutside: _SYSTEM,
    override.RemovalAdopted: _OPERATOR,
    override.OverrideExpired: _SYSTEM,
    override.EffectExpired: _SYSTEM,
    override.EffectCancelled: Right(judged=False),  # by a waiver, an abort or the stop
    silence.SilenceRequested: right_of_step(2),
    silence.SilenceCreated: _SYSTEM,
    silence.SilenceFailed: _SYSTEM,
    silence.SilenceAdopted: right_of_step(2),
    silence.SilenceExtendRequested: right_of_step(2),
    silence.SilenceExtended: _SYSTEM,
    silence.SilenceExtendFailed: _SYSTEM,
    silence.SilenceLost: _SYSTEM,
    silence.SilenceEndOwed: _ENDS_SILENCE,
    silence.SilenceChecked: right_of_step(2, system=True),
    silence.SilenceEndRequested: _ENDS_SILENCE,
    silence.SilenceEnded: _SYSTEM,
    silence.SilenceEndFailed: _SYSTEM,
    silence.SilenceDoubted: _SYSTEM,
    silence.SilenceSurplusSeen: _SYSTEM,
    silence.SilenceSurplusEnded: _SYSTEM,
    silence.ForeignSilenceAccepted: _ENDS_SILENCE,
    duties.StepLapsed: Right(("l2_ops", "noc"), helpers=True, assumed=True, system=True),  # of whoever saw it end
    duties.StepWaived: _MANAGER,
    duties.AcceptanceProposed: Right(assumed=True, named=lambda event: (STEPS[event.number].role,)),
    duties.StepAccepted: _RUNBOOK,
    duties.ConfirmationRefused: _OWNER,
    duties.ConfirmationReported: _RUNBOOK,
    duties.ExtensionConfirmed: _OWNER,
    duties.RoleAssumed: _RUNBOOK,
    duties.HandoverOffered: _DUTY,
    duties.HandoverAccepted: _DUTY,
    duties.Reviewed: Right(("incident_manager", "product_owner")),
    duties.EvidenceAttached: _ANYBODY,
    duties.Corrected: _ANYBODY,
    duties.SecondEyesDoubted: Right((*RUNBOOK_ROLES, "admin")),
    duties.ReasonGiven: _ANYBODY,
    duties.TicketLinked: _MANAGER,
    duties.WindowExtended: _MANAGER,
    duties.WindowOverrun: _SYSTEM,
    **dict.fromkeys((*observation.EVENTS, *access.EVENTS), _SYSTEM),
}
RIGHTS: dict[str, Right] = {kind.status: right for kind, right in _BY_EVENT.items()}
"""Status -> right, for every version of the event. The first entry, ``ledger_opened``, is nobody's."""
