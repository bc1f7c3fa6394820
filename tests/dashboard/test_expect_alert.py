"""Two people let step 4 pass over an alert: one at the terminal, one in the browser."""

from __future__ import annotations

import re
import secrets

from click.testing import CliRunner

from ledger.app.installation import Installation
from ledger.app.press import Press
from ledger.app.steps import opening, stopping
from ledger.cli.root import stage4

from .conftest import person

ALERT = "MultiStrategyPnlDrawdown"


def test_the_second_person_is_asked_on_the_page_and_agrees(browser, installation: Installation) -> None:
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-1", reason="r")
    opening.confirm(installation, Press(person("product_owner")), installation.rollback("INC-1"))
    stopping.disable(installation, Press(person("l2_ops")), installation.rollback("INC-1"), requested_by="L2")
    line = ("rollback", "expect-alert", "INC-1", ALERT, "--reason", "closed by hand", "--as", "lab-noc")
    done = CliRunner().invoke(stage4, ["--home", str(installation.home.root), *line])
    assert done.exit_code == 0, done.output

    client = browser("incident_manager")
    text = client.get("/rollbacks/INC-1").text
    form = re.search(r'<form id="act-expect-alert.*?</form>', text, re.DOTALL)
    assert form is not None and f'value="{ALERT}"' in form[0] and "Iga Bąk" in form[0]
    values = {"alert": ALERT, "reason": "seen too", "request_id": secrets.token_hex(16)}
    assert client.post("/rollbacks/INC-1/expect-alert", data=values).status_code == 303
    found = installation.rollback("INC-1")
    assert found.expected == (ALERT,)
    assert "MultiStrategyPnlDrawdown" in client.get("/rollbacks/INC-1/review").text
