"""A server that cannot make pages says so to who watches it, and answers people all the same."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from flask import Flask

from web import app as web_app
from web import create_app

FILES = [
    "templates/base.html",
    "templates/error.html",
    "templates/rollbacks/show.html",
    "templates/parts/forms.html",
    "static/stage4.css",
    "static/vendor/htmx.min.js",
    "static/vendor/inter-latin.woff2",
]


@pytest.fixture
def copied(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Templates and static files that a test may take away."""
    for name, folder in (("TEMPLATES", web_app.TEMPLATES), ("STATIC", web_app.STATIC)):
        monkeypatch.setattr(web_app, name, Path(shutil.copytree(folder, tmp_path / folder.name)))
    return tmp_path


def health(app: Flask) -> tuple[int, dict[str, object]]:
    answer = app.test_client().get("/healthz")
    return answer.status_code, answer.json


def test_with_all_files_it_is_well(site, copied: Path) -> None:
    assert health(create_app(site))[0] == 200


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("before", [True, False], ids=["never there", "gone later"])
def test_one_missing_file_is_told_in_one_sentence(site, copied: Path, name: str, before: bool) -> None:
    app = None if before else create_app(site)
    aside = (copied / name).rename(copied / "aside")
    app = app or create_app(site)
    status, page = health(app)
    assert (status, page["status"], page["why"]) == (503, "failing", "pages")
    assert f"{'/'.join(Path(name).parts[-2:])}: No such file or directory" in page["sentence"]
    assert str(copied) not in page["sentence"], "no path of the machine"
    aside.rename(copied / name)
    assert health(app)[0] == 200


def test_a_folder_in_a_files_place_is_told_too(site, copied: Path) -> None:
    app = create_app(site)
    (copied / "static/stage4.js").unlink()
    (copied / "static/stage4.js").mkdir()
    assert health(app)[0] == 503


@pytest.mark.parametrize("address", ["/", "/sign-in", "/nowhere"])
def test_without_templates_each_request_is_answered(site, copied: Path, address: str) -> None:
    shutil.rmtree(copied / "templates")
    answer = create_app(site).test_client().get(address, headers={"Accept": "text/html"}, follow_redirects=True)
    assert answer.status_code in (404, 500) and answer.mimetype == "text/plain"
    assert answer.text.startswith(f"{answer.status_code}: ") and "Traceback" not in answer.text
