"""The figures of a review, counted again from the lines of ``stage4.jsonl`` alone, as an auditor's script would.

It imports nothing of ours: entries are dictionaries, times are text until they are subtracted.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

Entry = dict[str, Any]
DECIDES = {
    0: ("rollback_confirmed",),
    1: (
        "override_written",
        "override_failed",
        "override_adopted",
        "hold_joined",
        "override_put_back",
        "stop_taken_in",
    ),
    2: ("silence_failed", "silence_checked"),
    3: ("stop_checked",),
    4: ("watch_finished",),
    5: ("restore_checked",),
    6: ("rollback_completed",),
}
STOPS = ("override_written", "override_adopted", "hold_joined", "stop_taken_in")
REMOVALS = ("override_removed", "hold_released", "removal_adopted")
CLOSES = ("rollback_completed", "rollback_aborted")


def points(value: Any) -> Iterator[dict[str, Any]]:
    """Every ``{"entry", "field", "at"}`` in the JSON."""
    if isinstance(value, dict):
        if {"entry", "field", "at"} <= value.keys():
            yield value
        for item in value.values():
            yield from points(item)
    elif isinstance(value, list):
        for item in value:
            yield from points(item)


def field(entry: Entry, path: str) -> Any:
    """What stands at ``metadata.seen_at`` and the like."""
    found: Any = entry
    for name in path.split("."):
        found = found[name]
    return found


def seconds(start: str, end: str) -> int:
    """Whole seconds, a half goes up, never below 0."""
    span = datetime.fromisoformat(end) - datetime.fromisoformat(start)
    return max(0, int((span + timedelta(milliseconds=500)).total_seconds() // 1))


class Recount:
    """One rollback's figures."""

    def __init__(self, entries: list[Entry], rollback: str, up_to: str) -> None:
        self.up_to = up_to
        self.own = [one for one in entries if one["metadata"].get("rollback") == rollback]
        self.close = next((sequence(one) for one in self.own if one["status"] in CLOSES), 0)
        last = self.close or len(entries)
        opened = sequence(self.own[0])
        self.stage = [one for one in entries[opened - 1 : last] if "rollback" not in one["metadata"]]

    def one(self, *statuses: str, last: bool = False, **wanted: Any) -> Entry | None:
        """The first (or last) own entry of these statuses with these fields."""
        found = [
            one
            for one in self.own
            if one["status"] in statuses and all(one["metadata"].get(name) == value for name, value in wanted.items())
        ]
        return found[-1 if last else 0] if found else None

    def durations(self) -> dict[str, tuple[Any, ...]]:
        """Code -> state, seconds, first entry, last entry."""
        opened, stop = self.own[0], self.one(*STOPS)
        restart = self.one("restart_checked", last=True, verdict="pass") or self.one("hold_released", last=True)
        watched = self.one("watch_finished", last=True)
        began = watched and self.own_at(watched["metadata"]["started"])
        pairs = {
            "to_confirm": (opened, self.one("rollback_confirmed") or self.one("step_waived", number=0)),
            "to_disable": (opened, stop),
            "to_silence": (opened, self.one("silence_created", "silence_found", "silence_adopted")),
            "watched": (began or self.one("watch_started", last=True), watched),
            "to_restore": (
                self.one("incident_ended", last=True) or self.one("abort_requested", last=True),
                restart,
            ),
            "stopped": (stop, restart),
            "open": (opened, self.one(*CLOSES)),
        }
        return {code: self._duration(*pair) for code, pair in pairs.items() if pair[0]}

    def _duration(self, start: Entry, end: Entry | None) -> tuple[Any, ...]:
        if end is None and self.close:
            return "never", None, sequence(start), None
        stop = moment(end) if end else self.up_to
        return ("done" if end else "running", seconds(moment(start), stop), sequence(start), end and sequence(end))

    def own_at(self, number: int) -> Entry:
        """The own entry with that sequence."""
        return next(one for one in self.own if sequence(one) == number)

    def attempts(self) -> list[tuple[int, int, str, int]]:
        """Step, number, verdict and entry of each verdict."""
        found, count = [], [0] * 7
        for one in self.own:
            for step, statuses in DECIDES.items():
                if one["status"] in statuses:
                    count[step] += 1
                    found.append((step, count[step], one["metadata"]["verdict"], sequence(one)))
        return found

    def held(self) -> list[tuple[int, int | None]]:
        """Between which entries the override file was there."""
        ends = (*REMOVALS, "override_removed_outside")
        return self._pairs((*STOPS, "override_put_back"), ends)

    def silenced(self) -> list[tuple[int, int | None]]:
        """Between which entries a silence was active."""
        gone = [
            sequence(one)
            for one in self.own
            if one["status"] == "silence_observed" and one["metadata"]["found"] in ("expired", "absent")
        ]
        return self._pairs(
            ("silence_created", "silence_found", "silence_adopted"), ("silence_ended", "silence_lost"), gone
        )

    def _pairs(self, starts: tuple[str, ...], ends: tuple[str, ...], also: list[int] | None = None) -> list[Any]:
        found, begun = [], None
        for one in self.own:
            if begun is None and one["status"] in starts:
                begun = sequence(one)
            elif begun is not None and (one["status"] in ends or sequence(one) in (also or ())):
                found.append((begun, sequence(one)))
                begun = None
        return found if begun is None else [*found, (begun, None)]

    def owed(self) -> list[tuple[str, int, int | None]]:
        """What was owed, by which entry, and the one that paid."""
        found = []
        emergency, stop = self.one("emergency_declared"), self.one(*STOPS)
        answer = self.one("rollback_confirmed", "confirmation_refused") or self.one("step_waived", number=0)
        begun = emergency or stop
        if begun and (answer is None or sequence(answer) > sequence(begun)):
            found.append(("late_confirmation", sequence(emergency or self.own[0]), answer and sequence(answer)))
        for one in self.own:
            if one["status"] == "silence_end_owed":
                found.append(("silence_end", sequence(one), self.silenced()[-1][1]))
        marked = (
            "emergency_declared",
            "put_back_requested",
            "stop_taken_in",
            "step_waived",
            "step_accepted",
            "confirmation_refused",
            "role_assumed",
            "silence_end_owed",
        )
        for one in self.own:
            if one["status"] in marked:
                looked = (
                    sequence(two)
                    for two in self.own
                    if two["status"] == "reviewed" and two["metadata"]["up_to"] >= sequence(one)
                )
                found.append(("review", sequence(one), next(looked, None)))
        return found

    def left(self) -> dict[int, int | None]:
        """Entries that saw what nobody had asked for, each with the entry that put it right."""
        mended = {
            "override_removed_outside": ("override_put_back", "removal_adopted"),
            "silence_lost": ("silence_created", "silence_found", "silence_adopted"),
            "step_lapsed": tuple(status for statuses in DECIDES.values() for status in statuses),
        }
        found = {}
        for one in self.own:
            if one["status"] in mended:
                number = one["metadata"].get("number")
                later = (
                    sequence(two)
                    for two in self.own
                    if sequence(two) > sequence(one)
                    and two["status"] in mended[one["status"]]
                    and (number is None or two["metadata"]["step"] == number)
                )
                found[sequence(one)] = next(later, None)
        return found

    def gaps(self) -> list[tuple[str, str, str]]:
        """Source, from and to of what could not be seen while the rollback ran."""
        names = ("source", "gap_start", "gap_end")
        return [
            tuple(one["metadata"][name] for name in names) for one in self.stage if one["status"] == "observation_gap"
        ]


def sequence(entry: Entry) -> int:
    """The entry's number."""
    return int(entry["chain"]["sequence"])


def written(entry: Entry) -> str:
    """When it was written, by the wall clock."""
    return str(entry["metadata"].get("wall_time", entry["timestamp"]))


def moment(entry: Entry) -> str:
    """When what it tells of happened."""
    names = ("seen_at", "read_at", "claimed_at", "ended_at", "starts_at")
    return str(next((entry["metadata"][name] for name in names if name in entry["metadata"]), written(entry)))
