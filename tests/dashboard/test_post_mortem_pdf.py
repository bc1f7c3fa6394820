"""The document to hand on: by a button and by a command, whole without a network, named by the ledger's head."""

from __future__ import annotations

import base64
import re
import shutil
import subprocess

import pytest
from click.testing import CliRunner
from flask import g

from ledger.app.review import printing
from ledger.app.review.post_mortem import review
from ledger.cli.root import stage4
from ledger.errors import Unreachable
from ledger.verify import parse_head
from web import review_document
from web.pages.review import shown

from .stories import walk
from .story import INC, Kept

PDF = f"/rollbacks/{INC}/review.pdf"


@pytest.fixture
def story(installation):
    return walk(Kept(installation))


def page_of(app, installation, language="en"):
    with app.test_request_context("/"):
        g.language = language
        found = review(installation, installation.rollback(INC))
        return review_document.document(installation, found, shown(found), "review/document.html")


@pytest.mark.skipif(not printing.engine(), reason="nothing here makes a PDF")
def test_a_picture_that_stands_in_it_is_drawn_and_nothing_else_is_fetched():
    dot = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
    made = printing.pdf(
        f'<img src="data:image/png;base64,{dot}"><img src="http://127.0.0.1:9/x.png"><img src="file:///etc/hosts">'
    )
    assert made.startswith(b"%PDF") and b"/Image" in made


def test_it_needs_nothing_beside_it_and_names_the_ledgers_head(app, installation, story):
    page = page_of(app, installation)
    assert not re.search(r"<script|<form|<a href=\"(?!#)|src=\"(?!data:)|url\(", page)
    head = parse_head(re.search(r"--head (\S+?)<", page)[1])
    assert head.size == installation.ledger.view().size
    assert f"{head.size}:{base64.b64encode(head.root).decode()}" == review_document.head_of(installation)
    anchors = re.findall(r'href="#([a-z-]+)"', page)
    assert len(anchors) > 10 and all(f'id="{one}"' in page for one in anchors), "the contents lead somewhere"
    assert "viewBox" in page and "<details" in page and "the axis as a table" in page


def test_what_people_wrote_ends_no_string_of_the_style():
    assert review_document.css('"} body { display: none } \\ <b>').count('"') == 0
    assert "<" not in review_document.css("</style>")


@pytest.mark.parametrize("program", ["weasyprint", "chromium"])
def test_both_programs_make_a_pdf_with_numbered_pages(app, installation, story, monkeypatch, program):
    found = shutil.which("chromium") if program == "chromium" else program
    if not found:
        pytest.skip("no Chromium here")
    monkeypatch.setattr(printing, "engine", lambda: found)
    page = page_of(app, installation, "pl")
    made = printing.pdf(page)
    assert made.startswith(b"%PDF-") and made.rstrip().endswith(b"%%EOF")
    if reader := shutil.which("pdftotext"):
        text = subprocess.run(
            [reader, "-layout", "-", "-"], input=made, capture_output=True, check=True
        ).stdout.decode()
        assert f"Raport po incydencie {INC}" in text and re.search(r"1\s*/\s*\d", text)
        assert review_document.head_of(installation)[:20] in text
        pages = text.split("\f")[:-1]
        for part in re.findall(r'<a href="#[a-z-]+">([^<]+)</a>', page)[-4:]:
            told = re.search(rf"{part}[ .]*(\d+)", text)
            assert told and re.search(rf"(?m)^ *{part}", pages[int(told[1]) - 1]), f"the contents say where {part} is"
        for part in ("summary", "key-times", "highlights", "impact", "ended", "deviations", "debts"):
            (title,) = re.findall(rf'<h2 id="{part}">([^<]+)</h2>', page)
            assert title in pages[0], f"{part} is on the first page"


def test_pages_that_a_pdf_names_in_another_way_are_not_guessed():
    assert printing.places_of(b"%PDF-1.7 8 0 obj <</Type /ObjStm>>") == {}
    page = b"\n8 0 obj\n<</Type /Page\n/Parent 9 0 R>>\n9 0 obj\n<</Type /Pages>>"
    assert printing.places_of(page + b"<</a [8 0 R /XYZ 6 8 0]>>") == {"a": 1}
    assert printing.places_of(page + b"<</a [8 0 R /XYZ 6 8 0] /b [7 0 R /XYZ 6 8 0]>>") == {}


def test_the_button_gives_what_can_be_made(browser, story, monkeypatch):
    monkeypatch.setattr("web.pages.review.pdf", lambda page: b"%PDF-1.7 " + str(len(page)).encode())
    monkeypatch.setattr("web.pages.review.engine", lambda: "weasyprint")
    noc = browser("noc")
    assert f'href="{PDF}"' in noc.get(PDF.removesuffix(".pdf")).text
    answer = noc.get(PDF)
    assert answer.mimetype == "application/pdf" and answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"] == f"attachment; filename={INC}-post-mortem.pdf"


def test_without_a_program_the_page_says_what_to_install(browser, story, monkeypatch):
    for module in ("web.pages.review", "ledger.app.review.printing"):
        monkeypatch.setattr(f"{module}.engine", lambda: "")
    noc = browser("noc")
    page = noc.get(PDF.removesuffix(".pdf")).text
    assert PDF not in page and "install the extra [pdf]" in page
    answer = noc.get(PDF)
    assert answer.status_code == 503 and "install the extra [pdf]" in answer.text
    with pytest.raises(Unreachable):
        printing.pdf("<p>")


def test_the_command_writes_the_same_document(installation, story, tmp_path, monkeypatch):
    monkeypatch.setattr("web.pages.review.pdf", lambda page: page.encode())
    monkeypatch.setattr("ledger.cli.post_mortem.engine", lambda: "weasyprint")
    target = tmp_path / "report.pdf"
    home = str(installation.home.root)
    words = ["rollback", "review", INC, "--pdf", str(target), "--language", "pl", "--home", home]
    done = CliRunner().invoke(stage4, words)
    assert done.exit_code == 0, done.output
    assert f"Raport po incydencie {INC}" in target.read_text()
    both = CliRunner().invoke(stage4, [*words, "--text", "fine"])
    assert both.exit_code == 2 and "not both" in both.output
