"""What a test needs is told by where it lives and by the fixtures that it uses; nobody writes these marks by hand.

``pytest -m "not browser and not server and not slow"`` is what ``make quick`` runs.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import settings

# How long an example takes is measured in a benchmark and asserted nowhere: beside other work it says nothing.
settings.register_profile("project", deadline=None)
settings.load_profile("project")

TESTS = Path(__file__).parent
FIXTURES = {"tools": "server", "lab_tools": "server", "servers": "server", "lint": "slow"}
"""Fixture, asked for by a test or by another fixture -> the mark of that test."""
FOLDERS = {
    "browser": "browser",
    "scenarios": "server",
    "dashboard": "slow",  # whole pages of every story
    "docs": "slow",  # what tutorials tell to type
    "doors": "slow",  # the real server, and clients that take their time
    "faults": "slow",  # processes under strace
    "kept": "slow",  # whole homes
    "packaged": "slow",  # a wheel, built and installed
    "reading": "slow",  # disks that are full
    "shell": "slow",  # a process for every line that is typed
    "soundness": "slow",  # a rehearsed home, attacked
    "stop_table": "slow",  # a process for every press
}
"""Folder of tests -> the mark of those that no fixture marks."""
QUICK = {
    "dashboard/test_pages.py",
    "dashboard/test_words_complete.py",
    "docs/test_named.py",
    "docs/test_reference.py",
    "shell/test_help.py",
}
"""Files in folders of slow tests that are quick, and guard what is easily forgotten."""
SLOW = {
    "adapters/test_alertmanager.py": ("test_creating_never_waits_longer_than_its_time_outs",),
    "adapters/test_alertmanager_kin.py": (
        "test_a_busy_server_is_asked_again",
        "test_one_that_stays_busy_is_said_to_be_so",
        "test_what_lies_beyond_what_is_looked_at_is_not_taken_for_nothing",
    ),
    "adapters/test_failures.py": ("test_a_slow_answer_through_a_proxy_is_bounded_too",),
    "adapters/test_http.py": (
        "test_a_slow_server_holds_us_for_twice_the_read_time_out_at_most",
        "test_every_wrong_answer_is_one_sentence_that_names_the_server",
    ),
    "adapters/test_picture.py": (),
    "adapters/test_prometheus.py": (
        "test_a_dripping_answer_does_not_hold_the_library_either",
        "test_every_call_turns_every_wrong_answer_into_unreachable",
    ),
    "adapters/test_scheduler.py": ("test_a_wrong_answer_is_unknown_and_says_why",),
    "app/test_crowd.py": (),
    "app/test_deliver.py": (
        "test_a_deliverer_killed_at_any_moment_is_finished_by_the_next",
        "test_two_deliverers_at_once_do_it_once",
    ),
    "app/test_directory.py": ("test_whom_processes_added_at_once_have_name_and_uid",),
    "app/test_keys.py": (
        "test_an_escrow_opens_with_its_passphrase_alone",
        "test_every_changed_byte_of_an_escrow_is_found",
    ),
    "app/test_publish.py": (
        "test_a_reader_never_sees_a_checkpoint_ahead_of_the_lines",
        "test_killed_in_the_middle_of_publishing_it_is_repaired",
    ),
    "app/test_resuming.py": (
        "test_a_part_that_is_missing_is_named_and_made",
        "test_doctor_and_whoever_acts_name_the_command_that_finishes_it",
    ),
    "app/test_resuming_commands.py": (),
    "app/test_snapshots.py": ("test_one_with_any_byte_changed_is_dropped",),
    "app/test_watches.py": (
        "test_a_scheduler_that_hangs_does_not_keep_a_removed_file_from_being_noticed",
        "test_a_server_that_lives_on_gets_ready_to_draw_in_its_own_home",
    ),
    "app/test_witness.py": ("test_looking_at_it_changes_nothing_and_says_so",),
    "dashboard/test_words_complete.py": (
        "test_a_page_in_polish_shows_no_english_text",
        "test_it_has_every_sentence_of_the_ledger_and_nothing_else",
    ),
    "decision_log/test_decision_original.py": (),
    "decision_log/test_decision_verify.py": ("test_memory_stays_bounded_whatever_the_log",),
    "deploy/test_examples.py": ("test_it_stops_for_the_stop_and_says_so",),
    "domain/test_machine.py": (),
    "lab/test_lab_strategies.py": (),
    "shell/test_help.py": ("test_every_script_has_an_example",),
    "store/test_accounts.py": (),
    "store/test_broken_files.py": ("test_a_foreign_lock_is_unreachable",),
    "store/test_contract_fails.py": ("test_a_broken_store_is_found_out_where",),
    "store/test_sqlite_contract.py": (),
    "test_messages.py": ("test_the_real_ones_are_whole",),
    "verify/test_attacks.py": ("test_every_byte_of_a_line_counts", "test_checkpoint_with_a_flipped_byte"),
    "verify/test_hostile.py": (),
    "verify/test_order.py": ("test_any_two_lines_swapped_are_one_finding_that_names_both",),
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


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Do not even import a folder whose mark the run leaves out: a third of a quick run went into that."""
    if not collection_path.is_dir() or not collection_path.is_relative_to(TESTS):
        return None
    folder = collection_path.relative_to(TESTS).as_posix()
    left_out = f"not {FOLDERS.get(folder)}" in str(config.getoption("markexpr")).split(" and ")
    return (left_out and not any(name.startswith(f"{folder}/") for name in QUICK)) or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Give every test its marks."""
    for item in items:
        test = getattr(item, "originalname", None) or item.name
        for mark in marks_of(item.path, test, getattr(item, "fixturenames", ())):
            item.add_marker(mark)


@pytest.fixture(autouse=True)
def _no_secrets_of_another_test(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process knows to be a secret is taken out of every text; a test's password is a word of the next one's."""
    monkeypatch.setattr("ledger.masking._known", ())
