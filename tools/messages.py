"""``make messages``: bring the Polish texts in ``web/locale/pl`` up to the texts that there are, and keep what is said.

One small file for each room of the project, named after it (``watching.po`` for ``ledger/domain/watching``). A new text
gets an entry with nothing in its ``msgstr``; a text that moves takes its translation along. A sentence of the ledger
that is not composed any more is moved to the end of ``earlier.po``, which only grows: entries keep the sentences of
their day, and pages still translate them. Exit status 1 where a text has no translation.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, NamedTuple

from babel.messages.pofile import escape, unescape

from tools.texts import ROOT, ledger_texts, page_texts

FOLDER: Final = ROOT / "web" / "locale" / "pl"
EARLIER: Final = "earlier"
"""The file of what the ledger said before: entries are only ever added."""
HEADER: Final = "\n".join(
    (
        'msgid ""',
        'msgstr ""',
        '"Language: pl\\n"',
        '"Plural-Forms: nplurals=3; plural=(n==1 ? 0 : n%10>=2 && n%10<=4 && (n%100<10 || n%100>=20) ? 1 : 2);\\n"',
        '"Content-Type: text/plain; charset=utf-8\\n"',
        '"Content-Transfer-Encoding: 8bit\\n"',
    )
)
_FORMS = 3
"""Plural forms of Polish."""


class Text(NamedTuple):
    """What names an entry."""

    context: str
    """``ledger`` for what the ledger composes, ``""`` for what pages say themselves."""
    one: str
    many: str = ""


class Merged(NamedTuple):
    """Catalogues brought up to date, and what was found."""

    files: Mapping[str, str]
    """Room -> the whole file."""
    missing: tuple[Text, ...]
    """Texts without a translation, new or left from before."""
    gone: tuple[Text, ...]
    """Entries whose text is not there any more."""


def wanted() -> dict[Text, str]:
    """Every text that a page can show -> the file that it is in."""
    pages = {Text("", singular, many): where.partition(":")[0] for (singular, many), where in page_texts().items()}
    return pages | {Text("ledger", text): where for text, where in ledger_texts().items()}


def room(where: str) -> str:
    """The file for the texts of a place: its folder, or where there is only one the folder above."""
    parts = Path(where).parts[:-1]
    if parts[:1] == ("ledger",):
        return parts[2] if len(parts) > 2 else parts[1] if len(parts) > 1 else "ledger"
    return parts[0] if parts else "words"


def merge(files: Mapping[str, str], texts: Mapping[Text, str]) -> Merged:
    """The catalogues of ``files`` (room -> content) with exactly ``texts``, whose values name their places."""
    earlier = {_named(entry): entry for entry in _entries(files.get(EARLIER, HEADER))}
    had = {_named(entry): entry for name in files if name != EARLIER for entry in _entries(files[name])}
    rooms: dict[str, list[str]] = {}
    for name, where in sorted(texts.items(), key=lambda item: (item[1], item[0])):
        entry = had.get(name) or earlier.get(name) or _format(name)
        rooms.setdefault(room(where), []).append(f"#: {where}\n{_bare(entry)}")
    gone = tuple(name for name in had if name not in texts)
    for name in gone:
        if name.context and not _is_empty(had[name]):
            earlier.setdefault(name, _bare(had[name]))
    contents = {name: _content(entries) for name, entries in rooms.items()}
    if earlier:
        contents[EARLIER] = _content(earlier.values())
    empty = tuple(_named(entry) for entries in rooms.values() for entry in entries if _is_empty(entry))
    return Merged(contents, empty, gone)


def _entries(content: str) -> list[str]:
    return [entry for entry in content.rstrip("\n").split("\n\n") if _named(entry).one]


def _content(entries: Iterable[str]) -> str:
    return "\n\n".join([HEADER, *entries]) + "\n"


def _bare(entry: str) -> str:
    """Without its place."""
    return "\n".join(line for line in entry.split("\n") if not line.startswith("#:"))


def _named(entry: str) -> Text:
    """The text of an entry, each of whose strings stands on one line."""
    strings = dict(re.findall(r'^(msgctxt|msgid|msgid_plural) (".*")$', entry, re.MULTILINE))
    plain = {name: unescape(value) for name, value in strings.items()}
    return Text(plain.get("msgctxt", ""), plain.get("msgid", ""), plain.get("msgid_plural", ""))


def _is_empty(entry: str) -> bool:
    return any(value == '""' for value in re.findall(r"^msgstr(?:\[\d\])? (.*)$", entry, re.MULTILINE))


def _format(name: Text) -> str:
    lines = []
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


def read(folder: Path) -> dict[str, str]:
    """Room -> content of its file."""
    return {path.stem: path.read_text("utf-8") for path in sorted(folder.glob("*.po"))}


def main(folder: Path = FOLDER) -> int:
    """Write the catalogues where they change, and say what is left to do."""
    folder.mkdir(exist_ok=True)
    before, texts = read(folder), wanted()
    merged = merge(before, texts)
    for name in before.keys() - merged.files.keys():
        (folder / f"{name}.po").unlink()
    for name, content in merged.files.items():
        if content != before.get(name):
            (folder / f"{name}.po").write_text(content, "utf-8")
    for text in merged.missing:
        print(f"to translate  {folder.name}/{room(texts[text])}.po, {texts[text]}: {text.one}")
    for text in merged.gone:
        print(f"{'now earlier' if text.context else 'gone':<12}  {text.one}")
    print(
        f"{len(texts)} texts in {len(merged.files)} files, {len(merged.missing)} to translate, {len(merged.gone)} gone"
    )
    return 1 if merged.missing else 0


if __name__ == "__main__":
    sys.exit(main())
