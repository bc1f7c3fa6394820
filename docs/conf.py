"""The documentation as a site (``make docs``): Sphinx with Markdown, nothing that is loaded from elsewhere."""

from __future__ import annotations

from typing import Any

from pygments.lexers.special import TextLexer

project = "Stage4 Ledger"
copyright = "Stage4 Ledger"  # noqa: A001 - Sphinx's name
language = "en"
extensions = ["myst_parser"]
root_doc = "index"
html_theme = "furo"
html_title = "Stage4 Ledger"
html_copy_source = False
html_show_sourcelink = False
html_show_sphinx = False
html_static_path = ["site.css"]
html_css_files = ["site.css"]
myst_heading_anchors = 4
suppress_warnings: list[str] = []  # strict: what is wrong ends the build


def setup(app: Any) -> None:
    """A diagram is shown as its text: its own program would have to be loaded from elsewhere."""
    app.add_lexer("mermaid", TextLexer)
