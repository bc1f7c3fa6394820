"""The post-mortem as a document: one HTML page that needs nothing beside it, and the PDF that is made of it.

Two programs can make the PDF: WeasyPrint, which the extra ``[pdf]`` installs with ``segno`` for the QR code, or
Chromium where it is on PATH. Both get the same page; neither is given a network or a file.
"""

from __future__ import annotations

import base64
import functools
import importlib.util
import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Any, Final

from flask import render_template
from markupsafe import Markup

from ledger.app.installation import Installation
from ledger.app.record.erasing import read
from ledger.app.review.parts import Review
from ledger.app.words import mark
from ledger.errors import LedgerError, Unreachable
from ledger.proof.checkpoint import open_checkpoint
from ledger.shipped import folder
from web.axis import Axis
from web.gantt import gantt

CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
INSTALL: Final = mark(
    "to make a PDF, install the extra [pdf] (WeasyPrint, which needs Debian's libpango-1.0-0, libpangoft2-1.0-0 and "
    "libharfbuzz-subset0), or Chromium"
)
_PATIENCE: Final = 60.0


def head_of(installation: Installation) -> str:
    """``N:ROOT`` of the newest checkpoint, as ``stage4 verify --head`` takes it; ``""`` where there is none."""
    ledger = installation.ledger
    for _, note in ledger.log.newest_checkpoints(1):
        checkpoint = open_checkpoint(note, ledger.verifier)
        return f"{checkpoint.size}:{base64.b64encode(checkpoint.root).decode()}"
    return ""


def document(installation: Installation, found: Review, shown: dict[str, Any], template: str) -> str:
    """The page, with its style, pictures and drawing in it."""
    head = head_of(installation)
    return render_template(
        template,
        **shown,
        linked=False,
        css=css,
        endpoints=frozenset(),
        head=head,
        code=_qr(head),
        origin=installation.ledger.origin,
        style=Markup((folder("static") / "document.css").read_text()),  # noqa: S704 (our own file)
        axis=Axis(gantt(found)),
        drawn=[picture for proof in shown["pictures"] if (picture := _picture(installation, proof.sha384))],
    )


def _qr(text: str) -> Markup:
    """A QR code as SVG; none where ``segno`` is not installed."""
    if not text or importlib.util.find_spec("segno") is None:
        return Markup("")
    import segno

    return Markup(segno.make(text, error="m").svg_inline(scale=3, border=2))  # noqa: S704 (drawn of digits)


def _picture(installation: Installation, name: str) -> str:
    try:
        return "data:image/png;base64," + base64.b64encode(read(installation, name)).decode()
    except LedgerError:
        return ""


@functools.cache
def engine() -> str:
    """``weasyprint``, the path of Chromium, or ``""``: what can make a PDF here."""
    if importlib.util.find_spec("weasyprint") is not None:
        try:
            import weasyprint  # noqa: F401
        except OSError:  # its libraries are not there
            pass
        else:
            return "weasyprint"
    return next((path for name in CHROMIUM if (path := shutil.which(name))), "")


def pdf(page: str) -> bytes:
    """The PDF of a document; ``Unreachable`` where nothing here can make one."""
    found = engine()
    if not found:
        raise Unreachable(INSTALL)
    return _by_weasyprint(page) if found == "weasyprint" else _by_chromium(found, page)


def _by_weasyprint(page: str) -> bytes:
    import weasyprint

    made: bytes = weasyprint.HTML(string=page, url_fetcher=_fetch).write_pdf()
    return made


def _fetch(address: str, *_: Any, **__: Any) -> Any:
    """Only what stands in the page itself."""
    import weasyprint

    if not address.startswith("data:"):
        raise ValueError(address)
    return weasyprint.default_url_fetcher(address)


def _by_chromium(program: str, page: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "page.html"), Path(scratch, "page.pdf")
        source.write_text(page, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={scratch}/profile"]
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # refuses to start as root with it; the page is our own, without a script
        try:
            subprocess.run(
                [program, *options, f"--print-to-pdf={target}", source.as_uri()],
                check=True,
                capture_output=True,
                timeout=_PATIENCE,
            )
            return target.read_bytes()
        except (OSError, subprocess.SubprocessError) as error:
            raise Unreachable(f"{program} made no PDF: {type(error).__name__}") from error


def css(text: str) -> Markup:
    """Free text inside a string of a stylesheet: every character that could end it is written by its number."""
    return Markup("".join(char if char.isalnum() or char in " -_.:/+=" else f"\\{ord(char):x} " for char in text))  # noqa: S704
