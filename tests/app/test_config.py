"""Configuration: every setting has a place, a default and a name in the environment; a mistake is told, not guessed."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pytest
from click.testing import CliRunner
from msgspec import Meta

from ledger import regexes
from ledger.app.durations import parse_duration
from ledger.app.home import config
from ledger.app.home.config_types import PLACES, Place, SchedulerSettings, ServerSettings, Settings, places, servers
from ledger.app.home.folders import Home
from ledger.cli.home import config_show
from ledger.domain.matching import use
from ledger.domain.runbook import EXPECTED_RULES
from ledger.errors import Refused, Unreachable

from .settings import changed

NOTHING: dict[str, str] = {}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "stage4.toml"


def test_without_a_file_every_setting_has_its_default(path: Path) -> None:
    found = config.load(path, NOTHING)
    assert found == config.Config(base=str(path.parent))
    assert found.stage == "stage4"
    assert found.override.directory == "var/runtime/overrides"
    assert (found.watch.duration, found.silence.duration, found.rollback.window) == ("15m", "2h", "2h")
    assert found.signing.hmac_algorithm == "HMAC-SHA256"
    assert found.signing.hmac_key_file == "var/keys/hmac.key"
    assert found.silence.labels == {}


def test_every_duration_among_the_defaults_is_one() -> None:
    names = ("prometheus.step", "silence.duration", "watch.duration", "rollback.window", "rollback.restart_patience")
    assert all(parse_duration(place.default) > 0 for place in PLACES if str(place) in names)


def test_the_file_is_read(path: Path) -> None:
    path.write_text('[scheduler]\nurl = "http://s"\n[silence.labels]\nenv = "prod"\ncluster = "ż"\n')
    found = config.load(path, NOTHING)
    assert found.scheduler.url == "http://s"
    assert found.silence.labels == {"env": "prod", "cluster": "ż"}


GIVEN: dict[str, tuple[str, object]] = {
    "alerts.pattern": ("MultiStrategy[A-Z].*", "MultiStrategy[A-Z].*"),
    "scheduler.enabled": ("RUNNING,B", ("RUNNING", "B")),
    "scheduler.disabled": ("HALTED,B", ("HALTED", "B")),
    "alerts.rules": ("MultiStrategyA,MultiStrategyB", ("MultiStrategyA", "MultiStrategyB")),
}


def given(place: Place) -> tuple[str, object]:
    """A value of a setting's own as the environment has it, and what it is then."""
    if str(place) == "rollback.planned":
        return "3=5m,4=20m", {"3": "5m", "4": "20m"}
    if place.type == dict[str, str]:
        return "a=b,c=d", {"a": "b", "c": "d"}
    return GIVEN.get(str(place), ("other", "other"))


def in_toml(place: Place, value: object) -> str:
    """The line that sets it in the file."""
    said = ", ".join(f"{key} = {json.dumps(text)}" for key, text in value.items()) if isinstance(value, dict) else ""
    line = f"{place.name} = " + (f"{{ {said} }}" if said else json.dumps(value)) + "\n"
    return (f"[{place.table}]\n" if place.table else "") + line


def source(place: Place, path: Path, environment: Mapping[str, str]) -> str:
    (line,) = [one for one in config.explain(config.Config(), path, environment) if one.place == str(place)]
    return line.source


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_setting_can_be_set_in_the_file_and_in_the_environment_which_wins(path: Path, place: Place) -> None:
    text, value = given(place)
    path.write_text(in_toml(place, value))
    assert place.of(config.load(path, NOTHING)) == value != place.default
    assert source(place, path, NOTHING) == "stage4.toml"
    changed = (
        text.replace("4=20m", "4=30m")
        .replace("other", "more")
        .replace("=b", "=z")
        .replace("B", "C")
        .replace("A-Z", "A-Y")
    )
    assert place.of(config.load(path, {place.variable: changed})) not in (value, place.default)
    assert source(place, path, {place.variable: changed}) == place.variable


@pytest.mark.parametrize("place", PLACES, ids=str)
def test_every_setting_of_a_wrong_type_is_named_with_its_place_and_not_shown(path: Path, place: Place) -> None:
    path.write_text(in_toml(place, [4, "hunter2"]))
    with pytest.raises(Refused) as caught:
        config.load(path, NOTHING)
    assert f"{path}: {place} is to be " in str(caught.value)
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(("planned", "told"), [('"7" = "5m"', "no step"), ('"4" = "15x"', "rollback.planned: ")])
def test_a_planned_time_that_nobody_can_mean_is_refused_when_it_is_read(path: Path, planned: str, told: str) -> None:
    path.write_text(f"[rollback.planned]\n{planned}\n")
    with pytest.raises(Refused, match=told):
        config.load(path, NOTHING)


def test_the_environments_names_are_those_of_always() -> None:
    """A variable is named by its place, but for four that are older than their tables."""
    odd = {str(one): one.variable for one in PLACES if one.variable != "STAGE4_" + str(one).replace(".", "_").upper()}
    assert odd == {
        "rollback.restart_patience": "STAGE4_RESTART_PATIENCE",
        "signing.hmac_algorithm": "STAGE4_HMAC_ALGORITHM",
        "signing.hmac_key_file": "STAGE4_HMAC_KEY_FILE",
        "signing.checkpoint_key_file": "STAGE4_CHECKPOINT_KEY_FILE",
    }
    assert len({one.variable for one in PLACES}) == len(PLACES)


def test_one_more_server_is_one_line(path: Path) -> None:
    class More(Settings, frozen=True):
        mail: Annotated[ServerSettings, Meta(description="where the mail goes")] = ServerSettings()

    added = [one for one in places(More) if one not in PLACES]
    assert [one.name for one in added] == [one.name for one in PLACES if one.table == "tickets"]
    assert {one.table for one in added} == {"mail"}
    assert (added[0].variable, added[0].meaning) == ("STAGE4_MAIL_URL", "where the mail goes")


def test_labels_may_come_from_the_environment(path: Path) -> None:
    path.write_text('[silence.labels]\nenv = "test"\n')
    found = config.load(path, {"STAGE4_SILENCE_LABELS": "env=prod,cluster=a=b"})
    assert found.silence.labels == {"env": "prod", "cluster": "a=b"}


@pytest.mark.parametrize("labels", ["prod", "env:prod", "env=prod,cluster", "env="])
def test_a_label_that_is_none_is_refused_and_not_left_out(path: Path, labels: str) -> None:
    """A label left out would silence another environment's alerts."""
    with pytest.raises(Refused, match=r"silence\.labels"):
        config.load(path, {"STAGE4_SILENCE_LABELS": labels})


def test_a_label_may_have_any_name_until_the_alertmanager_in_use_says_otherwise(path: Path) -> None:
    path.write_text('[silence.labels]\n"service.name" = "stage4"\n')
    assert config.load(path, NOTHING).silence.labels == {"service.name": "stage4"}


@pytest.mark.parametrize("name", servers())
def test_every_server_may_have_headers_of_ones_own_and_a_proxy(path: Path, name: str) -> None:
    more = 'url = "http://s/{ticket}"\nheaders = { X-Scope-OrgID = "trading" }\nproxy = "http://p:3128"\n'
    path.write_text(f"[{name}]\n{more}")
    server = config.server(config.load(path, NOTHING), name)
    assert server is not None
    assert (server.headers, server.proxy) == ((("X-Scope-OrgID", "trading"),), "http://p:3128")
    variables = {f"STAGE4_{name.upper()}_HEADERS": "X-Scope-OrgID=risk", f"STAGE4_{name.upper()}_PROXY": "http://q"}
    server = config.server(config.load(path, variables), name)
    assert server is not None
    assert (server.headers, server.proxy) == ((("X-Scope-OrgID", "risk"),), "http://q")


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


def test_tables_without_settings_and_labels_as_text_are_taken_as_ever(path: Path) -> None:
    path.write_text('[prometheus]\n[chat]\n[silence]\nlabels = "env=prod"\n')
    assert config.load(path, NOTHING).silence.labels == {"env": "prod"}


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


def test_a_stage_of_another_name_has_files_of_its_own(tmp_path: Path) -> None:
    home = Home(tmp_path, "stage5")
    assert {home.store.name, home.published.name, home.published_checkpoint.name, home.published_key.name} == {
        "stage5.sqlite",
        "stage5.jsonl",
        "stage5.checkpoint",
        "stage5.vkey",
    }


def test_where_re2_cannot_be_loaded_the_settings_are_found_all_the_same(path: Path, monkeypatch) -> None:
    """The stop finds its folder by them."""
    monkeypatch.setitem(sys.modules, "re2", None)
    use(regexes.compiled)
    try:
        found = config.load(path, {"STAGE4_ALERTS_PATTERN": "(Multi|Momentum).+", "STAGE4_STAGE": "other"})
    finally:
        monkeypatch.undo()
        use(regexes.compiled)
    assert found.stage == "other"


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


@pytest.mark.parametrize("name", ["connecting.md", "servers.md"])
def test_what_the_documents_say_to_write_can_be_written(path: Path, name: str) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / name).read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        path.write_text(block)
        config.load(path, NOTHING)
