"""Sixteen processes write into one home at once; nobody gives up, nothing is lost, nothing forks."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import NamedTuple

import pytest

from ledger.app.home.folders import Home
from ledger.app.installation import opened
from ledger.app.press import Press
from ledger.app.record.view import empty_view, fold
from ledger.domain.keeping.commands import AddNote
from ledger.errors import Conflict
from ledger.proof.checkpoint import open_checkpoint
from ledger.proof.entry import GENESIS, check_signatures, link, parse_entry
from ledger.proof.merkle import Tree, leaf_hash

from .builders import INC, actor, ask, assert_published, end, lines_of, opening, same, start, stored

PROCESSES = 16
EACH = 20


class Crowd(NamedTuple):
    home: Home
    before: int
    outputs: list[tuple[int, str, str]]

    @property
    def receipts(self) -> list[list[list[object]]]:
        return [json.loads(out.splitlines()[-1]) for _, out, _ in self.outputs]


@pytest.fixture(scope="module")
def crowd(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Crowd:
    root = Path(shutil.copytree(template, tmp_path_factory.mktemp("crowd") / "home"))
    with opened(root) as installation:
        installation.ledger.submit(ask(installation, "incident_manager", opening(installation)))
        before = installation.ledger.view().size
    workers = [start("append", root, INC, f"p{n}", EACH, "fresh" if n % 4 == 0 else "kept") for n in range(PROCESSES)]
    try:
        for worker in workers:
            assert worker.stdout is not None
            assert worker.stdin is not None
            assert worker.stdout.readline() == "ready\n", worker.stderr and worker.stderr.read()
        for worker in workers:
            assert worker.stdin is not None
            worker.stdin.write("go\n")
            worker.stdin.flush()
        outputs = []
        for worker in workers:
            out, complaints = worker.communicate(timeout=60)
            outputs.append((worker.returncode, out, complaints))
    finally:
        for worker in workers:
            end(worker)
    return Crowd(Home(root), before, outputs)


def test_all_of_them_succeed_and_none_sees_an_error(crowd: Crowd) -> None:
    assert [(status, complaints) for status, _, complaints in crowd.outputs] == [(0, "")] * PROCESSES


def test_every_note_is_there_once_and_no_sequence_is_missing(crowd: Crowd) -> None:
    sequences = sorted(receipt[2] for receipts in crowd.receipts for receipt in receipts)
    assert sequences == list(range(crowd.before + 1, crowd.before + PROCESSES * EACH + 1))
    assert [row[2] for row in stored(crowd.home)[0]] == list(range(1, sequences[-1] + 1))


def test_every_receipt_names_the_entry_of_its_request(crowd: Crowd) -> None:
    lines = lines_of(crowd.home)
    rows = {row[0]: list(row) for row in stored(crowd.home)[2]}
    for receipts in crowd.receipts:
        assert [receipt[0] for receipt in receipts] == [f"{receipts[0][0].split('-')[0]}-{n}" for n in range(EACH)]
        for receipt in receipts:
            entry = parse_entry(lines[receipt[2] - 1])
            assert receipt[2] == receipt[3]
            assert entry.metadata["request_id"] == receipt[0]
            assert entry.metadata["text"] == f"note {receipt[0]}"
            assert rows[receipt[0]] == receipt


def test_each_process_sees_its_own_entries_in_its_own_order(crowd: Crowd) -> None:
    for receipts in crowd.receipts:
        sequences = [receipt[2] for receipt in receipts]
        assert sequences == sorted(sequences)


def test_the_chain_is_whole_and_every_entry_signed(crowd: Crowd) -> None:
    with opened(crowd.home.root) as installation:
        key, origin = installation.ledger._key, installation.ledger.origin
        previous = GENESIS
        for line in lines_of(crowd.home):
            entry = parse_entry(line)
            assert entry.previous == previous
            check_signatures(entry, key, origin)
            previous = link(line)
        assert same(fold(empty_view(), lines_of(crowd.home)), installation.ledger.view())


def test_every_checkpoint_is_the_root_of_its_prefix(crowd: Crowd) -> None:
    lines, checkpoints = lines_of(crowd.home), stored(crowd.home)[1]
    with opened(crowd.home.root) as installation:
        verifier = installation.ledger.verifier
    roots, tree = {}, Tree()
    for line in lines:
        tree.append(leaf_hash(line))
        roots[tree.size] = tree.root()
    for size, note in checkpoints:
        signed = open_checkpoint(bytes(note), verifier)
        assert (signed.size, signed.root) == (size, roots[size])
    assert len(checkpoints) >= PROCESSES * EACH
    assert checkpoints[-1][0] == len(lines)


def test_the_published_files_are_the_store_byte_for_byte(crowd: Crowd) -> None:
    assert_published(crowd.home)


def test_nothing_is_left_lying_about(crowd: Crowd) -> None:
    assert list(crowd.home.root.rglob("*.tmp")) == []


def test_a_request_sent_again_afterwards_gets_its_first_receipt(crowd: Crowd) -> None:
    receipt = crowd.receipts[3][7]
    with opened(crowd.home.root) as installation:
        command = AddNote(text=f"note {receipt[0]}")
        again = installation.submit(command, Press(actor("l2_ops"), str(receipt[0])), INC)
        assert list(again) == receipt
        with pytest.raises(Conflict):
            installation.submit(AddNote(text="another"), Press(actor("l2_ops"), str(receipt[0])), INC)
        assert installation.ledger.view().size == len(lines_of(crowd.home)) == crowd.before + PROCESSES * EACH
