"""Who may do what, as data: the roles under which each event may be brought about (docs/runbook.md).

``decide`` asks this table before an event is written, and the verifier asks it again of what was written: one table, so
that neither can know another rule than the other.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from ledger.domain.access import events as access
from ledger.domain.closing.events import AbortRequested, RollbackAborted, RollbackCompleted, SummaryWritten
from ledger.domain.duties.events import (
    AcceptanceProposed,
    ConfirmationRefused,
    ConfirmationReported,
    Corrected,
    EvidenceAttached,
    ExtensionConfirmed,
    HandoverAccepted,
    HandoverOffered,
    ReasonGiven,
    Reviewed,
    RoleAssumed,
    SecondEyesDoubted,
    StepAccepted,
    StepLapsed,
    StepWaived,
    TicketLinked,
    WindowExtended,
    WindowOverrun,
)
from ledger.domain.event import Event, events_of
from ledger.domain.keeping.events import (
    ArtefactErased,
    ErasureProposed,
    ExternalSummaryRecorded,
    ForeignLinesFound,
    LogKept,
    NoteAdded,
    RefusalsCounted,
)
from ledger.domain.learning.events import FindingAdded, FollowUpAdded, FollowUpFinished
from ledger.domain.observing import events as observing
from ledger.domain.opening.events import EmergencyDeclared, RollbackConfirmed, RollbackOpened
from ledger.domain.people.events import PasswordReset, PersonAdded, PersonDeactivated, RolesGranted, RolesRevoked
from ledger.domain.restoring.events import (
    AllClearAnnounced,
    HoldReleased,
    IncidentEnded,
    OverrideRemovalFailed,
    OverrideRemovalRequested,
    OverrideRemoved,
    OverrideRemovedOutside,
    RemovalAdopted,
    RestartChecked,
    RestoreChecked,
)
from ledger.domain.runbook import RUNBOOK_ROLES, STEPS, Role, Step
from ledger.domain.silencing.events import (
    ForeignSilenceAccepted,
    SilenceAdopted,
    SilenceChecked,
    SilenceCreated,
    SilenceDoubted,
    SilenceEnded,
    SilenceEndFailed,
    SilenceEndOwed,
    SilenceEndRequested,
    SilenceExtended,
    SilenceExtendFailed,
    SilenceExtendRequested,
    SilenceFailed,
    SilenceFound,
    SilenceLost,
    SilenceRequested,
    SilenceSurplusEnded,
    SilenceSurplusSeen,
)
from ledger.domain.state import Rollback, State
from ledger.domain.stopping.events import (
    EffectCancelled,
    EffectExpired,
    HoldJoined,
    OverrideAdopted,
    OverrideExpired,
    OverrideFailed,
    OverrideMovedAside,
    OverridePutBack,
    OverrideRequested,
    OverrideWritten,
    PutBackRequested,
    StopChecked,
    StopTakenIn,
    StopTyped,
)
from ledger.domain.telling import events as telling
from ledger.domain.watching.events import AlertExpectationProposed, AlertExpected, WatchFinished, WatchStarted


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
    PersonAdded: Right(("admin",), system=True),  # a new ledger's first person
    RolesGranted: _ADMIN,
    RolesRevoked: _ADMIN,
    PasswordReset: _ADMIN,
    PersonDeactivated: _ADMIN,
    ErasureProposed: _ADMIN,
    ArtefactErased: Right((*RUNBOOK_ROLES, "admin")),
    LogKept: _ANYBODY._replace(judged=False),  # also what the stop printed
    ExternalSummaryRecorded: _ANYBODY,
    ForeignLinesFound: _SYSTEM,
    RefusalsCounted: _SYSTEM,
    RollbackOpened: Right(("incident_manager",), stop=True),
    RollbackConfirmed: _OWNER,
    EmergencyDeclared: Right(RUNBOOK_ROLES, stop=True),
    StopTakenIn: _SYSTEM._replace(judged=False),
    StopChecked: right_of_step(Step.CHECK),
    WatchStarted: right_of_step(Step.WATCH),
    AlertExpectationProposed: right_of_step(Step.WATCH),
    AlertExpected: _RUNBOOK,
    WatchFinished: right_of_step(Step.WATCH, system=True),  # a watch that nobody finishes
    IncidentEnded: _MANAGER,
    RestartChecked: _OPERATOR,
    AllClearAnnounced: Right(("l2_ops", "incident_manager"), assumed=True),
    RestoreChecked: _OPERATOR,
    SummaryWritten: _ANYBODY,
    RollbackCompleted: _MANAGER,
    AbortRequested: _MANAGER,
    RollbackAborted: _MANAGER,
    StopTyped: _ANYBODY._replace(stop=True),
    NoteAdded: _ANYBODY,
    OverrideRequested: right_of_step(Step.DISABLE, stop=True),
    OverrideWritten: _SYSTEM,
    OverrideFailed: _SYSTEM,
    OverrideAdopted: right_of_step(Step.DISABLE, stop=True),
    OverrideMovedAside: _SYSTEM,
    HoldJoined: right_of_step(Step.DISABLE, stop=True),
    HoldReleased: _OPERATOR,
    PutBackRequested: right_of_step(Step.DISABLE, stop=True),
    OverridePutBack: _SYSTEM,
    OverrideRemovalRequested: _OPERATOR,
    OverrideRemoved: _SYSTEM,
    OverrideRemovalFailed: _SYSTEM,
    OverrideRemovedOutside: _OPERATOR._replace(system=True),  # who adopts it where nobody observed
    RemovalAdopted: _OPERATOR,
    OverrideExpired: _SYSTEM,
    EffectExpired: _SYSTEM,
    EffectCancelled: Right(judged=False),  # by a waiver, an abort or the stop
    SilenceRequested: right_of_step(Step.SILENCE),
    SilenceCreated: _SYSTEM,
    SilenceFound: _SYSTEM,
    SilenceFailed: _SYSTEM,
    SilenceAdopted: right_of_step(Step.SILENCE),
    SilenceExtendRequested: right_of_step(Step.SILENCE),
    SilenceExtended: _SYSTEM,
    SilenceExtendFailed: _SYSTEM,
    SilenceLost: _SYSTEM,
    SilenceEndOwed: _ENDS_SILENCE,
    SilenceChecked: right_of_step(Step.SILENCE, system=True),
    SilenceEndRequested: _ENDS_SILENCE,
    SilenceEnded: _SYSTEM,
    SilenceEndFailed: _SYSTEM,
    SilenceDoubted: _SYSTEM,
    SilenceSurplusSeen: _SYSTEM,
    SilenceSurplusEnded: _SYSTEM,
    ForeignSilenceAccepted: _ENDS_SILENCE,
    StepLapsed: Right(("l2_ops", "noc"), helpers=True, assumed=True, system=True),  # of whoever saw it end
    StepWaived: _MANAGER,
    AcceptanceProposed: Right(assumed=True, named=lambda event: (STEPS[event.number].role,)),
    StepAccepted: _RUNBOOK,
    ConfirmationRefused: _OWNER,
    ConfirmationReported: _RUNBOOK,
    ExtensionConfirmed: _OWNER,
    RoleAssumed: _RUNBOOK,
    HandoverOffered: _DUTY,
    HandoverAccepted: _DUTY,
    Reviewed: Right(("incident_manager", "product_owner")),
    EvidenceAttached: _ANYBODY,
    Corrected: _ANYBODY,
    FindingAdded: _ANYBODY,
    FollowUpAdded: _ANYBODY,
    FollowUpFinished: _ANYBODY,
    SecondEyesDoubted: Right((*RUNBOOK_ROLES, "admin")),
    ReasonGiven: _ANYBODY,
    TicketLinked: _MANAGER,
    WindowExtended: _MANAGER,
    WindowOverrun: _SYSTEM,
    **dict.fromkeys((*events_of(observing), *events_of(access), *events_of(telling)), _SYSTEM),
    **dict.fromkeys((telling.MessageRetryAsked, telling.MessageGivenUp), _ANYBODY._replace(system=False)),
}
RIGHTS: dict[str, Right] = {kind.status: right for kind, right in _BY_EVENT.items()}
"""Status -> right, for every version of the event. The first entry, ``ledger_opened``, is nobody's."""
