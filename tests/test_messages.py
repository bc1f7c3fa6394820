"""The catalogue is brought up to date and loses no translation."""

from __future__ import annotations

import io

from babel.messages.pofile import read_po

from tools.messages import CATALOGUE, Text, main, merge, wanted

HEADER = 'msgid ""\nmsgstr ""\n"Language: pl\\n"'
STOP = '#: templates/now.html\nmsgid "Stop"\nmsgstr "Zatrzymaj"'
DAYS = (
    '#: web/words.py\n#, python-format\nmsgid "%(num)s day"\nmsgid_plural "%(num)s days"\n'
    'msgstr[0] "%(num)s dzień"\nmsgstr[1] "%(num)s dni"\nmsgstr[2] "%(num)s dni"'
)
WROTE = '#: ledger/a.py\n#, python-brace-format\nmsgctxt "ledger"\nmsgid "wrote {}"\nmsgstr "zapisano {0}"'
KNOWN = {
    Text("", "Stop"): "templates/now.html",
    Text("", "%(num)s day", "%(num)s days"): "web/words.py",
    Text("ledger", "wrote {}"): "ledger/a.py",
}
WHOLE = "\n\n".join([HEADER, STOP, DAYS, WROTE]) + "\n"


def without(text: Text) -> dict[Text, str]:
    return {name: where for name, where in KNOWN.items() if name != text}


def test_a_whole_catalogue_stays_byte_for_byte() -> None:
    assert merge(WHOLE, KNOWN) == (WHOLE, (), ())


def test_the_real_one_is_whole(capsys) -> None:
    assert merge(CATALOGUE.read_text("utf-8"), wanted()) == (CATALOGUE.read_text("utf-8"), (), ())
    assert main() == 0 and "0 to translate, 0 set aside" in capsys.readouterr().out


def test_a_new_text_stands_beside_those_of_its_file_with_nothing_said() -> None:
    new = Text("", 'The "stop"')
    merged = merge(WHOLE, KNOWN | {new: "templates/now.html"})
    assert merged.missing == (new,) and merged.gone == ()
    entry = '#: templates/now.html\nmsgid "The \\"stop\\""\nmsgstr ""'
    assert merged.content == "\n\n".join([HEADER, STOP, entry, DAYS, WROTE]) + "\n"
    assert merge(merged.content, KNOWN | {new: "templates/now.html"}) == merged, "it is missing until it is translated"


def test_a_text_of_another_file_stands_with_its_context() -> None:
    new = Text("ledger", "removed {}")
    content = merge(WHOLE, KNOWN | {new: "ledger/b.py"}).content
    assert content.endswith('#: ledger/b.py\n#, python-brace-format\nmsgctxt "ledger"\nmsgid "removed {}"\nmsgstr ""\n')


def test_a_new_plural_has_three_forms_to_fill() -> None:
    new = Text("", "%(num)s hour", "%(num)s hours")
    content = merge(WHOLE, KNOWN | {new: "web/words.py"}).content
    (message,) = [one for one in read_po(io.BytesIO(content.encode()), locale="pl") if one.id == new[1:]]
    assert message.string == ("", "", "")


def test_a_text_that_is_gone_keeps_its_translation_aside_and_comes_back_with_it() -> None:
    for name in KNOWN:
        merged = merge(WHOLE, without(name))
        assert merged.gone == (name,) and merged.missing == ()
        assert len(read_po(io.BytesIO(merged.content.encode()), locale="pl")) == 2
        assert merge(merged.content, without(name)) == (merged.content, (), ())
        assert merge(merged.content, KNOWN).content == WHOLE
