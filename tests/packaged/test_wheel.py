"""The wheel does what the project's folder does: in an environment of its own, the project nowhere in sight."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from .installed import PLACES, PROJECT, Installed
from .served import ACCOUNTS, Person, addresses, lab, serving

WHERE = "import json, ledger, sys, web; print(json.dumps([ledger.__file__, web.__file__, sys.path]))"
SCRIPTS = ("disable_multi_strategy", "smoke_demo_strategies", "verify_decision_log", "watch_metrics_stream")
HTML, JSON = "text/html", "application/json"
CONTENT = {
    "signin.password": (HTML, b"</html>"),
    "live.poll": (JSON, b"{"),
    "now.show": (HTML, b"</html>"),
    "now.top": (HTML, b"<"),
    "rollbacks.index": (HTML, b"INC-2042"),
    "rollbacks.new": (HTML, b"</html>"),
    "rollbacks.show": (HTML, b"INC-2042"),
    "rollbacks.preview": (HTML, b"act-note"),
    "spark.show": (HTML, b'id="spark-line"'),
    "charts.before_stop": (HTML, b'id="before-stop"'),
    "rollbacks.coverage": (HTML, b'id="coverage"'),
    "charts.data": (JSON, b'"panels": [{'),
    "review.show": (HTML, b"INC-2042"),
    "review.markdown": ("text/markdown", b"# Post-mortem of INC"),
    "review.as_json": (JSON, b"INC-2042"),
    "timeline.show": (HTML, b"INC-2042"),
    "timeline.fresh": (HTML, b""),
    "entries.show": (HTML, b"sha384"),
    "entries.download": ("application/octet-stream", b'"sequence":11'),
    "entries.to_check": ("application/octet-stream", b"PK"),
    "artefacts.show": (HTML, b"<img"),
    "artefacts.bytes": ("application/octet-stream", b"PNG"),
    "artefacts.picture": ("image/png", b"PNG"),
    "audit.show": (HTML, b"</html>"),
    "audit.find": (HTML, b"</html>"),
    "audit.lines": ("application/octet-stream", b"rollback_completed"),
    "audit.checkpoint": ("application/octet-stream", b"stage4"),
    "audit.key": ("application/octet-stream", b"stage4"),
    "silences.show": (HTML, b"</html>"),
    "connections.show": (HTML, b"</html>"),
    "setup.show": (HTML, b"</html>"),
    "people.index": (HTML, b"lab-noc"),
    "access.show": (HTML, b"</html>"),
    "access.lines": ("application/octet-stream", b"signed_in"),
    "help.show": (HTML, b'id="verdicts"'),
    "health.healthz": (JSON, b'"ok"'),
    "health.metrics": ("text/plain", b"stage4_"),
}
"""Endpoint -> the kind of its answer, and what is somewhere in it."""
ALONE = {"live.stream", "static", "signin.form", "favicon", "review.as_pdf"}
"""Asked for in another way: a stream that does not end, files by name, what is for nobody who is signed in, what needs
a program that the wheel does not bring."""
ADMINS = {"people.index", "access.show", "access.lines"}


def test_what_runs_is_the_wheel_and_the_project_is_not_on_its_path(installed: Installed, tmp_path: Path) -> None:
    ledger, web, path = json.loads(installed.python(tmp_path, "-c", WHERE))
    assert Path(ledger).is_relative_to(installed.packages) and Path(web).is_relative_to(installed.packages)
    others = [Path(one) for one in path if one and Path(one) != installed.packages]
    assert not [one / name for one in others for name in PLACES if (one / name).exists()]
    assert not installed.folder.is_relative_to(PROJECT)


def test_every_file_of_the_folders_travels(installed: Installed) -> None:
    inside = {"templates": "web", "static": "web", "deploy": "ledger", "scripts": "ledger"}
    names = set(zipfile.ZipFile(installed.wheel).namelist())
    for folder, package in inside.items():
        for file in (PROJECT / folder).rglob("*"):
            if file.is_file() and "__pycache__" not in file.parts and not file.name.startswith("."):
                assert f"{package}/{file.relative_to(PROJECT)}" in names
    assert {"ledger/docs/recovery.md", "ledger/docs/help/en.md", "ledger/docs/help/pl.md"} <= names
    assert "web/static/vendor/htmx.min.js" in names and "web/locale/pl/watching.po" in names


def test_a_real_installation_is_made_looked_at_stopped_and_verified(installed: Installed, tmp_path: Path) -> None:
    made = installed.stage4(tmp_path, "init", "--name", "Ola", "--role", "incident_manager")
    assert made.returncode == 0, made.stdout + made.stderr
    looked = json.loads(installed.stage4(tmp_path, "doctor", "--json").stdout)
    ledger = [one for one in looked if one["name"] in ("versions", "keys", "store", "checkpoints")]
    assert len(ledger) >= 4 and {one["state"] for one in ledger} == {"ok"}
    stopped = installed.stage4(tmp_path, "stop", "--reason", "orders look wrong")
    assert stopped.returncode == 0, stopped.stdout + stopped.stderr
    assert (tmp_path / "var/runtime/overrides/multi_strategy_disable.json").is_file()
    verified = installed.stage4(tmp_path, "verify")
    assert verified.returncode == 0 and "VERIFIED" in verified.stdout, verified.stdout + verified.stderr


def test_a_rehearsal_passes_and_its_log_verifies_from_the_files_alone(installed: Installed, rehearsed: Path) -> None:
    logs = rehearsed / "audit" / "decision_logs"
    given = ("--checkpoint", str(logs / "stage4.checkpoint"), "--public-key", str(logs / "stage4.vkey"))
    done = installed.stage4(rehearsed, "verify", str(logs / "stage4.jsonl"), *given)
    assert done.returncode == 0 and "VERIFIED" in done.stdout, done.stdout + done.stderr


def test_every_page_is_there_with_its_files(installed: Installed, rehearsed: Path) -> None:
    rules = addresses(installed, rehearsed)
    assert rules.keys() == CONTENT.keys() | ALONE, "each page has here what it must have"
    password = installed.python(rehearsed, "-c", ACCOUNTS, str(rehearsed)).strip()
    with lab(installed, rehearsed), serving(installed, rehearsed) as port:
        stranger = Person(port)
        manager, admin = (Person(port, login, password) for login in ("incident-manager", "admin"))
        for endpoint, (kind, content) in CONTENT.items():
            person = admin if endpoint in ADMINS else manager
            answer = person.get(filled(rules[endpoint], rehearsed))
            assert answer.status == 200 and answer.kind.startswith(kind), (endpoint, answer)
            assert content in answer.body, (endpoint, answer.body)
        assert b"</html>" in stranger.get("/sign-in").body
        assert stranger.get("/favicon.ico").status == 302
        for file in (PROJECT / "static").rglob("[!.]*.*"):
            found = stranger.get(f"/static/{file.relative_to(PROJECT / 'static')}")
            assert found.status == 200 and found.body == file.read_bytes(), file
        assert '<html lang="pl"' in (polish := manager.get("/", "pl").body.decode()) and "Oś czasu" in polish


def filled(rule: str, home: Path) -> str:
    """The address of what the rehearsal left."""
    lines = [json.loads(line) for line in (home / "audit/decision_logs/stage4.jsonl").read_bytes().splitlines()]
    picture: str = next(one["artefacts"]["picture_sha384"] for one in lines if one["status"] == "watch_finished")
    digest = picture.removeprefix("sha384:")
    more = (("digest", digest), ("stage", "stage4"))
    for name, value in (("rollback", "INC-2042"), ("name", "note"), ("int:sequence", "11"), *more):
        rule = rule.replace(f"<{name}>", value)
    return rule


@pytest.mark.parametrize("name", SCRIPTS)
def test_each_script_runs_as_a_module(installed: Installed, tmp_path: Path, name: str) -> None:
    done = installed.run(tmp_path, str(installed.bin / "python"), "-m", f"ledger.scripts.{name}", "--help")
    assert done.returncode == 0 and f"scripts/{name}.py " in done.stdout, done.stdout + done.stderr


def test_the_paper_runbook_is_typed_word_for_word(installed: Installed, tmp_path: Path) -> None:
    done = installed.stage4(tmp_path, "rehearse", "--scenario", "paper", timeout=150)
    assert done.returncode == 0, done.stdout + done.stderr


def test_without_the_pictures_extra_doctor_and_a_rehearsal_say_so(installed: Installed, tmp_path: Path) -> None:
    hidden = tmp_path / "hidden"
    hidden.mkdir()
    (hidden / "sitecustomize.py").write_text("import sys\nsys.modules['matplotlib'] = None\n")
    named = ["env", f"PYTHONPATH={hidden}", str(installed.bin / "stage4")]
    assert installed.run(tmp_path, *named, "init").returncode == 0
    looked = json.loads(installed.run(tmp_path, *named, "doctor", "--json").stdout)
    (pictures,) = [one for one in looked if one["name"] == "pictures"]
    assert pictures["state"] == "warning" and "install stage4-ledger[pictures]" in pictures["remedy"]
    done = installed.run(tmp_path, *named, "rehearse", "--home", str(tmp_path / "lab"))
    assert done.returncode == 3 and "stage4-ledger[pictures]" in done.stderr, done.stderr


def test_a_wheel_without_templates_is_not_well_and_still_answers(installed: Installed, rehearsed: Path) -> None:
    with serving(installed, rehearsed, installed.without("web/templates")) as port:
        stranger = Person(port)
        well = stranger.get("/healthz")
        assert well.status == 503 and b"pages cannot be made" in well.body
        page = stranger.get("/sign-in")
        assert page.status == 500 and page.body.startswith(b"500: ")
