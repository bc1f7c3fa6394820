"""What comes next goes by what is seen: where the override stops nothing any more, the stop stands first, and works."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.app.installation import Installation
from ledger.app.reading.status import owing, status_json
from ledger.cli.root import stage4
from ledger.domain.closed import Closed
from ledger.domain.closing.commands import Abort

from .builders import INC, tell


def following(installation: Installation) -> list[str]:
    """What status says comes next."""
    (page,) = status_json(installation)["rollbacks"]
    return page["next"]


def typed(installation: Installation, line: str, *, by: str = "lab-l2-ops") -> int:
    """The exit status of a line of it, typed as it is printed; a reason in place of the dots."""
    command = line.partition("stage4 ")[2].partition("  (")[0].replace("…", "seen")
    done = CliRunner().invoke(stage4, ["--home", str(installation.home.root), "--as", by, *shlex.split(command)])
    return done.exit_code


def test_while_the_override_stands_no_second_stop_is_asked_for(stopped: Installation) -> None:
    assert not any("stage4 stop" in line for line in following(stopped))


def test_once_the_file_is_gone_the_stop_comes_first_and_the_adoption_after_it(
    stopped: Installation, path: Path
) -> None:
    path.unlink()
    stop, adopt, *_ = following(stopped)
    assert stop.startswith(f"anybody: stage4 stop --ticket {INC}  ")
    assert adopt.startswith(f"l2_ops: once the incident has ended: stage4 rollback adopt {INC}")
    assert typed(stopped, stop) == 0
    assert path.exists()


def test_the_adoption_that_is_printed_works_when_step_5_is_due(stopped: Installation, path: Path) -> None:
    tell(stopped, "incident_manager", Abort(reason="a mistake"))
    path.unlink()
    stop, adopt, *_ = following(stopped)
    assert stop.startswith("anybody: stage4 stop")
    assert adopt.startswith(f"l2_ops: stage4 rollback adopt {INC} --reason …")
    assert typed(stopped, adopt) == 0
    assert stopped.rollback(INC).override.removed_at


@pytest.mark.parametrize("spoil", [lambda path: path.chmod(0o644), lambda path: path.write_text("{}")])
def test_an_override_that_stops_nothing_any_more_is_stopped_again_and_not_adopted(
    stopped: Installation, path: Path, spoil
) -> None:
    spoil(path)
    first, *rest = following(stopped)
    assert "stage4 stop" in first
    assert not any("adopt" in line for line in rest)
    assert typed(stopped, first) == 0


def test_what_a_closed_rollback_owes_stays_in_status_and_in_the_list(stopped: Installation, path: Path) -> None:
    closed = stopped.rollback(INC)._replace(phase="completed")  # the stop was a deviation that nobody reviewed
    state = stopped.state._replace(
        open={}, closed=Closed({INC: closed, "INC-1": closed._replace(id="INC-1", deviations=())})
    )
    assert [one.id for one in owing(state)] == [INC, "INC-1"]
    confirmed = closed._replace(id="INC-1", deviations=(), confirmed_by="lab-product-owner")
    assert [one.id for one in owing(state._replace(closed=Closed({INC: closed, "INC-1": confirmed})))] == [INC]
