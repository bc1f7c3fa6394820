"""A mistake in the configuration is refused and told by its place, not guessed at."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from ledger.app.home import config
from ledger.errors import Refused, Unreachable

NOTHING: dict[str, str] = {}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stage4.toml"


@pytest.mark.parametrize(("planned", "told"), [('"7" = "5m"', "no step"), ('"4" = "15x"', "rollback.planned: ")])
def test_a_planned_time_that_nobody_can_mean_is_refused_when_it_is_read(path: Path, planned: str, told: str) -> None:
    path.write_text(f"[rollback.planned]\n{planned}\n")
    with pytest.raises(Refused, match=told):
        config.load(path, NOTHING)


@pytest.mark.parametrize("labels", ["prod", "env:prod", "env=prod,cluster", "env="])
def test_a_label_that_is_none_is_refused_and_not_left_out(path: Path, labels: str) -> None:
    """A label left out would silence another environment's alerts."""
    with pytest.raises(Refused, match=r"silence\.labels"):
        config.load(path, {"STAGE4_SILENCE_LABELS": labels})


@pytest.mark.parametrize(
    ("setting", "named"),
    [
        ('headers = { "X Scope" = "a" }', "prometheus.headers"),
        ('headers = { Host = "a" }', "prometheus.headers"),
        ('headers = { X-A = "a\\nX-B: b" }', "prometheus.headers"),
        ('headers = { X-A = "zażółć" }', "prometheus.headers"),
        ('headers = ["a"]', "prometheus.headers"),
        ('proxy = "proxy:3128"', "prometheus.proxy"),
        ('proxy = "socks5://p:1080"', "prometheus.proxy"),
        ('proxy = "http://p:port"', "prometheus.proxy"),
    ],
)
def test_a_header_or_proxy_that_cannot_be_used_is_told_by_its_setting(path: Path, setting: str, named: str) -> None:
    """It is that server that cannot be asked then: nothing else is refused, and the stop least of all."""
    path.write_text(f'[prometheus]\nurl = "http://p"\n{setting}\n')
    with pytest.raises((Refused, Unreachable), match=named):
        config.server(config.load(path, NOTHING), "prometheus")


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ('[scheduler]\nurll = "x"\n', "scheduler.urll"),
        ('[schedular]\nurl = "x"\n', "schedular.url"),
        ('scheduler_url = "x"\n', "scheduler_url"),
        ("[stage]\nname = 'x'\n", "stage.name"),
        ("[scheduler.url]\nx = 'y'\n", "scheduler.url"),
    ],
)
def test_a_setting_that_does_not_exist_is_refused_and_named(path: Path, text: str, named: str) -> None:
    path.write_text(text)
    with pytest.raises(Refused, match=named) as caught:
        config.load(path, NOTHING)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize(
    "text",
    [
        "stage = 4\n",
        "stage = true\n",
        'stage = ["stage4"]\n',
        "[watch]\nduration = 15\n",
        "[watch]\nduration = 15.5\n",
        "[watch]\nduration = 2026-11-23\n",
        '[silence]\nlabels = ["env"]\n',
        "[silence.labels]\nenv = 1\n",
        "[silence.labels.env]\nname = 'prod'\n",
    ],
)
def test_a_value_of_a_wrong_type_is_refused(path: Path, text: str) -> None:
    path.write_text(text)
    with pytest.raises(Refused, match="is to be"):
        config.load(path, NOTHING)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("stage = 4\n", "stage is to be text in quotes, found a number"),
        ("[watch]\nduration = true\n", "watch.duration is to be text in quotes, found true or false"),
        ("[watch]\nduration = 2026-11-23\n", "watch.duration is to be text in quotes, found a date or time"),
        ("[scheduler.url]\nx = 'y'\n", "scheduler.url is to be text in quotes, found a table"),
        ("[silence.labels]\nenv = 1\n", "silence.labels.env is to be text in quotes, found a number"),
        ("[silence]\nlabels = ['env']\n", "silence.labels is to be a table of texts, found a list"),
        ("[alerts]\nrules = ['A', 1]\n", "alerts.rules is to be a list of texts in quotes, found a number in it"),
        ("[alerts]\nrules = 1\n", "alerts.rules is to be a list of texts in quotes, found a number"),
        ("watch = '15m'\n", "watch is to be a table, [watch] with its settings below it, found text"),
        ("[prometheus]\njobb = 'x'\n", "unknown setting prometheus.jobb; see: stage4 config show"),
        ("base = '..'\n", "unknown setting base; see: stage4 config show"),
        (
            "stage = 1\n[watch]\nfor = 1\n[a]\nb = 'x'\n",
            "stage is to be text in quotes, found a number; unknown settings a.b, watch.for; see: stage4 config show",
        ),
    ],
)
def test_what_is_wrong_is_told_by_its_place_all_at_once(path: Path, text: str, told: str) -> None:
    path.write_text(text)
    with pytest.raises(Refused) as caught:
        config.load(path, NOTHING)
    assert str(caught.value) == f"{path}: {told}"


@pytest.mark.parametrize(
    ("alerts", "told"),
    [
        ({"STAGE4_ALERTS_PATTERN": "Momentum.+"}, "alerts.rules has MultiStrategySchedulerLatencyHigh"),
        ({"STAGE4_ALERTS_PATTERN": ""}, "alerts.pattern also matches what has no name"),
        ({"STAGE4_ALERTS_PATTERN": ".*"}, "alerts.pattern also matches what has no name"),
        ({"STAGE4_ALERTS_PATTERN": "Multi(?=Strategy)"}, "alerts.pattern: the regex"),
        ({"STAGE4_ALERTS_PATTERN": "Multi("}, "alerts.pattern: the regex"),
        ({"STAGE4_ALERTS_PATTERN": r"Multi(.|\w)*!"}, "alerts.rules has MultiStrategySchedulerLatencyHigh"),
        ({"STAGE4_ALERTS_RULES": " , "}, "alerts.rules is empty"),
        ({"STAGE4_ALERTS_RULES": "MomentumLatency"}, "alerts.rules has MomentumLatency"),
    ],
)
def test_names_by_which_a_watch_would_see_nothing_are_refused(path: Path, alerts: dict[str, str], told: str) -> None:
    with pytest.raises(Refused, match=told):
        config.load(path, alerts)


@pytest.mark.parametrize("data", [b"stage = \n", b"[scheduler\n", b"stage = 'a'\nstage = 'b'\n", b"\xff\xfe", b"\x00"])
def test_what_is_no_toml_is_refused_and_the_file_is_named(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    with pytest.raises(Refused, match=r"stage4\.toml cannot be read as TOML"):
        config.load(path, NOTHING)


def test_a_folder_in_the_files_place_is_said_to_be_unreadable(path: Path) -> None:
    path.mkdir()
    with pytest.raises(Unreachable, match=r"stage4\.toml cannot be read: Is a directory"):
        config.load(path, NOTHING)


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ('status = ""', "scheduler.status is empty"),
        ("enabled = []", "scheduler.enabled is empty"),
        ('disabled = [""]', "scheduler.disabled is empty"),
        ('enabled = ["UP", "HALTED"]\ndisabled = ["HALTED"]', "both have 'HALTED'"),
    ],
)
def test_words_by_which_no_status_could_be_told_are_refused(path: Path, line: str, why: str) -> None:
    path.write_text(f"[scheduler]\n{line}\n")
    with pytest.raises(Refused, match=re.escape(why)):
        config.load(path, NOTHING)
