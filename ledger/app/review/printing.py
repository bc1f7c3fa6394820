"""The PDF of a document, made by a program of its own: one at a time, and after everything else that wants the machine.

A document stands for itself: neither of the two programs is given a network or a file. ``python -m
ledger.app.review.printing`` is WeasyPrint's, from standard input to standard output.
"""

from __future__ import annotations

import ctypes.util
import importlib.util
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from subprocess import PIPE
from typing import Final

from ledger.app.words import mark
from ledger.errors import Unreachable
from ledger.said import Said

INSTALL: Final = mark(
    "to make a PDF, install the extra [pdf] (WeasyPrint, which needs Debian's libpango-1.0-0, libpangoft2-1.0-0 and "
    "libharfbuzz-subset0), or Chromium"
)
CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome")
_PATIENCE: Final = 120.0
_TURN: Final = 5.0
"""Seconds to wait until another one is made: whoever waits holds a thread of the server."""
_ONE_AT_A_TIME: Final = threading.Lock()
_PAGE: Final = re.compile(rb"(?m)^(\d+) 0 obj\s*<<\s*/Type\s*/Page\b")
_PLACE: Final = re.compile(rb"/([a-z][a-z-]*)\s*\[(\d+) 0 R\s*/XYZ\b")
"""How Chromium's PDFs name their pages, in order, and the places that a link leads to: on a page, at a point."""
_NUMBERED: Final = ".contents a { display: flex; justify-content: space-between; }"


def engine() -> str:
    """``weasyprint``, the path of Chromium, or ``""``: what can make a PDF here."""
    if importlib.util.find_spec("weasyprint") is not None and ctypes.util.find_library("pangoft2-1.0"):
        return "weasyprint"
    return next((path for name in CHROMIUM if (path := shutil.which(name))), "")


def pdf(page: str) -> bytes:
    """The PDF of a document; ``Unreachable`` where nothing here can make one."""
    found = engine()
    if not found:
        raise Unreachable(INSTALL)
    if not _ONE_AT_A_TIME.acquire(timeout=_TURN):
        raise Unreachable("another PDF is being made; try again in a minute")
    try:
        return _by_weasyprint(page) if found == "weasyprint" else _by_chromium(found, page)
    except (OSError, subprocess.SubprocessError) as error:
        raise Unreachable(Said("{} made no PDF: {}", found, type(error).__name__)) from error
    finally:
        _ONE_AT_A_TIME.release()


def _by_weasyprint(page: str) -> bytes:
    return _run([sys.executable, "-m", __name__], page.encode())


def _by_chromium(program: str, page: str) -> bytes:
    """Printed twice where it has contents: Chromium counts no pages for a link, so the second time they are told."""
    made = _printed(program, page)
    if places := places_of(made):
        numbers = "".join(f'.contents a[href="#{name}"]::after {{ content: "{at}"; }}' for name, at in places.items())
        told = _printed(program, page.replace("</head>", f"<style>{_NUMBERED}{numbers}</style></head>", 1))
        if places_of(told) == places:  # else a number would be wrong
            return told
    return made


def places_of(made: bytes) -> dict[str, int]:
    """Anchor -> page, from 1, for what a PDF of Chromium's links to; empty where it is written in another way."""
    pages = {found[1]: number for number, found in enumerate(_PAGE.finditer(made), 1)}
    places = [(found[1].decode(), pages.get(found[2], 0)) for found in _PLACE.finditer(made)]
    return dict(places) if all(number for _, number in places) else {}


def _printed(program: str, page: str) -> bytes:
    with tempfile.TemporaryDirectory() as scratch:
        source, target = Path(scratch, "page.html"), Path(scratch, "page.pdf")
        source.write_text(page, encoding="utf-8")
        options = ["--headless", "--disable-gpu", "--no-pdf-header-footer", f"--user-data-dir={scratch}/profile"]
        options.append("--host-resolver-rules=MAP * ~NOTFOUND")
        if os.geteuid() == 0:
            options.append("--no-sandbox")  # it does not start as root with one; the page is our own, without a script
        _run([program, *options, f"--print-to-pdf={target}", source.as_uri()])
        return target.read_bytes()


def _run(command: list[str], given: bytes = b"") -> bytes:
    """Its output; a stop that is pressed meanwhile has the machine first."""
    nice = ["nice", "-n", "10"] if shutil.which("nice") else []
    with subprocess.Popen([*nice, *command], stdin=PIPE, stdout=PIPE, stderr=PIPE, start_new_session=True) as program:
        try:
            made, said = program.communicate(given, _PATIENCE)
        except BaseException:
            os.killpg(program.pid, signal.SIGKILL)  # with the programs that it started
            raise
    if program.returncode:
        raise subprocess.CalledProcessError(program.returncode, command, made, said)
    return made


def main() -> None:
    """Read a document, write its PDF; of what it refers to only what stands in the page itself is fetched."""
    import weasyprint
    from weasyprint.urls import URLFetcher

    page = sys.stdin.buffer.read().decode()
    fetcher = URLFetcher(allowed_protocols=("data",))
    sys.stdout.buffer.write(weasyprint.HTML(string=page, url_fetcher=fetcher).write_pdf())


if __name__ == "__main__":
    main()
