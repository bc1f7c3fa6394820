"""The configuration as it is shown: every setting with its meaning and source, and never a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from ledger.app.home import config
from ledger.app.home.config_types import PLACES, SchedulerSettings
from ledger.cli.home import config_show
from ledger.domain.runbook import EXPECTED_RULES

from .settings import changed

NOTHING: dict[str, str] = {}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stage4.toml"


def test_what_headers_and_proxies_hold_in_secret_is_never_shown(path: Path) -> None:
    headers = (
        '{ X-Scope-OrgID = "trading", X-Api-Key = "hunter2", Cookie = "hunter2", X-Note = "Bearer hunter2hunter2" }'
    )
    path.write_text(f'[prometheus]\nurl = "http://p"\nheaders = {headers}\nproxy = "http://ops:hunter2@p:3128"\n')
    found = config.load(path, NOTHING)
    shown = {line.place: line.value for line in config.explain(found, path, NOTHING)}
    assert shown["prometheus.headers"]["X-Scope-OrgID"] == "trading"
    assert shown["prometheus.proxy"] == "http://p:3128"
    assert "hunter2" not in str(shown)
    assert "hunter2" not in repr(config.server(found, "prometheus"))


@pytest.mark.parametrize(
    ("name", "url", "shown"),
    [
        ("scheduler", "https://ops:hunter2@s.example/status", "https://s.example/status"),
        ("prometheus", "https://ops:hunter2@p.example:9090", "https://p.example:9090"),
        ("alertmanager", "http://a:hunter2@x,http://b:hunter2@y", "http://x,http://y"),
        ("tickets", "https://t/{ticket}?api_key=hunter2", "https://t/{ticket}?api_key=<masked>"),
        ("announce", "https://hooks.example/services/T0/hunter2", "https://hooks.example/<masked>"),
        ("announce", "https://hooks.example?hunter2", "https://hooks.example/<masked>"),
        ("announce", "https://a:hunter2@hooks.example:8443/x#hunter2", "https://hooks.example:8443/<masked>"),
        ("announce", "https://hooks.example/", "https://hooks.example/"),
    ],
)
def test_addresses_are_shown_without_credentials(path: Path, name: str, url: str, shown: str) -> None:
    found = config.load(path, {f"STAGE4_{name.upper()}_URL": url})
    (line,) = [s for s in config.explain(found, path, NOTHING) if s.place == f"{name}.url"]
    assert line.value == shown
    assert "hunter2" not in repr(config.explain(found, path, NOTHING))


def test_a_command_that_announces_is_shown_without_the_paths_of_its_addresses(path: Path) -> None:
    line = "curl -H 'Authorization: Bearer hunter22' https://hooks.example/services/T0/hunter2 -d @-"
    found = config.load(path, {"STAGE4_ANNOUNCE_COMMAND": line})
    shown = {one.place: one.value for one in config.explain(found, path, NOTHING)}["announce.command"]
    assert shown == "curl -H 'Authorization: <masked>' https://hooks.example/<masked> -d @-"
    assert config.secrets(found) == ["announce.command"]


def test_which_settings_hold_a_secret_is_known() -> None:
    plain = config.Config(scheduler=SchedulerSettings(url="https://s.example/status#part"))
    assert config.secrets(changed(plain, announce={"url": "https://h/"})) == []
    told = changed(plain, scheduler={"url": "https://a:hunter2@s"}, prometheus={"url": "https://p/?token=x"})
    assert config.secrets(told) == ["scheduler.url", "prometheus.url"]


def test_showing_names_every_setting_with_its_meaning(path: Path) -> None:
    lines = config.explain(config.Config(), path, NOTHING)
    assert [line.place for line in lines] == list(map(str, PLACES))
    assert all(line.meaning for line in lines)
    assert {line.source for line in lines} == {"default"}


def test_config_show_has_a_line_for_every_setting_with_its_value_source_and_meaning(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path.write_text('[prometheus]\nurl = "https://ops:hunter2@p:9090"\nheaders = { X-Api-Key = "hunter2" }\n')
    monkeypatch.setenv("STAGE4_SCHEDULER_URL", "http://s/status")
    done = CliRunner().invoke(config_show, ["--home", str(path.parent)])
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert list(lines) == list(map(str, PLACES))
    assert lines["scheduler.url"].split() == [
        "scheduler.url", "'http://s/status'", "STAGE4_SCHEDULER_URL", *["the", "scheduler's", "own", "status", "page"]
    ]  # fmt: skip
    assert lines["prometheus.url"].split()[1:3] == ["'https://p:9090'", "stage4.toml"]
    assert lines["silence.duration"].split()[1:3] == ["'2h'", "default"]
    assert "<masked>" in lines["prometheus.headers"] and "hunter2" not in done.stdout
    page = json.loads(CliRunner().invoke(config_show, ["--home", str(path.parent), "--json"]).stdout)
    (rules,) = [line["value"] for line in page if line["place"] == "alerts.rules"]
    assert rules == list(EXPECTED_RULES)
