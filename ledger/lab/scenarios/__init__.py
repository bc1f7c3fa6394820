"""The rehearsed nights: ``stage4 rehearse --scenario NAME``."""

from ledger.lab.scenarios import alertmanager_down, load_test, maintenance, night, paper, two_tickets
from ledger.lab.scenarios.frame import Expectation, Scenario, Stage, perform, stage

_ALL = (
    Scenario("night", "03:14, two people, the product owner asleep; refusal and review in the morning", night.play),
    Scenario("maintenance", "planned ahead, started early, overrun, extended", maintenance.play),
    Scenario("load-test", "expected alerts fire, then one that nobody expected", load_test.play),
    Scenario("alertmanager-down", "no silence at first, and its end is owed at the last", alertmanager_down.play),
    Scenario("paper", "typed literally from the paper runbook in a shell, rm included; adopted", paper.play),
    Scenario("two-tickets", "two rollbacks hold the scheduler; it trades when the last lets go", two_tickets.play),
)
SCENARIOS = {scenario.name: scenario for scenario in _ALL}
"""Name -> scenario, in the order in which they are listed."""

__all__ = ["SCENARIOS", "Expectation", "Scenario", "Stage", "perform", "stage"]
