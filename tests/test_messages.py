"""The Polish files are brought up to date and lose no translation; what the ledger said before stays for ever."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from babel.messages.pofile import read_po

from ledger.digest import sha384
from tools import messages
from tools.messages import EARLIER, FOLDER, HEADER, Text, main, merge, read, room, wanted

STOP = '#: templates/now.html\nmsgid "Stop"\nmsgstr "Zatrzymaj"'
DAYS = (
    '#: web/words.py\n#, python-format\nmsgid "%(num)s day"\nmsgid_plural "%(num)s days"\n'
    'msgstr[0] "%(num)s dzień"\nmsgstr[1] "%(num)s dni"\nmsgstr[2] "%(num)s dni"'
)
WROTE = (
    '#: ledger/domain/stopping/a.py\n#, python-brace-format\nmsgctxt "ledger"\nmsgid "wrote {}"\nmsgstr "zapisano {0}"'
)
KNOWN = {
    Text("", "Stop"): "templates/now.html",
    Text("", "%(num)s day", "%(num)s days"): "web/words.py",
    Text("ledger", "wrote {}"): "ledger/domain/stopping/a.py",
}
WHOLE = {name: f"{HEADER}\n\n{entry}\n" for name, entry in (("templates", STOP), ("web", DAYS), ("stopping", WROTE))}
KEPT = (
    (9, "sha384:807e640b68fb3c60f230a8e883d7c6fca2bc55a4648f2e485992eb0aea12e0ef7d4ac253a87a3f03b12de708c11d84ee"),
    (15, "sha384:11ca4238ae51cf4987bf64d911708f00ff968ed0619a6bf1fa542e6fc37d73c2c5c711ad8dc0ed79ee925d8eef09894f"),
    (16, "sha384:245144e5f25c126181a32175841245dcb72977b3293049ff68ecaea650e7f7814f78f4dbe3720f623744901821d5dc94"),
    (18, "sha384:da3d4c7d094fa838f6b263aec87abe8ee8e19020e481732e1234d32f7878ffa4cff856ffc162506bd9aaf520321c4588"),
)
"""How many earlier sentences there were, and the digest of them: one pair more whenever some are added."""


def without(text: Text) -> dict[Text, str]:
    return {name: where for name, where in KNOWN.items() if name != text}


def entry(content: str, last: int = 1) -> str:
    """The last entries of a file."""
    return "\n\n".join(content.rstrip("\n").split("\n\n")[-last:])


def test_whole_files_stay_byte_for_byte() -> None:
    assert merge(WHOLE, KNOWN) == (WHOLE, (), ())


def test_the_real_ones_are_whole(capsys: pytest.CaptureFixture[str]) -> None:
    merged, files = merge(read(FOLDER), wanted()), read(FOLDER)
    assert [name for name in {*merged.files, *files} if merged.files.get(name) != files.get(name)] == []
    assert (merged.missing, merged.gone) == ((), ())
    assert main() == 0 and "0 to translate, 0 gone" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("where", "name"),
    [
        ("ledger/domain/watching/decide.py", "watching"),
        ("ledger/domain/judge.py", "domain"),
        ("ledger/app/observer/desk.py", "observer"),
        ("ledger/files.py", "ledger"),
        ("templates/rollbacks/new.html", "templates"),
        ("words", "words"),
    ],
)
def test_the_texts_of_a_room_are_one_file(where: str, name: str) -> None:
    assert room(where) == name


def test_a_new_text_stands_in_the_file_of_its_room_with_nothing_said() -> None:
    new = Text("", 'The "stop"')
    merged = merge(WHOLE, KNOWN | {new: "templates/now.html"})
    assert merged.missing == (new,) and merged.gone == ()
    assert entry(merged.files["templates"], 2) == f'{STOP}\n\n#: templates/now.html\nmsgid "The \\"stop\\""\nmsgstr ""'
    assert merge(merged.files, KNOWN | {new: "templates/now.html"}) == merged, "it is missing until it is translated"


def test_a_new_plural_has_three_forms_to_fill() -> None:
    new = Text("", "%(num)s hour", "%(num)s hours")
    content = merge(WHOLE, KNOWN | {new: "web/words.py"}).files["web"]
    (message,) = [one for one in read_po(io.BytesIO(content.encode()), locale="pl") if one.id == new[1:]]
    assert message.string == ("", "", "")


def test_a_text_that_moves_to_another_room_takes_its_translation_along() -> None:
    moved = KNOWN | {Text("ledger", "wrote {}"): "ledger/app/record/a.py"}
    merged = merge(WHOLE, moved)
    assert "stopping" not in merged.files and (merged.missing, merged.gone) == ((), ())
    assert entry(merged.files["record"]) == WROTE.replace("domain/stopping", "app/record")


def test_a_sentence_of_the_ledger_that_is_gone_is_kept_and_comes_back_with_its_translation() -> None:
    name = Text("ledger", "wrote {}")
    merged = merge(WHOLE, without(name))
    assert merged.gone == (name,) and entry(merged.files[EARLIER]) == WROTE.partition("\n")[2]
    assert merge(merged.files, without(name)) == (merged.files, (), ()), "it is told once"
    back = merge(merged.files, KNOWN)
    assert back.files["stopping"] == WHOLE["stopping"] and back.files[EARLIER] == merged.files[EARLIER]


def test_one_that_was_never_translated_and_a_text_of_a_page_are_not_kept() -> None:
    untold = WHOLE | {"stopping": WHOLE["stopping"].replace("zapisano {0}", "")}
    assert EARLIER not in merge(untold, without(Text("ledger", "wrote {}"))).files
    assert EARLIER not in merge(WHOLE, without(Text("", "Stop"))).files


def test_it_writes_the_files_and_removes_empty_rooms(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, content in WHOLE.items():
        (tmp_path / f"{name}.po").write_text(content, "utf-8")
    monkeypatch.setattr(messages, "wanted", lambda: without(Text("ledger", "wrote {}")))
    assert main(tmp_path) == 0 and "now earlier   wrote {}" in capsys.readouterr().out
    assert sorted(read(tmp_path)) == [EARLIER, "templates", "web"]


def test_what_the_ledger_said_before_only_grows() -> None:
    """Entries keep it for ever, so no entry of it is changed or removed: a pair more in KEPT for what is added."""
    path = FOLDER / f"{EARLIER}.po"
    entries = path.read_text("utf-8").rstrip("\n").split("\n\n")[1:] if path.exists() else []
    for number, digest in KEPT:
        assert sha384("\n\n".join(entries[:number]).encode()) == digest
    assert KEPT[-1][0] == len(entries), "add the new number and its digest to KEPT"
