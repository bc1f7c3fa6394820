"""What a test needs is told by where it lives and by the fixtures that it uses; nobody writes these marks by hand.

``pytest -m "not browser and not server and not slow"`` is what ``make quick`` runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
FIXTURES = {"tools": "server", "lab_tools": "server", "servers": "server", "lint": "slow"}
"""Fixture, asked for by a test or by another fixture -> the mark of that test."""
FOLDERS = {
    "browser": "browser",
    "scenarios": "server",
    "dashboard": "slow",  # whole pages of every story
    "faults": "slow",  # processes under strace
    "reading": "slow",  # disks that are full
    "shell": "slow",  # a process for every line that is typed
    "soundness": "slow",  # a rehearsed home, attacked
    "stop_table": "slow",  # a process for every press
}
"""Folder of tests -> the mark of those that no fixture marks."""
QUICK = {
    "dashboard/test_pages.py",
    "dashboard/test_words_complete.py",
    "shell/test_help.py",
}
"""Files in folders of slow tests that are quick, and guard what is easily forgotten."""
SLOW = {
    "adapters/test_picture.py": (),
    "app/test_crowd.py": (),
    "app/test_deliver.py": ("test_two_deliverers_at_once_do_it_once",),
    "app/test_directory.py": ("test_whom_processes_added_at_once_have_name_and_uid",),
    "app/test_keys.py": ("test_an_escrow_opens_with_its_passphrase_alone",),
    "app/test_publish.py": (
        "test_a_reader_never_sees_a_checkpoint_ahead_of_the_lines",
        "test_killed_in_the_middle_of_publishing_it_is_repaired",
    ),
    "app/test_resuming_commands.py": (),
    "app/test_watches.py": (
        "test_a_scheduler_that_hangs_does_not_keep_a_removed_file_from_being_noticed",
        "test_a_server_that_lives_on_gets_ready_to_draw_in_its_own_home",
    ),
    "decision_log/test_decision_original.py": (),
    "decision_log/test_decision_verify.py": ("test_memory_stays_bounded_whatever_the_log",),
    "domain/test_machine.py": (),
    "lab/test_lab_strategies.py": (),
    "store/test_accounts.py": (),
    "store/test_timeline.py": (),
    "verify/test_attacks.py": ("test_every_byte_of_a_line_counts", "test_checkpoint_with_a_flipped_byte"),
    "verify/test_hostile.py": (),
    "verify/test_quick.py": (),
    "verify/test_random.py": (),
}
"""Elsewhere: file -> its tests that took a second or more when last measured; without names, all of it."""


def marks_of(path: Path, test: str, fixtures: Iterable[str]) -> set[str]:
    """The marks of the function ``test`` in the file ``path``; ``fixtures`` are all those that it comes to use."""
    name = path.relative_to(TESTS).as_posix()
    by_fixture = {FIXTURES[one] for one in fixtures if one in FIXTURES}
    by_folder = FOLDERS.get(name.partition("/")[0], "")
    if by_folder and not by_fixture and name not in QUICK:
        return {by_folder}
    named = SLOW.get(name)
    return by_fixture | ({"slow"} if named is not None and (not named or test in named) else set())


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its marks."""
    for item in items:
        test = getattr(item, "originalname", None) or item.name
        for mark in marks_of(item.path, test, getattr(item, "fixturenames", ())):
            item.add_marker(mark)
