"""Polish as a person reads it: no English inside of a sentence, no raw name of a role, no word for two things."""

from __future__ import annotations

import re

import pytest

from ledger.domain.opening.commands import DeclareEmergency
from ledger.said import Said
from tests.domain.road import opening
from web.catalogue import catalogue
from web.sentences import translate

from .stories import STORIES, late_abort
from .story import INC, Kept


@pytest.fixture
def page(browser):
    """``page("/rollbacks")``: the texts of a page in Polish, after somebody read it in English."""

    def read(path, role="noc"):
        client = browser(role)
        for tongue in ("en", "pl"):
            client.set_cookie("lang", tongue)
            text = client.get(path).text
        return re.sub(r"<[^>]+>", "", text)

    return read


@pytest.mark.parametrize(
    ("english", "polish"),
    [
        (
            "opened the rollback of multi_strategy: no reason was given with the stop",
            "otwarto rollback multi_strategy: przy zatrzymaniu nie podano powodu",
        ),
        ("opened the rollback of multi_strategy: disabled", "otwarto rollback multi_strategy: disabled"),
        ("declared an emergency: the ledger itself", "ogłoszono tryb awaryjny: the ledger itself"),
        ("aborted the rollback: as asked by entry 114", "przerwano rollback: zgodnie z wpisem 114"),
        ("announced the all-clear", "odwołano alarm"),
        ("ended the incident", "zakończono incydent"),
    ],
)
def test_what_the_ledger_put_in_place_of_a_reason_is_translated_and_what_was_typed_is_not(english, polish):
    assert translate(english, "pl") == polish


def test_how_grave_an_alert_is_is_said_in_polish_and_its_name_is_not():
    told = Said(
        "saw alerts firing at {}: {}", "07:30", "MultiStrategyLatency{carry} critical, MultiStrategyPnl warning"
    )
    said = "MultiStrategyLatency{carry} (alert krytyczny), MultiStrategyPnl (alert ostrzegawczy)"
    assert translate(told, "pl").endswith(said), translate(told, "pl")
    assert translate("a critical look", "pl") == "a critical look"


def test_how_people_were_known_is_said_in_polish():
    told = (
        "Who the people are: entries name an actor, and the ledger's server alone vouches for that. Entries by how the "
        "actor was known: 2 none (nobody: the ledger itself, or whoever opened it), 2 os (known by the operating "
        "system's login)."
    )
    said = translate(told, "pl")
    assert "nobody" not in said and "known by" not in said and "2 os (znana z logowania do systemu)" in said


def test_a_role_is_not_named_as_the_ledger_spells_it(page, installation):
    story = Kept(installation)
    story.do("im", opening(story), "")
    story.do("ops", DeclareEmergency(reason="fire"))
    text = page(f"/rollbacks/{INC}")
    assert "Incident Manager, właściciel produktu" in text, "also where a template was compiled in English"
    found = re.search(r".{60}(product_owner|incident_manager|product owner).{20}", text)
    assert not found, found


def test_the_end_of_a_rollback_that_was_given_up_is_said_in_polish(page, installation):
    late_abort(Kept(installation))
    assert "zgodnie z wpisem" in page("/timeline") and "as asked by" not in page("/timeline")
    assert "nie wykonano" in page("/rollbacks") and "otwarty" not in page(f"/rollbacks/{INC}")


def test_what_did_not_observe_is_named_in_polish(page, installation):
    STORIES["gap"](Kept(installation))
    assert re.search(r"bez obserwacji: (?!observer)", page(f"/rollbacks/{INC}/review"))


def test_sentences_have_no_gender():
    begins = re.compile(r"^(sprawdził|zakończył|zobaczył|zaakceptował|palą|pali) ")
    assert [text for one in catalogue() if isinstance(text := one.string, str) and begins.match(text)] == []
