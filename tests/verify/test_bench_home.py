"""The ledger that the benches measure holds: a server on one that does not only looks for what is wrong with it."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner

from bench.big_home import build
from ledger.app.home.setup import STARTER
from ledger.cli.root import stage4


def test_a_home_of_the_benches_verifies_as_a_whole(tmp_path: Path) -> None:
    build(tmp_path / "home", 100, STARTER).ledger.log.close()
    done = CliRunner().invoke(stage4, ["--home", str(tmp_path / "home"), "verify"])
    assert done.exit_code == 0, done.output
