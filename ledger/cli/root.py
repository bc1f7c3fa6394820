"""``stage4``: its groups and commands."""

from __future__ import annotations

import click

from ledger.cli.lazy import LazyGroup, Row

COMMANDS: dict[str, Row] = {
    "announce": Row(
        "ledger.cli.telling:announce",
        "The channel by which people are told of what happens (announce.url, announce.command).",
    ),
    "artefact": Row(
        "ledger.cli.artefacts:artefact",
        "Pieces of evidence by their digest; long free text can be erased by two people.",
    ),
    "completion": Row(
        "ledger.cli.completion:completion",
        "Print the script with which a shell completes the commands and options of stage4.",
    ),
    "connections": Row(
        "ledger.cli.telling:connections",
        "Who elsewhere is told: what waits at each connection since when and why, and which head it took last.",
    ),
    "config": Row("ledger.cli.home:config", "Look at the configuration."),
    "demo": Row(
        "ledger.cli.serve:demo",
        "The lab and the dashboard, with a rollback ready to be run, until Ctrl-C.",
    ),
    "doctor": Row(
        "ledger.cli.home:doctor",
        "Keys, modes, clocks, servers, disk, versions: what is wrong and what to do.",
    ),
    "export": Row(
        "ledger.cli.export:export",
        "Write the signed lines, the checkpoint that covers exactly these lines, and the verifier key.",
    ),
    "init": Row(
        "ledger.cli.init:init",
        "Make a home: keys (mode 600), configuration, the ledger's first entry.",
    ),
    "keys": Row("ledger.cli.keys:keys", "The two secrets of a ledger."),
    "lab": Row(
        "ledger.cli.lab:lab",
        "Keep Prometheus, Alertmanager and a reference scheduler up, with an observer, until Ctrl-C.",
    ),
    "log": Row("ledger.cli.status:log", "The timeline, oldest first."),
    "observe": Row(
        "ledger.cli.observe:observe",
        "Watch the outside until Ctrl-C: record what changes, warn, finish what a crash left pending.",
    ),
    "oncall": Row(
        "ledger.cli.oncall:oncall",
        "Who is on duty for each role, by the schedules in [oncall].",
    ),
    "people": Row(
        "ledger.cli.people:people",
        "Roles are entries of the ledger; names stay in a directory outside it.",
    ),
    "rehearse": Row(
        "ledger.cli.lab:rehearse",
        "Rehearse a whole rollback on real servers, and verify the ledger that it left.",
    ),
    "rollback": Row(
        "ledger.cli.rollback:rollback",
        "Run the runbook: open, confirm, disable, silence, check, watch, end-incident, restore, complete.",
    ),
    "serve": Row(
        "ledger.cli.serve:serve",
        "Serve the dashboard, with the observer inside, until Ctrl-C.",
    ),
    "setup": Row(
        "ledger.cli.setup:setup",
        "What is to be set up before the first night, each with what is seen of it now.",
    ),
    "status": Row(
        "ledger.cli.status:status",
        "The truth now: declared, commanded, observed, each with its age; and the open rollbacks.",
    ),
    "silences": Row(
        "ledger.cli.silences:silences",
        "Who mutes Stage4 alerts until when: every silence that mutes them or can, at every member of Alertmanager.",
    ),
    "stop": Row(
        "ledger.cli.stop:stop",
        "Stop the scheduler now: opens the rollback, declares the emergency, writes the override.",
    ),
    "verify": Row(
        "ledger.cli.verifying:verify",
        "Verify a log offline, by the keys and heads that you give and nothing else.",
    ),
    "workflow": Row(
        "ledger.cli.workflow:workflow",
        "Run the shipped GitHub workflow's steps: check the rules, create or end a rollback's silence.",
    ),
}
"""Where each command is, and the line of ``stage4 --help``: nobody imports what only another command needs.

A test holds every line against the command itself.
"""


@click.group(cls=LazyGroup, rows=COMMANDS, context_settings={"help_option_names": ["-h", "--help"]})
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
      stage4 setup --home /srv/stage4     what is left to do, with the lines to type
      stage4 doctor --home /srv/stage4
      stage4 serve --home /srv/stage4
    \b
    Prove it:
      stage4 verify audit/decision_logs/stage4.jsonl \\
        --checkpoint audit/decision_logs/stage4.checkpoint --public-key VKEY
    \b
    Exit status: 0 done, 1 refused or not verified, 2 usage, 3 unreachable, unreadable or not permitted,
    4 proved but incomplete.
    """
