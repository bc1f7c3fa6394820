"""Whether pages can be made here: every template and static file that a page needs can be read.

What was not installed, or cannot be read any more, is told to who asks ``/healthz``, before somebody needs the stop.
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from pathlib import Path
from typing import Final

KEY: Final = "stage4-files"
BUILD: Final = "X-Stage4-Build"
"""The header by which an open page says of which build it is."""
_CODE: Final = Path(__file__).parent
_RENDERED: Final = re.compile(r"\"([\w/]+\.html)\"")
_INCLUDED: Final = re.compile(r"\{%-?\s*(?:extends|include|import|from)\s+[\"']([^\"']+)[\"']")
_LINKED: Final = re.compile(r"filename=[\"']([^\"']+)[\"']")
_IN_STYLE: Final = re.compile(r"url\([\"']?([\w./-]+)[\"']?\)")


def needed(templates: Path, static: Path) -> tuple[Path, ...]:
    """What the code renders and the templates folder has, what these templates name, and what their styles name."""
    files: dict[Path, None] = {}
    waiting = [templates / name for file in sorted(_CODE.rglob("*.py")) for name in _RENDERED.findall(_text(file))]
    waiting += sorted(templates.rglob("*.html"))
    while waiting:
        file = waiting.pop(0)
        if file not in files:
            files[file] = None
            text = _text(file)
            if file.suffix == ".html":
                waiting += [templates / name for name in _INCLUDED.findall(text)]
                waiting += [static / name for name in _LINKED.findall(text)]
            elif file.suffix == ".css":
                waiting += [file.parent / name for name in _IN_STYLE.findall(text)]
    return tuple(files)


def build(files: tuple[Path, ...]) -> str:
    """A name for these very files: the same on every server that has them."""
    digest = hashlib.sha256()
    for file in files:
        with contextlib.suppress(OSError):
            digest.update(file.read_bytes())
    return digest.hexdigest()[:16]


def unreadable(files: tuple[Path, ...]) -> str:
    """Why the first of them cannot be read, e.g. ``templates/base.html: No such file or directory``; else ""."""
    for file in files:
        try:
            with file.open("rb") as stream:
                stream.read(1)
        except OSError as error:
            return f"{'/'.join(file.parts[-2:])}: {error.strerror}"
    return ""


def _text(file: Path) -> str:
    """The text of what can be read; whether it can be is asked later, each time."""
    try:
        return file.read_text("utf-8", "replace") if file.suffix in (".html", ".css", ".py") else ""
    except OSError:
        return ""
