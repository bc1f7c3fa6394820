"""The setup list itself: what is to be done, why, and the lines that do it. Page and terminal are made from it."""

from __future__ import annotations

from typing import Final, NamedTuple

from ledger.app.words import mark


class Item(NamedTuple):
    """One thing to set up."""

    name: str
    """In addresses and in JSON."""
    title: str
    why: str
    lines: str
    """What to put into ``stage4.toml`` or to type, as ``place`` says."""
    place: str = "terminal"
    """``stage4.toml`` or ``terminal``."""
    kept: bool = True
    """Whether what was seen of it outlives a restart: else a server cannot know it by itself."""


ITEMS: Final = (
    Item(
        "scheduler",
        mark("Connect the scheduler"),
        mark(
            "Its own status page shows whether a stop was obeyed. It reads the override from its own file system: the "
            "folder below has to be there, on its machine."
        ),
        '[scheduler]\nurl = "https://scheduler.example/status"',
        "stage4.toml",
    ),
    Item(
        "prometheus",
        mark("Connect Prometheus"),
        mark("The watch of step 4 is judged by its alert rules and its history."),
        '[prometheus]\nurl = "https://prometheus.example"',
        "stage4.toml",
    ),
    Item(
        "alertmanager",
        mark("Connect Alertmanager"),
        mark("Step 2 mutes alerts there: those that have the labels of this installation, and no others."),
        '[alertmanager]\nurl = "https://alertmanager-1.example,https://alertmanager-2.example"\n\n'
        '[silence.labels]\nenv = "production"',
        "stage4.toml",
    ),
    Item(
        "people",
        mark("Name people for every role"),
        mark("Who opens a rollback does not confirm it: it takes at least two people."),
        'stage4 people add "NAME" --role {role} --login LOGIN --generate',
    ),
    Item(
        "stop",
        mark("Test the stop"),
        mark(
            "Only a scheduler that was seen to obey shows that the override lies where it reads. An Incident Manager "
            "opens a window and a product owner, another person, confirms it; who is both L2 Ops and Incident Manager "
            "runs the test. Trading stops meanwhile, for as long as the scheduler takes to obey and to run again."
        ),
        'stage4 rollback open --purpose drill --ticket DRILL-1 --reason "test of the stop" --window 30m\n'
        "stage4 rollback confirm DRILL-1\n"
        "stage4 doctor --drill",
    ),
    Item(
        "drill",
        mark("Hold the first drill"),
        mark(
            "A drill takes every step of the runbook, with the people who will take it at night. Its page says whose "
            "turn it is."
        ),
        'stage4 rollback open --purpose drill --ticket DRILL-2 --reason "first drill" --window 2h\n'
        "stage4 rollback show DRILL-2",
    ),
    Item(
        "witness",
        mark("Keep a head elsewhere"),
        mark(
            "Who holds this ledger's keys could write all of it anew. A checkpoint that is kept on another machine "
            "would show that. No witness signs this ledger by itself: somebody keeps a checkpoint, and brings it back "
            "to be compared."
        ),
        "cp audit/decision_logs/stage4.checkpoint /media/elsewhere/kept.checkpoint\n"
        "stage4 setup --head /media/elsewhere/kept.checkpoint",
        kept=False,
    ),
)
SERVERS: Final = ("scheduler", "prometheus", "alertmanager")
"""The items that are settings of a server, by the name of its table."""
