"""Help: our own pages ``docs/help/*.md``, which the documentation has too, and which section is about which page.

They are Markdown of our own making and ship with the code. The only HTML in them is a comment ``<!-- #name -->``, which
gives the heading after it a name that is the same in both languages; anything else of it is an error, never put out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final, NamedTuple

from flask import Blueprint, Flask, render_template, request, url_for
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from ledger.errors import Corrupt
from ledger.files import read_bounded
from ledger.said import Said
from ledger.shipped import HELP
from web.i18n import language

SECTIONS: Final = {
    "now": "stop",
    "rollbacks": "rollback",
    "review": "review",
    "silences": "silences",
    "connections": "connections",
    "timeline": "timeline",
    "entries": "timeline",
    "audit": "verify",
    "artefacts": "timeline",
    "setup": "setup",
    "people": "people",
    "access": "people",
    "signin": "people",
}
"""Blueprint of a page -> the section about it; other pages lead to the beginning."""
_LARGEST: Final = 256 * 1024
_NAME: Final = re.compile(r"<!-- #([a-z]+) -->\s*")
_READER: Final = MarkdownIt("commonmark").enable("table")
blueprint = Blueprint("help", __name__)


class Section(NamedTuple):
    """One heading of the second level and where it is."""

    name: str
    title: str


class Page(NamedTuple):
    """A page of help, rendered."""

    title: str
    sections: tuple[Section, ...]
    body: Markup


@blueprint.record_once
def _links(setup: Any) -> None:
    app: Flask = setup.app
    app.jinja_env.globals.update(help_here=help_here)


def help_here() -> str:
    """Where the help about the page of this request is."""
    return url_for("help.show", _anchor=SECTIONS.get(request.blueprint or ""))


@blueprint.get("/help")
def show() -> str:
    """All of it, in the language of the request."""
    return render_template("help.html", page=page(HELP / f"{language()}.md"))


@lru_cache(maxsize=4)
def page(file: Path) -> Page:
    """The file's page. It ships with the code and does not change while that runs."""
    return render(read_bounded(file, _LARGEST).decode())


def render(text: str) -> Page:
    """Markdown to a page: the title apart, headings named, tables in boxes that scroll by themselves."""
    tokens = list(_named(_READER.parse(text)))
    title, body = tokens[1].content, tokens[3:]
    sections = tuple(
        Section(str(token.attrGet("id")), body[at + 1].content)
        for at, token in enumerate(body)
        if token.type == "heading_open"
    )
    html = _READER.renderer.render(body, _READER.options, {})
    boxed = html.replace("<table>", '<div class="scroll" tabindex="0"><table>').replace("</table>", "</table></div>")
    return Page(title, sections, Markup(boxed))  # noqa: S704 - our own file, and no HTML in it


def _named(tokens: list[Token]) -> Iterator[Token]:
    """The tokens without the comments, whose names the headings after them get."""
    name = ""
    for token in tokens:
        if token.type == "html_block" and (found := _NAME.fullmatch(token.content)):
            name = found[1]
            continue
        if token.type == "html_block" or any(child.type == "html_inline" for child in token.children or ()):
            raise Corrupt(Said("the page of help holds HTML: {}", token.content[:80]))
        if token.type == "heading_open" and name:
            token.attrSet("id", name)
            name = ""
        yield token
