"""The history of an observation window: alerts, and what vouches for them, from one and the same server.

Several servers may stand behind one address, and what one of them saw says nothing about another. So all that a
verdict stands on is one question. What must be asked beside it goes over the same connection; who answers is asked
between the questions.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from ledger.adapters import coverage, kept_alerts
from ledger.adapters.coverage import Covered, Own
from ledger.adapters.http import Broken, TooMuch
from ledger.adapters.prometheus_api import Api, Remarks
from ledger.adapters.prometheus_rules import loaded
from ledger.adapters.prometheus_wire import parse_groups
from ledger.adapters.restarts import Restarts
from ledger.adapters.shapes import line, reading
from ledger.adapters.witness import Witness
from ledger.domain.facts import AlertEpisode, Series, WatchSeen
from ledger.domain.watching import history
from ledger.domain.watching.history import RuleGroup
from ledger.errors import Unreachable
from ledger.said import Said

Answer = Mapping[str, tuple[Series, ...]]
"""The series by the name of the question that they answer."""
_LISTED = 5
_TRIES = 3
"""Times that a window is asked for until its answers come over one connection."""
_LOOKS = 4
"""Times that who answers is asked at the end: of two servers that take turns by chance, all eight meet one in 128."""
_SEVERAL = (
    "several servers answer at this address by turns, and what one of them saw says nothing about another: "
    "let prometheus.url name one of them"
)
_CLOSED = "the connection was not kept between the questions; one process answered all of them, by its own word"


@dataclass(frozen=True, slots=True)
class About:
    """Whose alerts are looked at, and which series are the server's own."""

    own: Own
    pattern: str
    """An anchored regex over ``alertname``: the runbook's alerts."""

    @property
    def ours(self) -> str:
        """A selector of the runbook's alerts, without its braces."""
        return f"alertname=~{coverage.quoted(self.pattern)}"

    @property
    def theirs(self) -> str:
        """The same of others' critical alerts."""
        return f'alertname!~{coverage.quoted(self.pattern)},severity="critical"'


@dataclass(frozen=True, slots=True)
class Asked:
    """Which window, and what is expected in it."""

    start: datetime
    end: datetime
    step_seconds: int
    stopped: datetime
    rules: Sequence[str]


def watch(api: Api, about: About, asked: Asked) -> WatchSeen:
    """The window; asked for anew where the connection was closed in between.

    A server that closes every connection, or a proxy before it, is believed where its own word is the same each time.
    """
    for _ in range(_TRIES - 1):
        with api.kept() as kept:
            try:
                seen = Window(kept, about, asked).seen()
            except Broken:  # one that waited may be closed as we ask; the first answer of all is not waited for
                if not kept.answers:
                    raise
                continue
            if kept.held or kept.closing:
                return seen
    with api.kept() as kept:
        return Window(kept, about, asked).seen()


class Window:
    """The questions of one window over one connection."""

    def __init__(self, api: Api, about: About, asked: Asked) -> None:
        self._api, self._about, self._asked = api, about, asked
        self._grid = history.grid(asked.start, asked.end, asked.step_seconds)
        self._remarks = Remarks()
        self._witness = Witness(api)

    def seen(self) -> WatchSeen:
        """What the history says. Raises ``Unreachable`` where one of the main sources cannot be had."""
        asked, remarks, grid = self._asked, self._remarks, self._grid
        known = self._expected()
        groups = known or ()
        self._witness.look(2)
        scrape = coverage.scraped(self._api, self._about.own, grid, remarks)
        self._witness.look()
        answer, episodes, elsewhere = self._alerts(coverage.questions(self._about.own, grid, groups, scrape))
        self._witness.look()
        covered = coverage.cover(self._api, self._about.own, grid, groups, answer, self._witness, scrape, remarks)
        episodes = self._continued(episodes, groups, covered)
        rules = tuple(rule for group in groups for rule in group.rules)
        store = self._witness.began is None
        kept_alerts.doubt(self._api, self._about.own, rules, remarks, bare=store and not episodes)
        self._witness.look(_LOOKS)
        if not self._witness.one:
            remarks.warnings.append(_SEVERAL)
        elif not self._api.held and self._witness.began is not None:
            remarks.notes.append(_CLOSED)
        gaps = history.gaps(covered.good, grid)
        if remarks.clocks_differ or (gaps and abs(remarks.skew) > grid.step):
            remarks.warnings.append(_clocks(remarks.skew))
        return WatchSeen(
            start=asked.start,
            end=asked.end,
            step_seconds=grid.step,
            expected_samples=len(grid.times()),
            up_samples=len(covered.up),
            evaluated_samples=len(covered.evaluated),
            gaps=gaps,
            episodes=episodes,
            rules=rules,
            missing_rules=() if known is None else tuple(sorted(set(asked.rules) - {rule.name for rule in rules})),
            warnings=tuple(dict.fromkeys(remarks.warnings)),
            elsewhere=elsewhere,
            notes=tuple(dict.fromkeys(remarks.notes)),
            pattern=self._about.pattern,
        )

    def _expected(self) -> tuple[RuleGroup, ...] | None:
        """The groups of the expected rules; None, and a warning, where there is too much to read."""
        try:
            return rule_groups(self._api, self._asked.rules, self._remarks)
        except TooMuch as error:
            self._remarks.warnings.append(str(error))
            return None

    def _alerts(
        self, vouching: Mapping[str, str]
    ) -> tuple[Answer, tuple[AlertEpisode, ...], tuple[tuple[str, int], ...]]:
        """The answer with all that vouches, the runbook's alerts, and the new ones of others: in one, if it can be."""
        theirs = self._new(self._about.theirs)
        try:
            answer = self._together({**vouching, **self._shown(self._about.ours), "elsewhere": theirs})
            return answer, self._episodes(answer), _most(answer["elsewhere"])
        except Broken:
            raise
        except Unreachable:  # perhaps for what others have: that must not take ours with it
            answer, episodes = self._ours(vouching)
        return answer, episodes, self._elsewhere({"began": vouching["began"], "elsewhere": theirs}, answer)

    def _ours(self, vouching: Mapping[str, str]) -> tuple[Answer, tuple[AlertEpisode, ...]]:
        """The runbook's alerts in the window; only critical ones, or only how many, where there are too many."""
        ours, remarks = self._about.ours, self._remarks
        critical = f'{ours},severity="critical"'
        try:
            answer = self._together({**vouching, **self._shown(ours)})
            return answer, self._episodes(answer)
        except TooMuch as error:
            remarks.notes.append(line(str(too_much(self._api, error, ours, self._grid.last)), 400))
        try:
            answer = self._together({**vouching, **self._shown(critical)})
            remarks.notes.append("only critical alerts were read: there are too many others")
            return answer, self._episodes(answer)
        except TooMuch:
            answer = self._together({**vouching, "new": self._new(critical)})
        new = _counts(_most(answer["new"]))
        remarks.warnings.append(Said("there are too many critical alerts to read; new since the stop: {}", new))
        return answer, ()

    def _elsewhere(self, questions: Mapping[str, str], answer: Answer) -> tuple[tuple[str, int], ...]:
        """The new alerts of others by a question of their own; its servers must have begun when the others did."""
        try:
            theirs = self._together(questions)
        except Broken:
            raise
        except Unreachable as error:
            self._remarks.warnings.append(str(error))
            return ()
        if set(theirs["began"]) != set(answer["began"]):
            self._remarks.warnings.append(_SEVERAL)
        return _most(theirs["elsewhere"])

    def _together(self, questions: Mapping[str, str]) -> Answer:
        return self._api.together(questions, self._grid, self._remarks)

    def _shown(self, selector: str) -> dict[str, str]:
        """Questions for alerts and since when each is active."""
        step = self._grid.step
        return {
            name.lower(): f"last_over_time({name}{{{selector}}}[{step}s])" for name in ("ALERTS", "ALERTS_FOR_STATE")
        }

    def _episodes(self, answer: Answer) -> tuple[AlertEpisode, ...]:
        with reading(self._api.place):
            return history.episodes(answer["alerts"], answer["alerts_for_state"], self._asked.start, self._asked.end)

    def _new(self, selector: str) -> str:
        """A question for how many alerts of each name were active that were not at the stop."""
        metric, since = f"ALERTS_FOR_STATE{{{selector}}}", self._asked.stopped.timestamp()
        return f"count by (alertname) (last_over_time({metric}[{self._grid.step}s]) unless {metric} @ {since:.3f})"

    def _continued(
        self, episodes: tuple[AlertEpisode, ...], groups: Sequence[RuleGroup], covered: Covered
    ) -> tuple[AlertEpisode, ...]:
        """The episodes with what each continues; where that cannot be had, each stands for itself."""
        restarts = Restarts(self._api, self._about.own, groups, covered, f"{{{self._about.ours}}}")
        try:
            continued = restarts.continued(episodes, self._grid)
        except Unreachable as error:
            self._remarks.notes.append(
                line(Said("whether alerts were carried across a restart is not known: {}", error), 400)
            )
            return episodes
        if count := sum(episode.continues is not None for episode in continued):
            self._remarks.notes.append(
                Said("{} alerts were active before Prometheus began anew, and continue after it", count)
            )
        return continued


def rule_groups(api: Api, names: Sequence[str], remarks: Remarks) -> tuple[RuleGroup, ...]:
    """The groups that hold the rules of those names."""
    try:
        data = loaded(api, names, remarks)
    except TooMuch as error:
        raise too_much(api, error, "") from error
    with reading(api.place):
        groups, lost = parse_groups(data, names)
    remarks.warnings += lost
    return groups


def too_much(api: Api, error: TooMuch, selector: str, at: float | None = None) -> TooMuch:
    """The error, with what there is too much of."""
    try:
        vector = api.instant(f"topk({_LISTED}, count by (alertname) (ALERTS{{{selector}}}))", Remarks(), at)
    except Unreachable:
        return error
    most = sorted(
        ((series.points[0][1], dict(series.labels).get("alertname", "")) for series in vector if series.points),
        reverse=True,
    )
    return TooMuch(Said("{}. It holds most of: {}", error, _counts([(name, int(count)) for count, name in most])))


def _most(vector: Sequence[Series]) -> tuple[tuple[str, int], ...]:
    """How many there were of each name at once."""
    most = [
        (dict(series.labels).get("alertname", ""), max(v for _, v in series.points))
        for series in vector
        if series.points
    ]
    return tuple(sorted((name, round(count)) for name, count in most))


def _clocks(skew: float) -> str:
    if skew > 0:
        return Said(
            "our clock is {} s ahead of Prometheus, so the window is another one there: set the clocks (NTP)",
            f"{skew:.0f}",
        )
    return Said(
        "our clock is {} s behind Prometheus, so the window is another one there: set the clocks (NTP)", f"{-skew:.0f}"
    )


def _counts(counts: Sequence[tuple[str, int]]) -> str:
    more = f", … (+{len(counts) - _LISTED})" if len(counts) > _LISTED else ""
    return ", ".join(f"{name} ({count})" for name, count in counts[:_LISTED]) + more if counts else "0"
