"""Decisions about erasing free text: an admin proposes, another person erases. Evidence of a step is never erased."""

from __future__ import annotations

from ledger.domain.command import Request
from ledger.domain.events import FREE_TEXT
from ledger.domain.keeping.commands import Erase, ProposeErasure
from ledger.domain.keeping.events import ArtefactErased, ErasureProposed
from ledger.domain.remembered import FreeText
from ledger.domain.rules import Decided, act, decides, second_eyes
from ledger.domain.state import Evidence, State
from ledger.domain.text import INLINE, check_text
from ledger.errors import Refused
from ledger.said import Said


@decides(ProposeErasure)
def propose(state: State, request: Request, command: ProposeErasure) -> tuple[Decided, ...]:
    """By an admin, with the ground."""
    role = act(state, request, ErasureProposed)
    text = _erasable(state, command.artefact)
    if text.proposal:
        raise Refused(
            Said("entry {} proposed that already; a person other than {} erases it", text.proposal, text.proposed_by)
        )
    ground = check_text("the ground", command.ground, longest=INLINE)
    return (Decided(ErasureProposed(erased_sha384=command.artefact, ground=ground), "", role),)


@decides(Erase)
def erase(state: State, request: Request, command: Erase) -> tuple[Decided, ...]:
    """By somebody else, of any runbook role or an admin."""
    text = _erasable(state, command.artefact)
    if not text.proposal:
        raise Refused(Said("nobody proposed to erase {}; an admin does, with a ground", command.artefact))
    if text.proposed_by == request.actor.person:
        raise Refused(Said("{} proposed it; a second person must erase it (four eyes)", request.actor.person))
    role = act(state, request, ArtefactErased)
    event = ArtefactErased(erased_sha384=command.artefact, proposal=text.proposal, ground=text.ground)
    return (Decided(event, "", role), *second_eyes(state, request, text.proposed_by, "", role))


def _erasable(state: State, name: str) -> FreeText:
    evidence = _evidence(state, name)
    if evidence is not None:
        raise Refused(
            Said("{} is evidence ({}, entry {}); only free text is erased", name, evidence.status, evidence.entry)
        )
    text = state.texts.get(name)
    if text is None:
        raise Refused(Said("no entry names a free text {}; only text of more than 200 characters is an artefact", name))
    if text.erased:
        raise Refused(Said("{} was erased by entry {}: {}", name, text.erased, text.ground))
    return text


def _evidence(state: State, name: str) -> Evidence | None:
    """Where an entry names the same bytes as something else than free text."""
    rollbacks = (*state.open.values(), *state.closed.values())
    return next((e for r in rollbacks for e in r.evidence if e.sha384 == name and e.name not in FREE_TEXT), None)
