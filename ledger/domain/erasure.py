"""What may be erased, and by how many: free text, by two people. What is done to the state."""

from __future__ import annotations

from ledger.domain.event import Event
from ledger.domain.events import DIGESTS, FREE_TEXT
from ledger.domain.keeping.events import ArtefactErased, ErasureProposed
from ledger.domain.record import Recorded
from ledger.domain.remembered import FreeText
from ledger.domain.state import State
from ledger.domain.transition import applies_to_stage, require


def remember_texts(state: State, record: Recorded, event: Event) -> State:
    """Note the free texts that the entry names."""
    names = [getattr(event, name) for name in DIGESTS[type(event)] if name in FREE_TEXT]
    new = {name: FreeText(record.sequence) for name in names if name and name not in state.texts}
    return state._replace(texts={**state.texts, **new}) if new else state


@applies_to_stage(ErasureProposed)
def proposed(state: State, record: Recorded, event: ErasureProposed) -> State:
    """The first of two people."""
    text = _text(state, event.erased_sha384)
    require(not text.proposal, "entry {} proposed that already", text.proposal)
    after = text._replace(proposal=record.sequence, proposed_by=record.actor, ground=event.ground)
    return state._replace(texts={**state.texts, event.erased_sha384: after})


@applies_to_stage(ArtefactErased)
def erased(state: State, record: Recorded, event: ArtefactErased) -> State:
    """The second, who is not the first."""
    text = _text(state, event.erased_sha384)
    require(text.proposal and text.proposal == event.proposal, "entry {} did not propose that", event.proposal)
    require(text.proposed_by != record.actor, "a second person erases (four eyes)")
    require(text.ground == event.ground, "the ground is the one that was proposed")
    return state._replace(texts={**state.texts, event.erased_sha384: text._replace(erased=record.sequence)})


def _text(state: State, name: str) -> FreeText:
    require(name in state.texts, "{} is no free text of this ledger", name)
    text = state.texts[name]
    require(not text.erased, "{} was erased by entry {}", name, text.erased)
    return text
