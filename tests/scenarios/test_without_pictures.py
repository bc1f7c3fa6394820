"""A verdict waits for no picture: neither for what draws it nor for the dashboard that says what is on it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ledger.app.press import Press
from ledger.app.steps import closing, duties
from ledger.app.steps.common import Outcome
from ledger.errors import Refused
from ledger.lab.scenarios import Stage
from web.sentences import translate

from .walk import REAL_SERVERS, finish, newest, through_step_2

pytestmark = REAL_SERVERS
OWED = "missing: pictures of the Stage4 dashboard: stage4 rollback attach FILE --step 4 --rollback INC-2042"


def test_the_watch_is_judged_without_pictures_and_closing_asks_for_one(
    on: Stage, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    rollback = through_step_2(on, "INC-2042")
    on.stopped(rollback)
    noc, manager = on.person("noc"), on.person("incident_manager")
    for name in ("matplotlib", *[one for one in sys.modules if one.startswith("matplotlib.")]):
        monkeypatch.setitem(sys.modules, name, None)
    with monkeypatch.context() as gone:
        gone.setattr("ledger.app.steps.pictures.DASHBOARD", tmp_path / "gone.json")
        page = judged(on, on.watch(rollback, noc))
        assert page["panels"] == [] and "cannot read" in page["picture_missing"]
    page = judged(on, on.watch(rollback, noc))
    assert page["picture_missing"].startswith("matplotlib is not installed")
    assert len(page["panels"]) == 8 and not any(panel["error"] for panel in page["panels"]), "they were asked for"
    on.ended(rollback)
    on.restored(rollback)
    with pytest.raises(Refused) as refused:
        closing.complete(on.installation, Press(manager), on.now(rollback))
    assert refused.value.owed == (OWED,)
    assert translate(OWED, "pl").startswith("brakuje: zrzuty dashboardu Stage4: stage4 rollback attach")
    duties.attach_bytes(on.installation, Press(noc), on.now(rollback), "grafana.PNG", b"\x89PNG", 4, "taken in Grafana")
    attached = on.installation.state.sequence
    on.closed(rollback)
    assert f"pictures of the Stage4 dashboard: entry {attached}" in newest(on, "rollback_completed").checklist
    finish(on)


def judged(on: Stage, outcome: Outcome) -> dict[str, Any]:
    """The report of a watch that passed, and whose entry and log say that there is no picture."""
    assert outcome.verdict == "pass", outcome
    event = newest(on, "watch_finished")
    assert (event.picture_sha384, event.picture_source) == ("", "")
    page: dict[str, Any] = json.loads(on.installation.artefacts.get(event.report_sha384))
    assert f"picture   missing: {page['picture_missing']}\n" in outcome.log
    return page
