"""The Polish texts are complete, agree with the English ones, and keep the runbook's own words."""

import itertools
import re
import time
import typing

import pytest

from ledger.app.press import Press
from ledger.app.steps import opening
from ledger.domain.events import EVENTS
from ledger.domain.runbook import Verdict
from tests.dashboard.conftest import person
from tools.texts import ledger_texts, page_texts
from web.catalogue import LEDGER, catalogue, translations
from web.sentences import translate

MESSAGES = [one for one in catalogue() if one.id]
FIXED = ("disabled", "enabled", "Incident Manager", "L2 Ops", "Observability", "NOC", "override", "rollback")
ENGLISH = "the and of is are was were not with for from this that has have been which who when then there be it its"
ODRZUCONE = "połączenie odrzucone; sprawdź, czy działa i czy adres się zgadza"
REFUSED = "refused the connection: check that it runs and that the address is right"
PAGES = (
    "/",
    "/rollbacks",
    "/rollbacks/new",
    "/timeline",
    "/entries/1",
    "/audit",
    "/audit/find?q=lab",
    "/audit/find?q=nothing",
    "/people",
    "/people?person=lab-noc&do=password",
    "/access",
    "/access?person=lab-noc",
    "/help",
    "/password",
    "/setup",
    "/no",
)
RAW = {"none", "auditor"}
"""Values of fields and names for signing in: shown as they are."""
READ = "read back: valid JSON, mode 600, digest as declared"
ODCZYT = "odczytano z powrotem: poprawny JSON, uprawnienia 600, skrót zgodny z deklaracją"


def _first(message):
    return message.id[0] if isinstance(message.id, tuple) else message.id


def _texts(message):
    return list(message.string) if isinstance(message.string, tuple) else [message.string]


def test_it_has_every_text_of_pages_and_nothing_else():
    wanted = set(page_texts())
    had = {m.id if isinstance(m.id, tuple) else (m.id, "") for m in MESSAGES if m.context is None}
    assert (sorted(wanted - had), sorted(had - wanted)) == ([], [])


def test_it_has_every_sentence_of_the_ledger_and_nothing_else():
    wanted = set(ledger_texts())
    had = {m.id for m in MESSAGES if m.context == LEDGER}
    assert (sorted(wanted - had), sorted(had - wanted)) == ([], [])


def test_no_text_is_empty_or_marked_as_doubtful():
    assert [m.id for m in MESSAGES if m.fuzzy or not all(_texts(m))] == []


def test_plural_texts_have_three_forms():
    assert {len(m.string) for m in MESSAGES if isinstance(m.id, tuple)} == {3}


def test_named_places_are_the_same():
    for message in (one for one in MESSAGES if one.context is None):
        for text in _texts(message):
            assert sorted(re.findall(r"%\(\w+\)s", text)) == sorted(re.findall(r"%\(\w+\)s", _first(message)))


def test_numbered_places_are_all_there():
    wrong = []
    for message in (m for m in MESSAGES if m.context == LEDGER):
        places = re.findall(r"\{(\d?)(?::(?:said|list|word|status|bare|or|reason|known))?\}", message.string)
        wanted = list(range(message.id.count("{}")))
        if sorted(int(one) if one else number for number, one in enumerate(places)) != wanted:
            wrong.append(message.id)
        assert "" not in places or set(places) == {""}, message.id
        assert message.string.count("{") == len(places), message.id
    assert wrong == []


def test_the_runbooks_words_are_not_translated():
    for message in MESSAGES:
        for word in FIXED:
            if re.search(rf"(?<![\w-]){word}(?![\w-])", _first(message)) and "stage4 rollback" not in _first(message):
                for text in _texts(message):
                    kept = word in text or word.capitalize() in text or (word == "rollback" and "{" in text)
                    assert kept or (word == "override" and "plik" in text), (word, message.id)


def test_no_english_is_left_over():
    commands = re.compile(r"stage4 [\w-]+( [\w-]+)*|--[\w-]+|`[^`]*`|scripts/\S+|chmod \S+|X-[\w-]+|%\(\w+\)s|\{.*?\}")
    for message in MESSAGES:
        for text in _texts(message):
            left = set(re.findall(r"\w+", commands.sub("", text).lower())) & set(ENGLISH.split())
            assert not left, (left, text)
            assert "scheduler-a" not in text


@pytest.mark.parametrize(("number", "said"), [(1, "1 dzień"), (2, "2 dni"), (5, "5 dni"), (22, "22 dni"), (0, "0 dni")])
def test_days_are_counted_as_in_polish(number, said):
    assert translations("pl").ngettext("%(num)s day", "%(num)s days", number) % {"num": number} == said


@pytest.mark.parametrize(
    ("number", "said"), [(1, "artefakt"), (2, "artefakty"), (5, "artefaktów"), (12, "artefaktów"), (22, "artefakty")]
)
def test_artefacts_are_counted_as_in_polish(number, said):
    assert translations("pl").ngettext("%(num)s artefact", "%(num)s artefacts", number).endswith(said)


@pytest.mark.parametrize(
    ("sentence", "said"),
    [
        ("confirmed the rollback — pass", "potwierdzono rollback — spełnione"),
        ("saw /run/x.json: absent", "zaobserwowano /run/x.json: brak"),
        ("let step 2 lapse: the silence is gone", "krok 2 wygasł: wyciszenie zniknęło"),
        (
            "took in a stop from the spool: a — pass — fail",
            "przyjęto zatrzymanie z kolejki awaryjnej: a — pass — niespełnione",
        ),
        ("p-1 opened INC-1 and cannot confirm it", "INC-1 otwiera ta sama osoba (p-1), więc nie może potwierdzić"),
        ("this needs the role l2_ops or noc; p-1 holds no role", "potrzebna rola: l2_ops lub noc; p-1 nie ma żadnej"),
        (
            f"l2_ops: step 1, {READ} (last verdict: fail): stage4 rollback disable X",
            f"l2_ops: krok 1, {ODCZYT} (ostatni wynik: niespełnione): stage4 rollback disable X",
        ),
        (
            "the override /x was changed outside: a plain file, 3 bytes, mode 0644, owner ola",
            "plik override /x zmieniono z zewnątrz: zwykły plik, 3 B, uprawnienia 0644, właściciel ola",
        ),
        (
            f"alertmanager does not answer since 03:14:07 UTC: Prometheus at http://p {REFUSED}",
            f"alertmanager nie odpowiada od 03:14:07 UTC: Prometheus (http://p): {ODRZUCONE}",
        ),
    ],
)
def test_a_sentence_is_found_by_its_template(sentence, said):
    assert translate(sentence, "pl") == said
    assert translate(sentence, "en") == sentence


@pytest.mark.parametrize(
    "typed", ["pass", "the override changed", "x does not answer since 3: fail — pass", "x is absent"]
)
@pytest.mark.parametrize(
    "sentence", ["noted: {}", "waived step 4: {}", "corrected entry 3: {}", "opened the rollback of multi_strategy: {}"]
)
def test_what_people_wrote_stays_as_it_is(sentence, typed):
    assert translate(sentence.format(typed), "pl").endswith(f": {typed}")
    assert translate(sentence.format(typed), "pl") != sentence.format(typed)


@pytest.mark.parametrize("kind", EVENTS.values(), ids=lambda kind: kind.status)
def test_every_event_is_said_in_polish_whatever_it_saw(kind):
    hints = typing.get_type_hints(kind)
    texts = [name for name, hint in hints.items() if typing.get_origin(hint) is typing.Literal]
    words = {
        name: typing.get_args(hints[name]) if name in texts else ("p-1",)
        for name in re.findall(r"\{(\w+)\}", kind.sentence)
    }
    for values in itertools.product(*words.values()):
        said = kind.sentence.format(**dict(zip(words, map(str, values), strict=True)))
        assert translate(said, "pl") != said, said
        for verdict in typing.get_args(Verdict) if "verdict" in hints else ():
            whole = f"{said} — {verdict}"
            assert translate(whole, "pl") == f"{translate(said, 'pl')} — {translate(verdict, 'pl')}"


def test_an_unknown_sentence_stays_as_it_is():
    for sentence in ("Something is odd", "INC-1 is blue: perhaps", "", "file is here", "{}"):
        assert translate(sentence, "pl") == sentence


def test_ten_thousand_new_sentences_are_quick():
    begun = time.perf_counter()
    for number in range(10_000):
        translate(f"wrote the override /run/{number} (mode 0600, {number} bytes) — pass", "pl")
    assert time.perf_counter() - begun < 2


@pytest.mark.parametrize("path", PAGES)
def test_a_page_in_polish_shows_no_english_text(browser, installation, path):
    opening.open_rollback(installation, Press(person("incident_manager")), ticket="INC-7", reason="powód")
    client = browser("admin" if path.startswith(("/people", "/access")) else "incident_manager")
    client.set_cookie("lang", "pl")
    page = client.get(path, headers={"Accept": "text/html"}).get_data(as_text=True)
    assert '<html lang="pl"' in page
    seen = [text.strip() for text in re.findall(r">([^<>]+)<", page)]
    english = {one for one, _ in page_texts()} - {m.string for m in MESSAGES if m.context is None} - RAW
    assert [text for text in seen if text in english] == []
