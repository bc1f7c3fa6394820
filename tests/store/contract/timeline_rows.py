"""Rows of a timeline and filters over them, by hand and at random; what a filter lets through, in plain Python."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from ledger.store.values import Filter, Row, Word

TIMES = [f"2026-11-23T05:0{minute}:00.000000+00:00" for minute in range(4)]
TEXTS = (
    *("Latency is CRITICAL", '100% of it\'s "gone"', "_ is no wildcard", "próba łącza", "back\\slash"),
    "[a-z] * ? ^]",
)
_choice = st.sampled_from
_COLUMNS = (
    TIMES,
    ("noted", "stopped"),
    ("runbook_event", "raw"),
    ("", "INC-1", "INC-2"),
    (None, 0, 4),
    ("p-1", "p-2"),
    ("", "pass", "fail"),
    (None, 1),
    TEXTS,
    (0, 1, 2),
)
ROWS = st.lists(st.tuples(*map(_choice, _COLUMNS)), max_size=12)
WORDS = (
    (),
    (Word("critical"),),
    (Word("%"), Word("it's")),
    (Word("_"),),
    (Word("[a-z]"), Word("*"), Word("?"), Word("^]")),
    (Word("[is]"),),
    (Word("c?itical"),),
    (Word("\\"),),
    (Word("łącza", ("p-2",)),),
    (Word("no such word", ("p-1", "p-2")), Word("is")),
)
FILTERS = st.builds(
    Filter,
    rollback=_choice(("", "INC-1", "INC-3")),
    step=_choice((None, 0, 4)),
    person=_choice(("", "p-1")),
    statuses=_choice(((), ("noted",), ("noted", "stopped"))),
    kind=_choice(("", "raw")),
    verdict=_choice(("", "fail")),
    since=_choice(("", TIMES[1], TIMES[3])),
    until=_choice(("", TIMES[0], TIMES[2])),
    after=_choice((0, 2)),
    before=_choice((0, 5)),
    stage=_choice((False, True)),
    words=_choice(WORDS),
    without=_choice(((), ("stopped",), ("noted", "no such"))),
)
SIX: list[tuple[Any, ...]] = [
    # at, status, kind, rollback, step, actor, verdict, corrects, text, entries back to the leader
    (TIMES[0], "noted", "raw", "", None, "p-1", "", None, TEXTS[0], 0),
    (TIMES[2], "opened", "runbook_event", "INC-1", None, "p-1", "", None, TEXTS[1], 0),
    (TIMES[1], "checked", "runbook_event", "INC-1", 0, "p-2", "pass", None, TEXTS[2], 1),
    (TIMES[2], "opened", "runbook_event", "INC-2", None, "p-2", "", None, TEXTS[3], 0),
    (TIMES[3], "checked", "runbook_event", "INC-1", 4, "p-1", "fail", 3, TEXTS[4], 2),
    (TIMES[3], "noted", "raw", "", None, "p-3", "", 3, TEXTS[0], 0),
]
CHOSEN: dict[str, tuple[Filter, list[int]]] = {
    "all": (Filter(), [1, 2, 3, 4, 5, 6]),
    "rollback": (Filter(rollback="INC-1"), [2, 3, 5]),
    "no such rollback": (Filter(rollback="INC-"), []),
    "step": (Filter(step=4), [5]),
    "step zero": (Filter(step=0), [3]),
    "person": (Filter(person="p-2"), [3, 4]),
    "one status": (Filter(statuses=("opened",)), [2, 4]),
    "some statuses": (Filter(statuses=("opened", "checked", "no such")), [2, 3, 4, 5]),
    "kind": (Filter(kind="raw"), [1, 6]),
    "verdict": (Filter(verdict="fail"), [5]),
    "since, where a clock went back": (Filter(since=TIMES[2]), [2, 4, 5, 6]),
    "until, where a clock went back": (Filter(until=TIMES[2]), [1, 3]),
    "since and until": (Filter(since=TIMES[1], until=TIMES[2]), [3]),
    "a word": (Filter(words=(Word("critical"),)), [1, 6]),
    "two words": (Filter(words=(Word("critical"), Word("is"))), [1, 6]),
    "a word or a name": (Filter(words=(Word("łącza", ("p-3",)),)), [4, 6]),
    "a word of another entry": (Filter(words=(Word("critical"), Word("łącza"))), []),
    "a percent sign": (Filter(words=(Word("%"),)), [2]),
    "an underscore": (Filter(words=(Word("_"),)), [3]),
    "a backslash": (Filter(words=(Word("\\"),)), [5]),
    "a quote": (Filter(words=(Word("it's"),)), [2]),
    "after": (Filter(after=4), [5, 6]),
    "before": (Filter(before=3), [1, 2]),
    "the ledger itself": (Filter(stage=True), [1, 6]),
    "the ledger itself, between two": (Filter(stage=True, after=1, before=6), []),
    "without a status": (Filter(without=("opened", "no such")), [1, 3, 5, 6]),
    "all at once": (Filter("INC-1", 4, "p-1", ("checked",), "runbook_event", "fail", TIMES[3], "3", (), 4, 6), [5]),
}


def rows_of(drawn: list[tuple[Any, ...]]) -> list[tuple[Row, str]]:
    rows: list[tuple[Row, str]] = []
    latest = ""
    for sequence, (at, status, kind, rollback, step, actor, verdict, corrects, text, back) in enumerate(drawn, 1):
        latest = max(latest, at)  # a clock goes back, a timestamp never does
        leader = rows[-back][0].leader if 0 < back < sequence else sequence
        row = Row(
            sequence, latest, status, kind, rollback, step, actor, "noc", verdict, corrects, text, at, "press", leader
        )
        rows.append((row, text.lower()))
    return rows


def passes(row: Row, text: str, chosen: Filter) -> bool:
    return (
        chosen.rollback in ("", row.rollback)
        and chosen.step in (None, row.step)
        and chosen.person in ("", row.actor)
        and (not chosen.statuses or row.status in chosen.statuses)
        and chosen.kind in ("", row.kind)
        and chosen.verdict in ("", row.verdict)
        and row.at >= chosen.since
        and (not chosen.until or row.at < chosen.until)
        and row.sequence > chosen.after
        and (not chosen.before or row.sequence < chosen.before)
        and (not chosen.stage or not row.rollback)
        and row.status not in chosen.without
        and all(word.text in text or row.actor in word.actors for word in chosen.words)
    )
