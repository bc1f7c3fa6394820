"""Which mark a test gets, and that the tables of tests/conftest.py name what there is."""

from __future__ import annotations

import ast

import pytest

from tests.conftest import FOLDERS, QUICK, SLOW, TESTS, marks_of


@pytest.mark.parametrize(
    ("name", "test", "fixtures", "marks"),
    [
        ("browser/test_live.py", "test_it", (), {"browser"}),
        ("scenarios/test_killed.py", "test_it", ("on",), {"server"}),
        ("shell/test_paper.py", "test_it", ("lab", "servers"), {"server"}),
        ("shell/test_stop.py", "test_it", ("tmp_path",), {"slow"}),
        ("shell/test_help.py", "test_it", (), set()),
        ("adapters/test_prometheus.py", "test_it", ("tools", "prometheus"), {"server"}),
        ("verify/test_attacks.py", "test_every_byte_of_a_line_counts", (), {"slow"}),
        ("verify/test_attacks.py", "test_another", (), set()),
        ("verify/test_random.py", "test_any", (), {"slow"}),
        ("test_layers.py", "test_it", (), set()),
    ],
)
def test_folder_file_and_fixtures_decide(name: str, test: str, fixtures: tuple[str, ...], marks: set[str]) -> None:
    assert marks_of(TESTS / name, test, fixtures) == marks


def test_the_tables_name_folders_files_and_tests_that_are_there() -> None:
    assert all((TESTS / folder).is_dir() for folder in FOLDERS)
    assert all((TESTS / name).is_file() for name in QUICK)
    for name, tests in SLOW.items():
        tree = ast.parse((TESTS / name).read_text("utf-8"))
        assert set(tests) <= {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}, name
