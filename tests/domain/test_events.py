"""Every event has one permanent name and one form, and reads back as itself."""

from __future__ import annotations

import dataclasses
import functools
import typing
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.event import RESERVED, Event, fields_of
from ledger.domain.events import EVENTS, MODULES, format_event, parse_event
from ledger.domain.facts import Matcher
from ledger.domain.flags import FLAGS
from ledger.domain.keeping.events import LogKept, NoteAdded
from ledger.domain.people.events import PersonAdded
from ledger.domain.record import Recorded, format_body, parse_body
from ledger.errors import Corrupt
from ledger.proof.canonical import format_canonical, parse_canonical
from ledger.proof.entry import GENESIS, parse_entry, seal_entry
from ledger.said import PLACE, Said

from .builders import KEY, ORIGIN, digest
from .road import story_at

KINDS = sorted(EVENTS.values(), key=lambda kind: (kind.status, kind.version))
NEWEST = {kind.status: kind.version for kind in KINDS}
NAMES = [f"{kind.status}-{kind.version}" for kind in KINDS]
TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
WHOLE = st.integers(-(2**53) + 1, 2**53 - 1)
MOMENTS = st.datetimes(min_value=datetime(1000, 1, 1), timezones=st.just(UTC))
JSON = st.recursive(st.none() | st.booleans() | WHOLE | TEXTS, lambda inner: st.lists(inner, max_size=2), max_leaves=4)
MATCHERS = st.lists(st.builds(Matcher, TEXTS, TEXTS, st.booleans(), st.booleans()), max_size=3).map(tuple)
DIGESTS = TEXTS.map(digest)
CODES = st.sampled_from(["", "mode", "alerts_new"])


def _said(first: str, second: str, values: list[typing.Any], code: str) -> Said:
    return Said(PLACE.join((first, second, "")[: len(values) + 1]), *values, code=code)


WORDS = st.sampled_from(["", "mode is ", ", expected ", " é\u2028 ", "{", "}"])
_PLAIN = st.builds(_said, WORDS, WORDS, st.lists(TEXTS | WHOLE, max_size=2), CODES)
SENTENCES = st.builds(_said, WORDS, WORDS, st.lists(TEXTS | WHOLE | _PLAIN, max_size=2), CODES)


def values(hint: typing.Any) -> st.SearchStrategy[typing.Any]:
    """Values of a field's annotation."""
    arguments = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    if type(None) in typing.get_args(hint):
        return st.none() | values(arguments[0])
    if typing.get_origin(hint) is typing.Literal:
        return st.sampled_from(arguments)
    if typing.get_origin(hint) is dict:
        return st.dictionaries(st.text("abc", max_size=3), JSON, max_size=3)
    known = {str: TEXTS, int: WHOLE, bool: st.booleans(), datetime: MOMENTS, tuple[Matcher, ...]: MATCHERS}
    return known[hint] if hint in known else st.lists(TEXTS, max_size=3).map(tuple)


@functools.cache
def events(kind: type[Event]) -> st.SearchStrategy[Event]:
    """Events of one class; an artefact that must be there is not empty, as the ledger guarantees."""
    hints = typing.get_type_hints(kind)
    fields = {}
    for field in dataclasses.fields(kind):
        needed = field.default is dataclasses.MISSING
        strategy = values(hints[field.name])
        if field.name.endswith("_sha384"):
            strategy = DIGESTS if needed else DIGESTS | st.just("")
        elif field.name == "silence_id":
            strategy = TEXTS.filter(bool)
        elif field.name in kind.said:
            strategy = SENTENCES if hints[field.name] is str else st.lists(SENTENCES, max_size=3).map(tuple)
        fields[field.name] = strategy
    return st.builds(kind, **fields)


def record_of(event: Event, **changes: typing.Any) -> Recorded:
    at = datetime(2026, 11, 23, 3, 0, 0, 1, UTC)
    record = Recorded(event, event.status, 7, at, at, "p-1", "session", "noc", "r-1", "INC-1", 3)
    return record._replace(**changes)


def body_of(record: Recorded) -> dict[str, typing.Any]:
    return format_body(record, stage="stage4", origin=ORIGIN, incident="INC-1", flags=dict.fromkeys(FLAGS, False))


def example(kind: type[Event]) -> Event:
    """An event of the class in which every field has a value that is not its default."""
    hints = typing.get_type_hints(kind)
    return kind(**{field.name: _example(hints[field.name], field.name) for field in dataclasses.fields(kind)})


def _example(hint: typing.Any, name: str) -> typing.Any:
    arguments = [argument for argument in typing.get_args(hint) if argument is not type(None)]
    if type(None) in typing.get_args(hint):
        return _example(arguments[0], name)
    if typing.get_origin(hint) is typing.Literal:
        return arguments[0]
    if typing.get_origin(hint) is dict:
        return {"a": 1}
    known = {str: "x", int: 3, bool: True, datetime: datetime(2026, 1, 2, tzinfo=UTC)}
    known[tuple[Matcher, ...]] = (Matcher("a", "b"),)
    return digest(name) if name.endswith("_sha384") else known.get(hint, ("x",))


def test_every_class_is_registered_under_a_name_of_its_own():
    defined = {
        value.__name__
        for module in MODULES
        for value in vars(module).values()
        if isinstance(value, type) and issubclass(value, Event) and value is not Event
    }
    assert defined == {kind.__name__ for kind in KINDS}
    assert len(set(NAMES)) == len(NAMES) == len(EVENTS)


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_class_is_named_after_its_event_and_keeps_off_the_envelopes_names(kind):
    words = "".join(word.capitalize() for word in kind.status.split("_"))
    assert kind.__name__ == words + ("" if kind.version == NEWEST[kind.status] else str(kind.version))
    names = {field.name for field in dataclasses.fields(kind)}
    assert not names & (RESERVED | {"incident_id", "origin"})


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_the_sentence_names_only_fields_that_are_there(kind):
    assert kind.sentence.format(**{field.name: "…" for field in dataclasses.fields(kind)})
    assert not kind.decides or (
        "verdict" in {field.name for field in dataclasses.fields(kind)} and kind.step is not None
    )


@settings(max_examples=25)
@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
@given(data=st.data())
def test_an_event_reads_back_as_itself_alone_and_in_its_entry(kind, data):
    event = data.draw(events(kind))
    artefacts, metadata = format_event(event)
    again = parse_canonical(format_canonical({**artefacts, **metadata}))
    assert parse_event(kind, again) == event and not artefacts.keys() & metadata.keys()
    assert format_event(parse_event(kind, again)) == (artefacts, metadata), "sentences keep their values"

    rollback_id, number = data.draw(st.sampled_from([("", 0), ("INC-1", 4)]))
    record = record_of(
        event, rollback=rollback_id, rollback_entry=number, os=data.draw(st.none() | st.just({"uid": 0}))
    )
    entry = parse_entry(seal_entry(body_of(record), origin=ORIGIN, sequence=7, previous=GENESIS, key=KEY))
    assert parse_body(entry.sequence, entry.timestamp, entry.body) == record


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_a_field_unknown_missing_or_of_another_type_is_corrupt(kind):
    artefacts, metadata = format_event(example(kind))
    fields = artefacts | metadata
    assert fields.keys() == {field.name for field in dataclasses.fields(kind)}
    with pytest.raises(Corrupt, match="unknown more"):
        parse_event(kind, fields | {"more": 1})
    for field in fields_of(kind):
        rest = {name: value for name, value in fields.items() if name != field.name}
        if not field.optional:
            with pytest.raises(Corrupt, match=f"{field.name} is missing"):
                parse_event(kind, rest)
        for wrong in (1.5, None, [[1]], object(), {"a"}, b"x"):
            with pytest.raises(Corrupt, match=rf"^{kind.status}: {field.name}: "):
                parse_event(kind, rest | {field.name: wrong})


@pytest.mark.parametrize("kind", KINDS, ids=NAMES)
def test_an_empty_optional_field_is_left_out_and_corrupt_where_it_stands(kind):
    full = example(kind)
    for field in fields_of(kind):
        if not field.optional:
            continue
        artefacts, metadata = format_event(dataclasses.replace(full, **{field.name: field.default}))
        assert field.name not in artefacts | metadata
        standing = [] if field.default == () else field.default
        with pytest.raises(Corrupt, match=field.name):
            parse_event(kind, artefacts | metadata | {field.name: standing})


@pytest.mark.parametrize(
    "moment",
    ["2026-01-01T00:00:00+00:00", "2026-01-01T00:00:00.000000Z", "2026-01-01", "now", 0, "2026-01-01T00:00:00.000001"],
)
def test_a_time_in_another_form_is_corrupt(moment):
    fields = {"text": "x", "occurred_at": moment}
    with pytest.raises(Corrupt, match="occurred_at"):
        parse_event(NoteAdded, fields)


@pytest.mark.parametrize("number", [True, "1", 1.0, None])
def test_a_number_of_another_kind_is_corrupt(number):
    artefacts, metadata = format_event(example(LogKept))
    with pytest.raises(Corrupt, match="exit_status"):
        parse_event(LogKept, artefacts | metadata | {"exit_status": number})


# --- the envelope ----------------------------------------------------------------------------------------------------

NOTE = record_of(NoteAdded(text="x"))


def reread(body: dict[str, typing.Any]) -> Recorded:
    return parse_body(NOTE.sequence, NOTE.timestamp, body)


@pytest.mark.parametrize(("status", "version"), [("from_the_future", 1), ("note_added", 2), ("note_added", 0)])
def test_an_unknown_name_or_version_is_readable_but_no_event(status, version):
    body = body_of(NOTE)
    body["status"] = status
    body["metadata"] |= {"version": version, "something": [1, {"else": None}]}
    assert reread(body) == NOTE._replace(event=None, status=status)


def test_what_is_unknown_cannot_be_written():
    with pytest.raises(Corrupt, match="not known to this build"):
        body_of(NOTE._replace(event=None))


WRONG = {
    "no actor": lambda body: body["metadata"].pop("actor"),
    "actor a number": lambda body: body["metadata"].update(actor=1),
    "no auth": lambda body: body["metadata"].pop("auth"),
    "no role": lambda body: body["metadata"].pop("role"),
    "no request": lambda body: body["metadata"].pop("request_id"),
    "entry without rollback": lambda body: body["metadata"].pop("rollback"),
    "rollback without entry": lambda body: body["metadata"].pop("rollback_entry"),
    "entry a text": lambda body: body["metadata"].update(rollback_entry="3"),
    "entry true": lambda body: body["metadata"].update(rollback_entry=True),
    "version a text": lambda body: body["metadata"].update(version="1"),
    "a step that is not its own": lambda body: body["metadata"].update(step=1),
    "another kind": lambda body: body.update(kind="snapshot"),
    "an artefact of no field": lambda body: body["artefacts"].update(more="x"),
    "an origin beside the incident": lambda body: body["artefacts"].update(origin="x"),
    "an envelope name as artefact": lambda body: body["artefacts"].update(actor="x"),
    "text also as artefact": lambda body: body["artefacts"].update(text="x"),
    "wall time a number": lambda body: body["metadata"].update(wall_time=1),
    "wall time elsewhere": lambda body: body["metadata"].update(wall_time="2026-01-01T00:00:00.000000+01:00"),
    "wall time without need": lambda body: body["metadata"].update(wall_time=body["timestamp"]),
    "os a text": lambda body: body["metadata"].update(os="root"),
    "a reserved name of no meaning": lambda body: body["metadata"].update(claimed_person="x"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_envelope_is_corrupt(name):
    body = body_of(NOTE)
    WRONG[name](body)
    with pytest.raises(Corrupt):
        reread(body)


def test_a_field_in_the_wrong_half_is_corrupt():
    body = body_of(record_of(NoteAdded(text="x", text_sha384=digest("x"))))
    body["metadata"]["text_sha384"] = body["artefacts"].pop("text_sha384")
    with pytest.raises(Corrupt):
        reread(body)


def test_the_shape_of_an_entry_is_the_designs():
    body = body_of(NOTE)
    assert body["artefacts"] == {"incident_id": "INC-1"} and body["tags"] == ["rollback"]
    assert body["metadata"].keys() == {
        "actor",
        "auth",
        "request_id",
        "role",
        "rollback",
        "rollback_entry",
        "text",
        "version",
    }
    assert set(body["runtime_flags"]) == set(FLAGS) and body["kind"] == "runbook_event"


def test_an_entry_without_rollback_names_the_ledger():
    body = body_of(record_of(PersonAdded(person="p"), rollback="", rollback_entry=0))
    assert body["artefacts"] == {"origin": ORIGIN} and "rollback" not in body["metadata"] and body["tags"] == ["ledger"]


def test_the_closing_entry_is_the_runbooks_own_snapshot():
    story = story_at("completed")
    body = parse_entry(story.lines[-1]).body
    assert (body["kind"], body["status"], body["tags"]) == ("snapshot", "rollback_completed", ["rollback"])
    assert body["artefacts"] == {"incident_id": "INC-2042", "summary_sha384": digest("summary")}
    assert body["metadata"]["duration_min"] == 16 and body["metadata"]["entries"] == body["metadata"]["rollback_entry"]
