"""Configuration: every setting has a place, a default and a name in the environment."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

import pytest
from msgspec import Meta

from ledger import regexes
from ledger.app.durations import parse_duration
from ledger.app.home import config
from ledger.app.home.config_types import PLACES, Place, ServerSettings, Settings, places, servers
from ledger.app.home.folders import Home
from ledger.domain.matching import use
from ledger.errors import Refused

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


def test_tables_without_settings_and_labels_as_text_are_taken_as_ever(path: Path) -> None:
    path.write_text('[prometheus]\n[chat]\n[silence]\nlabels = "env=prod"\n')
    assert config.load(path, NOTHING).silence.labels == {"env": "prod"}


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


@pytest.mark.parametrize("name", ["connecting.md", "servers.md"])
def test_what_the_documents_say_to_write_can_be_written(path: Path, name: str) -> None:
    text = (Path(__file__).resolve().parents[2] / "docs" / name).read_text("utf-8")
    blocks = re.findall(r"^```toml\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    assert blocks
    for block in blocks:
        path.write_text(block)
        config.load(path, NOTHING)
