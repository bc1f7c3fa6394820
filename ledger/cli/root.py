"""``stage4``: its groups and commands."""

from __future__ import annotations

import click

from ledger.cli import duties as _duties  # noqa: F401 (adds its commands to ``rollback``)
from ledger.cli.artefacts import artefact
from ledger.cli.completion import completion
from ledger.cli.home import config, doctor, export, log, observe, status, verify
from ledger.cli.init import init
from ledger.cli.keys import keys
from ledger.cli.lab import lab, rehearse
from ledger.cli.people import people
from ledger.cli.rollback import rollback
from ledger.cli.serve import demo, serve
from ledger.cli.silences import silences
from ledger.cli.stop import stop
from ledger.cli.workflow import workflow


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--home", metavar="DIR", help="The installation's folder (STAGE4_HOME; default: this folder).")
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.option("--as", "acting_as", metavar="PERSON", help="Act as one of the lab's people (lab homes only).")
@click.option("--stage", metavar="NAME", help="Another ledger of the home, e.g. stage4-access (STAGE4_LEDGER).")
@click.version_option(package_name="stage4-ledger")
def stage4(home: str | None, as_json: bool, acting_as: str | None, stage: str | None) -> None:
    """Run the Stage4 rollback runbook on a ledger that proves itself.

    \b
    Try it here, on real servers that only listen on this machine:
      stage4 rehearse --watch 20s --home /tmp/rehearsal
      stage4 demo                         the same with the dashboard, in a browser
      stage4 lab                          keep them up; then, in another terminal:
      stage4 rollback open --ticket INC-2042 --reason "latency"
      stage4 status
    \b
    A real installation:
      stage4 init --home /srv/stage4 --name "Ola" --role incident_manager
      stage4 doctor --home /srv/stage4
      stage4 serve --home /srv/stage4
    \b
    Prove it:
      stage4 verify audit/decision_logs/stage4.jsonl \\
        --checkpoint audit/decision_logs/stage4.checkpoint --public-key VKEY
    \b
    Exit status: 0 done, 1 refused or not verified, 2 usage, 3 unreachable or unreadable.
    """


for command in (
    init,
    status,
    log,
    export,
    verify,
    observe,
    doctor,
    silences,
    config,
    keys,
    people,
    artefact,
    lab,
    rehearse,
    demo,
    serve,
    rollback,
    stop,
    workflow,
    completion,
):
    stage4.add_command(command)
