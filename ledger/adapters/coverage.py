"""Whether Prometheus saw the window: its own ``up``, and how long ago it had evaluated the runbook's rules.

Evidence about a server counts only from that server. Two that scrape each other under one job cannot be told apart by
their series, so the worst of them counts: one that ran on does not vouch for one that did not.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.shapes import line
from ledger.adapters.witness import Witness
from ledger.domain.facts import Series
from ledger.domain.text import listed
from ledger.domain.watching import history
from ledger.domain.watching.history import Grid, RuleGroup
from ledger.said import Said

EVALUATED = "prometheus_rule_group_last_evaluation_timestamp_seconds"
_FAILED = "prometheus_rule_evaluation_failures_total"
STARTED = "process_start_time_seconds"
_SPAN = 600
"""Seconds of raw samples that tell how often it is scraped."""
_SAME_START = 2.0
"""Seconds by which a process' start by the system and by itself may differ."""
_SLOW_START = 3.0
"""Seconds that a process on a busy machine may take to come to its own first look at the clock: longer, and it is
another one's start, for a doubt too many costs a look and one too few a pass without evidence."""
_NEW = 60.0
"""Seconds after which a process has surely looked at itself: until then its last samples may be the one's before it."""
_NAMED = 5


@dataclass(frozen=True, slots=True)
class Own:
    """How Prometheus' own series are found: the job under which it scrapes itself, and labels that narrow it down."""

    job: str
    labels: tuple[tuple[str, str], ...] = ()

    def selector(self, **more: str) -> str:
        """``{job="…", …}``; ``more`` are equal matchers too."""
        pairs = {"job": self.job, **dict(self.labels), **more}
        return "{" + ",".join(f"{name}={quoted(value)}" for name, value in pairs.items()) + "}"

    def of_groups(self, groups: Sequence[RuleGroup], **more: str) -> str:
        """The same, of these rule groups."""
        keys = "|".join(literal(group.key) for group in groups)
        return f"{self.selector(**more)[:-1]},rule_group=~{quoted(keys)}}}"


@dataclass(frozen=True, slots=True)
class Covered:
    """What was seen of the server itself."""

    up: frozenset[int]
    evaluated: frozenset[int]
    scrape: float
    """Seconds between two looks of it at itself; the step where that is not known."""
    itself: str | None
    """The instance that answered; None where it cannot be told."""

    @property
    def good(self) -> frozenset[int]:
        """Sample times that are covered."""
        return self.up & self.evaluated


def questions(own: Own, window: Grid, groups: Sequence[RuleGroup], scrape: float) -> dict[str, str]:
    """All that vouches for a window, by name, to be asked together with what it vouches for."""
    look_back = math.ceil(max(window.step, 2 * scrape))
    asked = {
        "up": f"min_over_time(up{own.selector()}[{look_back}s])",
        "began": f"{STARTED}{own.selector()} and on() (vector(time()) == {window.last})",
    }
    if groups:
        asked |= {"ages": f"(time() - {EVALUATED}{own.of_groups(groups)})", "failed": _FAILED + own.of_groups(groups)}
    return asked


def cover(
    api: Api,
    own: Own,
    window: Grid,
    groups: Sequence[RuleGroup],
    answer: Mapping[str, Sequence[Series]],
    witness: Witness,
    scrape: float,
    remarks: Remarks,
) -> Covered:
    """Read what vouches for a window. What is missing is a warning. Raises ``Unreachable``."""
    up, ages = answer["up"], answer.get("ages", ())
    there = history.present(up)
    if not up and not remarks.clocks_differ:  # which is then why, and is said
        remarks.warnings.append(
            Said(
                "Prometheus has no series up of its own job {} in the window: let it scrape itself, or "
                "name the job under which it does",
                repr(own.job),
            )
        )
    if groups:
        remarks.warnings += history.failures(answer["failed"], groups)
        _unseen(ages, there, groups, remarks)
    shown = _began(api, own, window, tuple(sorted(there)), answer["began"], witness)
    itself = _itself(own, shown, tuple(sorted(there)), remarks)
    evaluated = history.evaluated_times(ages, there, groups, scrape)
    return Covered(history.up_times(up), evaluated, scrape, itself)


def scraped(api: Api, own: Own, window: Grid, remarks: Remarks) -> float:
    """How often it looks at itself, from the samples: what a target's settings say is not what was done."""
    samples = api.instant(f"up{own.selector()}[{_SPAN}s]", remarks, window.last)
    scrape = history.interval(samples)
    if scrape:
        remarks.notes.append(Said("scraped every {} s, by the samples of up", f"{scrape:g}"))
    elif samples:
        remarks.warnings.append(
            Said(
                "how often Prometheus scrapes itself is not known (too few samples of up), so the step of {} s counts",
                window.step,
            )
        )
    return scrape or float(window.step)


def _unseen(ages: Sequence[Series], there: Mapping[str, object], groups: Sequence[RuleGroup], remarks: Remarks) -> None:
    """Say which server shows no evaluation at all of which group."""
    if not ages and not remarks.clocks_differ:
        remarks.warnings.append(
            Said(
                "Prometheus has no series {} in the window, so nothing shows that its rules were "
                "evaluated: let it scrape itself",
                EVALUATED,
            )
        )
    if not ages:
        return
    shown = {(history.instance(series), dict(series.labels).get("rule_group", "")) for series in ages}
    told = "{} shows no evaluation of the rule groups {} in the window, from rule files of the same path as here"
    for name in there:
        lacking = [group.key.rpartition(";")[2] for group in groups if (name, group.key) not in shown]
        if lacking:
            remarks.warnings.append(line(Said(told, name, ", ".join(lacking))))


def _itself(own: Own, shown: Began, instances: Sequence[str], remarks: Remarks) -> str | None:
    """Which instance answered: the one whose process began when the asked one says that it did, else the only one.

    A Prometheus that is none of them has no evidence about itself, however well the others ran: that is a warning.
    """
    if not instances:
        return None
    names, count = listed(instances, _NAMED), len(instances)
    if shown.is_another(instances):
        remarks.warnings.append(
            line(
                Said("Prometheus shows the job {} of other servers only ({}): let it scrape itself", own.job, names),
                400,
            )
        )
        return None
    same = shown.same()
    instance = same[0] if len(same) == 1 else None
    if count == 1:
        return instances[0]
    if instance:
        note = Said(
            "{} servers have the job {} ({}) and {} answered: the worst of them counts", count, own.job, names, instance
        )
    else:
        note = Said(
            "{} servers have the job {} ({}), and which answered is not known: the worst counts", count, own.job, names
        )
    remarks.notes.append(line(note, 400))
    return instance


@dataclass(frozen=True, slots=True)
class Began:
    """When processes began, in unix seconds: the asked Prometheus by its own word, and each instance by its samples."""

    asked: float | None
    """None where that is not known, or where what answers is no Prometheus: then the series are another's by right."""
    instances: Mapping[str, frozenset[float]]

    def same(self) -> list[str]:
        """The instances that began when the asked one did."""
        if self.asked is None:
            return []
        return [
            name for name, starts in self.instances.items() if any(abs(at - self.asked) <= _SAME_START for at in starts)
        ]

    def is_another(self, instances: Sequence[str]) -> bool:
        """Whether each of them surely is another process than the asked one."""
        if self.asked is None:
            return False
        late = [self.asked - at for name in instances for at in self.instances.get(name, ())]
        known = all(self.instances.get(name) for name in instances)
        return known and not any(-_SAME_START <= delay <= _SLOW_START for delay in late)


def _began(
    api: Api, own: Own, window: Grid, instances: Sequence[str], at_end: Sequence[Series], witness: Witness
) -> Began:
    """By the server's own word and by its samples: of the window's end, and of now where it began after that."""
    asked = witness.began
    if asked is None or not instances:
        return Began(None, {})
    samples = [*at_end]
    if asked > window.last - _NEW:
        samples += api.instant(STARTED + own.selector(), Remarks())
    by_instance: dict[str, set[float]] = {}
    for series in samples:
        if history.instance(series) in instances:
            by_instance.setdefault(history.instance(series), set()).update(value for _, value in series.points)
    return Began(asked, {name: frozenset(starts) for name, starts in by_instance.items()})


def quoted(value: str) -> str:
    """A PromQL string (docs/querying/basics.md)."""
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'


def literal(text: str) -> str:
    """A text as RE2 takes it literally: only ASCII punctuation may be escaped."""
    return re.sub(r"[^\w\s/;:-]", lambda match: "\\" + match[0] if match[0].isascii() else match[0], text)
