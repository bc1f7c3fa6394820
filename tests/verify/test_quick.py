"""The quick reader and the slow one read alike: what the quick one takes, the slow one says too, to the last field."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.domain.event import format_time
from ledger.domain.events import EVENTS
from ledger.domain.flags import FLAGS
from ledger.domain.record import format_body
from ledger.errors import Corrupt
from ledger.proof.canonical import format_canonical
from ledger.proof.entry import GENESIS, seal_entry
from ledger.verify.quick import _SHAPES, read_quickly
from ledger.verify.reading import read_entry
from tests.domain.test_events import JSON, KINDS, NEWEST, TEXTS, WHOLE, events, example, record_of

from .builders import KEY, ORIGIN, STAGE, Ledger, honest

CURRENT = [kind for kind in KINDS if kind.version == NEWEST[kind.status]]
EARLIER = [kind for kind in KINDS if kind not in CURRENT]
STATUSES = [kind.status for kind in CURRENT]
PLACES = st.sampled_from([("INC-1", 3), ("", 0)])
MARKS = st.lists(TEXTS, unique=True, max_size=3).map(lambda texts: tuple(sorted(texts)))
SYSTEMS = st.none() | st.dictionaries(st.text("abc", min_size=1, max_size=3), JSON, min_size=1, max_size=3)
ODD = JSON | st.sampled_from(["", [], {}, 0, 1.0, -0.5, 2**53, 2**70, "24:00", "INC-1"])
FEW = settings(max_examples=20, deadline=None)


def line_of(record):
    body = format_body(record, stage=STAGE, origin=ORIGIN, incident="INC-1", flags=dict.fromkeys(FLAGS, True))
    return seal_entry(body, origin=ORIGIN, sequence=7, previous=GENESIS, key=KEY)


def agree(raw):
    """What the quick reader says, None where it leaves the line to the slow one."""
    quick = read_quickly(raw)
    try:
        slow = read_entry(raw)
    except (Corrupt, RecursionError):
        assert quick is None, raw
        return None
    assert quick is None or (quick == slow and repr(quick) == repr(slow))  # 1 == True, but not in writing
    return quick


def places(value):
    """Every table and list inside a parsed line."""
    if isinstance(value, dict | list):
        yield value
        for inner in value.values() if isinstance(value, dict) else value:
            yield from places(inner)


@FEW
@pytest.mark.parametrize("kind", CURRENT, ids=STATUSES)
@given(data=st.data())
def test_whatever_this_build_writes_is_taken(kind, data):
    rollback, number = data.draw(PLACES)
    record = record_of(data.draw(events(kind)), rollback=rollback, rollback_entry=number)
    record = record._replace(marks=data.draw(MARKS), os=data.draw(SYSTEMS))
    record = record._replace(at=record.at + timedelta(microseconds=data.draw(st.sampled_from([0, 1]))))
    found = agree(line_of(record))
    assert found is not None and found.record == record


def test_a_whole_rollback_is_taken():
    assert all(agree(line) for line in honest(1))


@settings(max_examples=30, deadline=None)
@pytest.mark.parametrize("kind", CURRENT, ids=STATUSES)
@given(data=st.data())
def test_one_thing_changed_is_read_alike_or_left(kind, data):
    """Anything added, taken away or put in the place of something else, canonical or not."""
    record = record_of(example(kind), marks=("a",), os={"uid": 7})
    body = json.loads(line_of(record))
    where = data.draw(st.sampled_from(list(places(body))))
    keys = sorted(where) if isinstance(where, dict) else list(range(len(where)))
    key = data.draw(st.sampled_from([*keys, "origin", "ü"] if isinstance(where, dict) else keys or [0]))
    if data.draw(st.booleans()) and keys and key in keys:
        del where[key]
    elif isinstance(where, dict) or key < len(where):
        where[key] = data.draw(ODD)
    whole = json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    agree(whole.encode("utf-8", "replace"))


@pytest.mark.parametrize("kind", CURRENT, ids=STATUSES)
@pytest.mark.parametrize("value", ["", None, [], 0, {}, 1.0, 2**53, False], ids=str)
def test_an_empty_or_unfit_field_is_read_alike_or_left(kind, value):
    body = json.loads(line_of(record_of(example(kind))))
    for part in (body, body["metadata"], body["artefacts"], body["chain"], body["signature"], body["runtime_flags"]):
        for name in [*part, "marks", "os", "wall_time", "step", "origin"]:
            before = part.copy()
            part[name] = value
            agree(json.dumps(body, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode())
            part.clear()
            part |= before


@pytest.mark.parametrize("byte", [b"", b'"', b"\\", b"\n", b"\x7f", b"\xff", b" ", b"0", b"a", b",", b"}"])
def test_every_byte_changed_is_read_alike_or_left(byte):
    for line in (honest(1)[9], line_of(record_of(example(CURRENT[0]), os={"a": 1}, marks=("ü",)))):
        for at in range(len(line)):
            agree(line[:at] + byte + line[at + 1 :])
            agree(line[:at] + byte + line[at:])


def test_tables_are_looked_into():
    """A table may hold anything, so neither floats, large numbers nor foreign letters in a key show by its form."""
    ledger = Ledger().open()
    plain = json.loads(ledger.lines[-1])
    for inside in ({"a": 1.5}, {"a": [2**53]}, {"ü": 1}, {"a": {"b": -(2**60)}}):
        plain["metadata"]["os"] = inside
        raw = json.dumps(plain, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
        assert agree(raw) is None
    plain["metadata"]["os"] = {"a": [1, {"b": "ü"}]}
    assert agree(format_canonical(plain)) is not None


def test_times_have_one_form():
    plain = json.loads(honest(1)[9])
    for text in ("2026-11-23T05:00:00.123456Z", "2026-11-23 05:00:00.123456+00:00", "2026-11-23T24:00:00.000000+00:00"):
        plain["timestamp"] = text
        assert agree(format_canonical(plain)) is None


@pytest.mark.parametrize(
    ("part", "name", "value"),
    [
        ("signature", "value", "ü"),
        ("signatures", "ledger.chain", "hmac:ü"),
        ("metadata", "marks", ["b", "a"]),
        ("metadata", "marks", ["a", "a"]),
        ("metadata", "wall_time", "2026-11-23T03:00:00.000001+00:00"),  # the timestamp itself
        ("metadata", "text", "x" * 70_000),
    ],
)
def test_what_is_of_its_type_and_yet_wrong_is_left(part, name, value):
    plain = json.loads(line_of(record_of(example(EVENTS["note_added", 1]))))
    assert agree(format_canonical(plain)) is not None
    plain[part][name] = value
    assert agree(format_canonical(plain)) is None


@FEW
@pytest.mark.parametrize("kind", EARLIER, ids=[f"{kind.status}-{kind.version}" for kind in EARLIER])
@given(data=st.data())
def test_an_entry_written_before_its_kind_grew_is_taken_too(kind, data):
    record = record_of(data.draw(events(kind)))
    found = agree(line_of(record))
    assert found is not None and found.record == record


def test_a_status_that_nobody_knows_is_left_and_not_remembered():
    plain = json.loads(honest(1)[9])
    before = len(_SHAPES)
    for number in range(5):
        plain["status"] = f"unheard_of_{number}"
        assert agree(format_canonical(plain)) is None
    assert len(_SHAPES) == before


@FEW
@given(WHOLE, st.datetimes())
def test_what_is_counted_is_in_bounds(number, moment):
    plain = json.loads(honest(1)[9])
    plain["chain"]["sequence"], plain["metadata"]["wall_time"] = number, format_time(moment.astimezone())
    agree(format_canonical(plain))
