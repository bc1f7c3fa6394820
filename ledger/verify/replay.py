"""Step 7: replay the state machine with the domain's own ``evolve``, and find entries that lie although well signed."""

from __future__ import annotations

from collections.abc import Sequence

from ledger.domain.closed import Closed
from ledger.domain.closing.events import RollbackAborted, RollbackCompleted
from ledger.domain.evolve import evolve
from ledger.domain.flags import FLAGS, flag_values, runtime_flags
from ledger.domain.keeping.events import LedgerOpened
from ledger.domain.marks import marks
from ledger.domain.opening.events import RollbackConfirmed, RollbackOpened
from ledger.domain.record import Recorded
from ledger.domain.state import Rollback, State
from ledger.proof.canonical import parse_canonical
from ledger.said import Said
from ledger.verify.authority import Overstepped, goes_on_as_a_stop, overstepped
from ledger.verify.causes import Cause
from ledger.verify.findings import Findings
from ledger.verify.lines import Line
from ledger.verify.reading import HOSTILE
from ledger.verify.verdicts import false_pass, taken_too_early

_Flags = dict[str, tuple[bool | None, bool | None]]
_AGREED: _Flags = {}
_OF_ROLLBACKS = frozenset({"alerts.silenced", "override.active", "rollback.active"})
_UNOPENED = LedgerOpened(purpose="production", checkpoint_key="", hmac_key_id="", hmac_algorithm="")
_OPENING = (RollbackOpened, RollbackConfirmed)


class Replay:
    """The state after each entry. Where an entry cannot be followed it is skipped, and what comes after goes on.

    Honest entries are not accused of what an earlier one did. After damage (a missing or unreadable entry, a broken
    chain, a wrong signature) the state is only as good as what is left, so the first later contradiction ends the
    replay. After a signed lie the rest of *that rollback* is shaky: what does not fit there is counted, not reported.
    """

    def __init__(self, findings: Findings) -> None:
        self._findings = findings
        self._state = State()
        self._closed: dict[str, Rollback] = {}
        self._openings: dict[str, str] = {}
        self._shaky: set[str] = set()
        self._differing = _AGREED
        self._marked: dict[tuple[str, str], tuple[tuple[str, ...], tuple[str, ...]]] = {}
        self._openings_by: dict[str, tuple[Line, Overstepped]] = {}
        """Rollbacks opened by who may not, unless it was by a stop, which the next entry shows."""
        self._doubt = 0
        self.stopped = 0
        """Entry from which on the state was not replayed; 0 where all of it was."""
        self.unknown = 0
        """Entries of a kind that this build does not know."""
        self.unjudged = 0
        """Entries that do not fit a rollback whose state is no longer known."""
        self.unranked = 0
        """Entries whose role and verdict rest on something that is not known."""

    @property
    def erased(self) -> tuple[int, ...]:
        """The entries that erased a free text."""
        return tuple(sorted(text.erased for text in self._state.texts.values() if text.erased))

    def stop(self, sequence: int) -> None:
        """The state from ``sequence`` on cannot be known."""
        self.stopped = self.stopped or sequence
        self._state, self._closed, self._openings, self._marked = State(), {}, {}, {}

    def doubt(self, sequence: int) -> None:
        """Entry ``sequence`` is perhaps not what was written."""
        self._doubt = self._doubt or sequence

    def follow(self, lines: Sequence[Line]) -> None:
        """Replay entries, one after the other."""
        for line in lines:
            assert line.read is not None
            record = line.read.record
            if isinstance(record, str):
                self._malformed(line, record)
            else:
                self._follow(line, record)

    def _follow(self, line: Line, record: Recorded) -> None:
        if record.event is None:
            self.unknown += 1
        if self.stopped:
            return
        before = self._state.open.get(record.rollback) or self._closed.get(record.rollback)
        if record.event is None:
            self._shaky.add(record.rollback)
            self._skip(line, record.rollback, record.rollback_entry)
            return
        if type(record.event) in _OPENING:
            self._check_confirmation(line, record)
        if record.rollback and record.rollback_entry != (before.entries if before else 0) + 1:
            record, before = self._check_number(line, record, before)
        if not self.stopped:
            self._step(line, record, before)

    def _step(self, line: Line, record: Recorded, before: Rollback | None) -> None:
        state = self._state
        if state.opened is None and type(record.event) is not LedgerOpened:
            self._report(Cause.IMPOSSIBLE_TRANSITION, line, "ledger_opened", record.status, "no ledger was opened")
            state = state._replace(opened=_UNOPENED)
        if state.sequence != record.sequence - 1 or record.timestamp < state.timestamp:  # steps 3 and 6 have said so
            state = state._replace(sequence=record.sequence - 1, timestamp=record.timestamp)
        if before is not None and before.phase != "open":
            state = state._replace(closed=Closed({before.id: before}))
        self._state = state
        try:
            after = evolve(state, record)
        except HOSTILE as error:
            self._impossible(line, record, before, str(error))
            return
        if record.marks or record.actor in state.fresh:
            self._check_marks(line, record, state)
        if self._shaky and not self._shaky.isdisjoint(("", record.rollback)):
            self.unranked += 1
        else:
            self._check_authority(line, record, state, before)
        if after.closed:
            # Closed rollbacks are kept aside, for evolve copies all of them whenever one is closed; and without their
            # evidence, which evolve collects and never looks at.
            self._closed |= {name: rollback._replace(evidence=()) for name, rollback in after.closed.items()}
            after = after._replace(closed=Closed())
        self._state = after
        self._check_flags(line, accuse=True)
        if record.rollback and not self.stopped:
            self._check_incident(line, after.open.get(record.rollback) or self._closed.get(record.rollback))

    # --- what does not fit -------------------------------------------------------------------------------------------

    def _malformed(self, line: Line, reason: str) -> None:
        metadata = parse_canonical(line.raw)["metadata"]
        self._report(Cause.EVENT_MALFORMED, line, "an event of its kind", reason, reason)
        name, number = metadata.get("rollback"), metadata.get("rollback_entry")
        if type(name) is str and type(number) is int:
            self._shaky.add(name)
            self._skip(line, name, number)
        else:
            self.doubt(line.sequence)
            self._skip(line, "", 0)

    def _impossible(self, line: Line, record: Recorded, before: Rollback | None, reason: str) -> None:
        """The entry's effect is left out, except that a closing entry closes."""
        if self._is_doubtful(line.sequence):
            return
        if record.rollback in self._shaky:
            self.unjudged += 1
        else:
            self._report(Cause.IMPOSSIBLE_TRANSITION, line, "what can follow", reason, reason)
        if record.rollback:
            self._shaky.add(record.rollback)
        if before is not None and isinstance(record.event, RollbackCompleted | RollbackAborted):
            self._put(before._replace(phase="aborted", closed_at=record.at))
        self._skip(line, record.rollback, record.rollback_entry)

    def _skip(self, line: Line, name: str, number: int) -> None:
        """Only the counters go on; what the entry did to the flags is taken as it is."""
        before = self._state.open.get(name) or self._closed.get(name)
        if before is not None:
            self._put(before._replace(entries=number))
        self._state = self._state._replace(sequence=line.sequence, closed=Closed())
        self._check_flags(line, accuse=False)

    def _put(self, rollback: Rollback) -> None:
        others = {name: other for name, other in self._state.open.items() if name != rollback.id}
        if rollback.is_open:
            others[rollback.id] = rollback
        else:
            self._closed[rollback.id] = rollback
        self._state = self._state._replace(open=others)

    def _is_doubtful(self, sequence: int) -> bool:
        """Whether earlier damage may be why the entry does not fit; the replay ends there."""
        if not self._doubt or sequence <= self._doubt:
            return False
        self.stop(self._doubt)
        return True

    # --- checks beyond evolve's own ----------------------------------------------------------------------------------

    def _check_number(self, line: Line, record: Recorded, before: Rollback | None) -> tuple[Recorded, Rollback | None]:
        """``rollback_entry`` has no gaps; after one, counting goes on from what the entry claims."""
        expected, found = (before.entries if before else 0) + 1, record.rollback_entry
        if (before is None and type(record.event) is not RollbackOpened) or self._is_doubtful(line.sequence):
            return record, before
        reason = Said("it is numbered {} of {}, after number {}", found, record.rollback, expected - 1)
        self._report(Cause.ROLLBACK_ENTRY_GAP, line, str(expected), str(found), reason)
        self._shaky.add(record.rollback)
        if before is None:
            return record._replace(rollback_entry=1), before
        counted = before._replace(entries=found - 1)
        self._put(counted)
        return record, counted

    def _check_confirmation(self, line: Line, record: Recorded) -> None:
        event = record.event
        if type(event) is RollbackOpened:
            self._openings.setdefault(record.rollback, line.link)
        elif type(event) is RollbackConfirmed:
            opening = self._openings.get(record.rollback)
            if opening is not None and opening != event.confirms:
                reason = Said("the confirmation of {} does not name its opening line", record.rollback)
                self._report(Cause.CONFIRMATION_MISMATCH, line, opening, event.confirms, reason)

    def _check_incident(self, line: Line, rollback: Rollback | None) -> None:
        assert line.read is not None
        found = line.read.incident
        if rollback is None or found == (expected := rollback.ticket or rollback.id):
            return
        if not self._is_doubtful(line.sequence):
            reason = Said("incident_id is {}, but the ticket of {} is {}", ascii(found), rollback.id, ascii(expected))
            self._report(Cause.WRONG_INCIDENT, line, expected, str(found), reason)

    def _check_marks(self, line: Line, record: Recorded, before: State) -> None:
        """Marks follow from the grants and resets before the entry; an unknown entry of the ledger may be one.

        A difference is reported once while it lasts, for each person and role.
        """
        expected, key = marks(before, record.actor, record.role, record.at), (record.actor, record.role)
        if record.marks == expected:
            self._marked.pop(key, None)
            return
        pair = (expected, record.marks)
        known, self._marked[key] = self._marked.get(key), pair
        if pair == known or "" in self._shaky or self._is_doubtful(line.sequence):
            return
        wanted, found = (", ".join(texts) or "none" for texts in (expected, record.marks))
        self._report(Cause.MARKS_LIE, line, wanted, found, Said("its marks say {}, the entries give {}", found, wanted))

    def _check_authority(self, line: Line, record: Recorded, state: State, before: Rollback | None) -> None:
        """Whether the role may, whether the person holds it, whether the step was due, and whether it can have passed.

        A role that is not held is told once for each person, role and deed.
        """
        wrong = overstepped(state, before, record)
        early = taken_too_early(before, record)
        try:
            false = false_pass(state, before, record)
        except HOSTILE as error:  # such as a watch that ends after the end of time
            false = str(error)
        opening = self._openings_by.pop(record.rollback, None) if self._openings_by else None
        if opening and not goes_on_as_a_stop(record):
            self._tell(*opening)
        if not (wrong or early or false) or self._is_doubtful(line.sequence):
            return
        if wrong and type(record.event) is RollbackOpened:
            self._openings_by[record.rollback] = line, wrong
        elif wrong:
            self._tell(line, wrong)
        if early:
            self._report(Cause.STEP_TOO_EARLY, line, "the step before it passed", "it had not", early)
        if false:
            self._report(
                Cause.VERDICT_LIES, line, "another verdict", "pass", Said("its verdict is pass, but {}", false)
            )

    def _tell(self, line: Line, wrong: Overstepped) -> None:
        sentence = Said("Entry {}: {}.", line.sequence, wrong.reason)
        self._findings.tally(wrong.cause, line.sequence, line.number, wrong.expected, wrong.found, sentence)

    def _check_flags(self, line: Line, *, accuse: bool) -> None:
        """A difference is reported where it appears, not again while it lasts."""
        assert line.read is not None
        said = line.read.flags
        if said == flag_values(self._state):
            self._differing = _AGREED
            return
        found = said if isinstance(said, dict) else dict(zip(FLAGS, said, strict=True))
        expected = runtime_flags(self._state)
        pairs = {name: (expected.get(name), found.get(name)) for name in sorted(expected.keys() | found.keys())}
        known = self._differing
        self._differing = {name: pair for name, pair in pairs.items() if pair[0] is not pair[1]}
        new = {name: pair for name, pair in self._differing.items() if known.get(name) != pair}
        if not self._shaky.isdisjoint(self._state.open):
            new = {name: pair for name, pair in new.items() if name not in _OF_ROLLBACKS}
        if not accuse or not new or self._is_doubtful(line.sequence):
            return
        wanted = ", ".join(f"{name}={pair[0]}" for name, pair in new.items())
        got = ", ".join(f"{name}={pair[1]}" for name, pair in new.items())
        self._report(Cause.FLAGS_LIE, line, wanted, got, Said("its flags say {}, the entries give {}", got, wanted))

    def _report(self, cause: Cause, line: Line, expected: str, found: str, reason: str) -> None:
        sentence = Said("Entry {}: {}.", line.sequence, reason)
        self._findings.add(cause, line.sequence, line.number, expected, found, sentence)
