"""Every figure of a review's JSON, counted again from the exported ``stage4.jsonl`` alone."""

from __future__ import annotations

import json

import pytest

from ledger.app.reading.timeline import Timeline
from ledger.app.review.as_json import review_json
from ledger.app.review.post_mortem import review

from .recount import Recount, field, points, seconds, sequence, written
from .stories import STORIES, alarmed
from .story import INC, Kept, kept


@pytest.fixture(scope="module", params=STORIES)
def story(request, tmp_path_factory):
    """Each story once; the tests only read."""
    with kept(tmp_path_factory.mktemp(request.param)) as made:
        STORIES[request.param](made)
        yield made


@pytest.fixture(scope="module")
def told(story):
    """A story's JSON, as it would be read from a file, and the exported entries."""
    return json.loads(json.dumps(review_json(story.review()))), story.exported()


def test_each_time_stands_in_the_field_of_the_entry_that_it_names(told):
    page, entries = told
    found = list(points({name: page[name] for name in page if name != "timeline"}))
    assert len(found) > 4
    for point in found:
        assert point["at"] == field(entries[point["entry"] - 1], point["field"])


def test_each_figure_is_the_difference_of_the_times_beside_it(told):
    page, _ = told
    end = page["up_to"]["at"]
    for one in page["durations"]:
        stop = one["to"]["at"] if one["to"] else end
        assert one["seconds"] == (None if one["state"] == "never" else seconds(one["from"]["at"], stop))
    for one in page["spans"]:
        assert one["seconds"] == seconds(one["from"]["at"], one["to"]["at"] if one["to"] else end)
    for one in page["steps"]:
        bars = [span["seconds"] for span in page["spans"] if span["lane"] == f"step_{one['step']}"]
        assert one["took_seconds"] == sum(bars)
        assert one["waited_seconds"] == (one["due"] and seconds(one["due"]["at"], one["began"]["at"]))
    for one in page["debts"]:
        assert one["seconds"] == (one["paid"] and seconds(one["since"]["at"], one["paid"]["at"]))


def test_a_script_that_reads_the_lines_comes_to_the_same(told):
    page, entries = told
    again = Recount(entries, INC, page["up_to"]["at"])
    assert again.durations() == {
        one["code"]: (one["state"], one["seconds"], one["from"]["entry"], one["to"] and one["to"]["entry"])
        for one in page["durations"]
    }
    assert again.attempts() == [(one["step"], one["number"], one["verdict"], one["entry"]) for one in page["attempts"]]
    assert again.held() == bars(page, "scheduler_held")
    held = [one["seconds"] for one in page["spans"] if one["lane"] == "scheduler_held"]
    assert page["override_in_place_seconds"] == (sum(held) if held else None)
    assert again.silenced() == bars(page, "alerts_silenced")
    assert again.gaps() == [
        (one["label"], one["from"]["at"], one["to"]["at"]) for one in page["spans"] if one["lane"] == "not_observed"
    ]
    owed = [(one["code"], one["since"]["entry"], one["paid"] and one["paid"]["entry"]) for one in page["debts"]]
    assert again.owed() == owed
    assert (page["closed"] or 0) == again.close
    left = {one["seen"]["entry"]: one["settled"] and one["settled"]["entry"] for one in page["deviations"]}
    assert again.left().items() <= left.items()


def bars(page, lane):
    return [(one["from"]["entry"], one["to"] and one["to"]["entry"]) for one in page["spans"] if one["lane"] == lane]


def test_the_timeline_and_the_evidence_are_the_lines_own(told):
    page, entries = told
    own = [one for one in entries if one["metadata"].get("rollback") == INC]
    assert page["entries"] == len(own)
    assert [(one["entry"], one["at"], one["by"], one["code"]) for one in page["timeline"]] == [
        (sequence(one), written(one), one["metadata"]["actor"], one["status"]) for one in own
    ]
    named = {
        (sequence(one), value) for one in own for name, value in one["artefacts"].items() if name.endswith("_sha384")
    }
    assert {(one["entry"], one["sha384"]) for one in page["evidence"]} == named


def test_alerts_name_the_artefact_that_they_stand_in(installation):
    story = Kept(installation)
    alarmed(story)
    page = review_json(story.review())
    alerts = [one for one in page["spans"] if one["lane"] == "alert"]
    assert [one["label"] for one in alerts] == ["MultiStrategyPnlDrawdown", "MultiStrategySecondaryDelay"]
    for one in alerts:
        rows = json.loads(installation.artefacts.get(one["artefact"]))["all_alerts"]
        row = next(row for row in rows if row["name"] == one["label"])
        assert one["seconds"] == seconds(row["active_at"], row["last_seen"])
        entry = story.exported()[one["from"]["entry"] - 1]
        assert entry["artefacts"]["report_sha384"] == one["artefact"]


def test_json_is_in_no_language(installation):
    story = Kept(installation)
    STORIES["drift"](story)
    typed = {story.rollback.reason, "it must stay"}
    page = review_json(story.review())
    page["attempts"] = [{**one, "reasons": []} for one in page["attempts"]]
    assert [text for text in texts(page) if " " in text and text not in typed] == ["stage4-ledger review v2"]


def texts(value):
    if isinstance(value, str):
        yield value
    assert not isinstance(value, float)
    for item in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from texts(item)


def test_with_and_without_the_timelines_file_it_says_the_same(story):
    timeline = Timeline(story.installation)
    assert timeline.wait(30).ready
    assert review(story.installation, story.rollback, timeline) == story.review()


def test_with_the_timelines_file_nothing_else_is_read(story, monkeypatch):
    timeline = Timeline(story.installation)
    timeline.wait(30)
    monkeypatch.setattr(story.installation.ledger, "records", lambda *_: pytest.fail("it read on and on"))
    read = []
    numbered = story.installation.ledger.log.numbered
    monkeypatch.setattr(story.installation.ledger.log, "numbered", lambda found: read.extend(found) or numbered(found))
    told = review(story.installation, story.rollback, timeline)
    assert read[: len(told.timeline)] == [one.entry for one in told.timeline]
    assert len(read) < len(told.timeline) + 5


def test_a_timelines_file_that_lost_an_entry_is_not_believed(installation):
    story = Kept(installation)
    STORIES["straight"](story)
    timeline = Timeline(installation)
    timeline.catch_up()
    with timeline.store._connected() as connection:
        connection.execute("DELETE FROM entries WHERE rollback = ? AND step = 4", (INC,))
    assert review(installation, story.rollback, timeline) == story.review()
