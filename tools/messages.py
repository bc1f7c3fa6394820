"""``make messages``: bring ``web/locale/pl.po`` up to the texts that there are, and keep what is translated.

A new text gets an entry beside those of the same file, with nothing in its ``msgstr``. An entry whose text is gone is
turned into comments (``#~``, as gettext's msgmerge does): its translation can be looked at, and comes back with the
text. Everything else stays byte for byte. Exit status 1 where a text has no translation, or one was set aside.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from babel.messages.pofile import escape, unescape

from tools.texts import ROOT, ledger_texts, page_texts

CATALOGUE = ROOT / "web" / "locale" / "pl.po"
_GONE = "#~ "
_FORMS = 3
"""Plural forms of Polish."""


class Text(NamedTuple):
    """What names an entry."""

    context: str
    """``ledger`` for what the ledger composes, ``""`` for what pages say themselves."""
    one: str
    many: str = ""


class Merged(NamedTuple):
    """A catalogue brought up to date, and what was found."""

    content: str
    missing: tuple[Text, ...]
    """Texts without a translation, new or left from before."""
    gone: tuple[Text, ...]
    """Entries whose text is not there any more."""


def wanted() -> dict[Text, str]:
    """Every text that a page can show -> the file that it is in."""
    pages = {Text("", one, many): where.partition(":")[0] for (one, many), where in page_texts().items()}
    return pages | {Text("ledger", text): where for text, where in ledger_texts().items()}


def merge(content: str, texts: Mapping[Text, str]) -> Merged:
    """The catalogue ``content`` with exactly ``texts`` in it, whose values name their files."""
    header, *entries = content.rstrip("\n").split("\n\n")
    live = {_named(entry) for entry in entries if not _is_aside(entry)}
    kept, gone = [], []
    for entry in entries:
        name, aside = _named(entry), _is_aside(entry)
        if aside and name in texts and name not in live:
            kept.append(f"#: {texts[name]}\n{entry.replace(_GONE, '')}")
        elif aside or name in texts:
            kept.append(entry)
        else:
            gone.append(name)
            kept.append(_set_aside(entry))
    present = {_named(entry) for entry in kept if not _is_aside(entry)}
    for name, where in texts.items():
        if name not in present:
            kept.insert(_place(kept, name, where), _format(name, where))
    empty = [_named(entry) for entry in kept if not _is_aside(entry) and _is_empty(entry)]
    return Merged("\n\n".join([header, *kept]) + "\n", tuple(empty), tuple(gone))


def _named(entry: str) -> Text:
    """The text of an entry, each of whose strings stands on one line."""
    found = dict(re.findall(r'^(?:#~ )?(msgctxt|msgid|msgid_plural) (".*")$', entry, re.MULTILINE))
    plain = {name: unescape(value) for name, value in found.items()}
    return Text(plain.get("msgctxt", ""), plain.get("msgid", ""), plain.get("msgid_plural", ""))


def _is_aside(entry: str) -> bool:
    return f"{_GONE}msgid" in entry


def _set_aside(entry: str) -> str:
    """Without the place, which is none any more; flags stay in front, as gettext has them."""
    lines = [line for line in entry.split("\n") if not line.startswith("#:")]
    return "\n".join(line if line.startswith("#") else f"{_GONE}{line}" for line in lines)


def _is_empty(entry: str) -> bool:
    return any(value == '""' for value in re.findall(r"^msgstr(?:\[\d\])? (.*)$", entry, re.MULTILINE))


def _place(entries: list[str], name: Text, where: str) -> int:
    """After the last entry of the same file, else after the last of the same context."""
    alike = [at for at, one in enumerate(entries, 1) if _named(one).context == name.context]
    beside = [at for at in alike if where in entries[at - 1].partition("\n")[0].split()]
    return (beside or alike or [len(entries)])[-1]


def _format(name: Text, where: str) -> str:
    lines = [f"#: {where}"]
    if name.context and "{" in name.one:
        lines.append("#, python-brace-format")
    elif "%(" in name.one:
        lines.append("#, python-format")
    if name.context:
        lines.append(f"msgctxt {escape(name.context)}")
    lines.append(f"msgid {escape(name.one)}")
    if name.many:
        lines.append(f"msgid_plural {escape(name.many)}")
        lines += [f'msgstr[{number}] ""' for number in range(_FORMS)]
    else:
        lines.append('msgstr ""')
    return "\n".join(lines)


def main(catalogue: Path = CATALOGUE) -> int:
    """Write the catalogue where it changes, and say what is left to do."""
    before, texts = catalogue.read_text("utf-8"), wanted()
    merged = merge(before, texts)
    if merged.content != before:
        catalogue.write_text(merged.content, "utf-8")
    for name in merged.missing:
        print(f"to translate  {texts[name]}: {name.one}")
    for name in merged.gone:
        print(f"set aside     {name.one}")
    print(f"{len(texts)} texts, {len(merged.missing)} to translate, {len(merged.gone)} set aside in {catalogue.name}")
    return 1 if merged.missing or merged.gone else 0


if __name__ == "__main__":
    sys.exit(main())
