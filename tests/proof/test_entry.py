"""The entry: sealed once, accepted by the user's own verifier, and found changed at every byte."""

from __future__ import annotations

import base64
import copy
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import Corrupt
from ledger.proof.canonical import MAX_LINE, format_canonical
from ledger.proof.entry import (
    GENESIS,
    HmacKey,
    check_signatures,
    format_time,
    link,
    parse_entry,
    parse_time,
    seal_entry,
)

from .conftest import ORIGIN

SCHEMA = {
    "$schema": "http://json-schema.org/draft-07/schema#",
    "type": "object",
    "additionalProperties": True,
    "required": ["timestamp", "stage", "status", "artefacts", "runtime_flags", "signatures"],
    "properties": {
        "kind": {"type": "string"},
        "timestamp": {"type": "string", "format": "date-time"},
        "stage": {"type": "string", "minLength": 1},
        "status": {"type": "string", "minLength": 1},
        "artefacts": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": ["string", "number", "boolean", "null"], "minLength": 1},
        },
        "runtime_flags": {"type": "object", "minProperties": 1, "additionalProperties": {"type": "boolean"}},
        "signatures": {
            "type": "object",
            "minProperties": 1,
            "additionalProperties": {"type": "string", "pattern": "^hmac:[A-Za-z0-9+/=:_-]+$"},
        },
        "metadata": {"type": "object"},
        "tags": {"type": "array", "items": {"type": "string"}, "uniqueItems": True},
    },
}
"""Decision log v2, as decision_log_v2.md states it."""


def independent_hmac(line: bytes, secret: bytes, algorithm: str) -> str:
    """The signature as the user's verifier computes it: standard library, the entry without ``signature``."""
    whole = json.loads(line)
    whole.pop("signature")
    plain = json.dumps(whole, sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    return base64.b64encode(hmac.new(secret, plain, algorithm).digest()).decode()


def accept(line: bytes, key: HmacKey, origin: str = ORIGIN) -> None:
    """Read a line as a verifier does; ``Corrupt`` where something is wrong."""
    check_signatures(parse_entry(line), key, origin)


def resealed(line: bytes, key: HmacKey, **changes: object) -> bytes:
    """The line with top-level fields replaced and signed anew by somebody who has the key but not our rules."""
    whole = json.loads(line) | changes
    whole.pop("signature")
    value = key.digest(format_canonical(whole))
    whole["signature"] = {"algorithm": key.algorithm, "key_id": key.id, "value": value}
    return format_canonical(whole)


@pytest.mark.parametrize("algorithm", ["HMAC-SHA256", "HMAC-SHA384"])
def test_what_was_sealed_is_read_back(body, algorithm):
    key = HmacKey("k", b"secret", algorithm)
    line = seal_entry(body, origin=ORIGIN, sequence=5, previous=link(b"before"), key=key)
    entry = parse_entry(line)
    check_signatures(entry, key, ORIGIN)
    assert (entry.sequence, entry.previous, entry.status) == (5, link(b"before"), "override_written")
    assert entry.timestamp == datetime(2026, 11, 23, 5, 27, 1, 123456, UTC)
    assert entry.body.items() >= body.items() and entry.metadata == body["metadata"]


def test_sealing_leaves_the_body_alone(body, key):
    before = copy.deepcopy(body)
    seal_entry(body, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)
    assert body == before


def test_the_users_schema_accepts_a_sealed_line(line):
    jsonschema.Draft7Validator(SCHEMA, format_checker=jsonschema.FormatChecker()).validate(json.loads(line))


@pytest.mark.parametrize(("algorithm", "digest"), [("HMAC-SHA256", "sha256"), ("HMAC-SHA384", "sha384")])
def test_the_users_verifier_computes_the_same_signature(body, algorithm, digest):
    key = HmacKey("stage4-2026-11", b"secret", algorithm)
    line = seal_entry(body, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)
    expected = {"algorithm": algorithm, "key_id": key.id, "value": independent_hmac(line, b"secret", digest)}
    assert json.loads(line)["signature"] == expected


def test_the_chain_is_signed_with_origin_sequence_and_previous(line, key):
    text = f"{ORIGIN}\n17\nsha384:{'0' * 96}\n".encode()
    expected = base64.b64encode(hmac.new(key.secret, text, "sha256").digest()).decode()
    assert json.loads(line)["signatures"] == {"ledger.chain": f"hmac:{expected}"}


def test_a_link_is_the_sha384_of_the_lines_bytes(line):
    assert link(line) == "sha384:" + hashlib.sha384(line).hexdigest()


def test_a_line_is_one_line(line):
    assert (
        b"\n" not in line
        and line == json.dumps(json.loads(line), sort_keys=True, ensure_ascii=False, separators=(",", ":")).encode()
    )


def replaced(line: bytes):
    """``line`` with one byte replaced, at every place, by each of a few others."""
    for at, byte in enumerate(line):
        for other in {byte ^ 1, byte ^ 0x20, byte ^ 0x80, 0x20, 0x22, 0x30, 0x5C} - {byte}:
            yield at, line[:at] + bytes([other]) + line[at + 1 :]


def test_every_changed_byte_is_found(line, key):
    key_id = line.index(b"stage4-2026-11")
    for at, changed in replaced(line):
        assert link(changed) != link(line)
        if key_id <= at < key_id + len("stage4-2026-11"):
            continue  # outside the signature in decision log v2; see the next test
        with pytest.raises(Corrupt):
            accept(changed, key)


def test_another_key_id_is_found(line, key):
    for other in (b"stage4-2026-12", b"stage4-2026-1", b""):
        with pytest.raises(Corrupt):
            accept(line.replace(b"stage4-2026-11", other), key)


def test_every_missing_or_doubled_byte_is_found(line, key):
    for at in range(len(line)):
        for changed in (line[:at] + line[at + 1 :], line[:at] + line[at : at + 1] + line[at:]):
            if changed != line and b'"stage4-2026-11"' in changed:
                with pytest.raises(Corrupt):
                    accept(changed, key)


@pytest.mark.parametrize(
    "wrong", [HmacKey("stage4-2026-11", b"another"), HmacKey("stage4-2026-11", b"a shared secret", "HMAC-SHA384")]
)
def test_another_key_or_algorithm_is_found(line, wrong):
    with pytest.raises(Corrupt):
        accept(line, wrong)


def test_an_entry_of_another_ledger_is_found(line, key):
    with pytest.raises(Corrupt, match=r"ledger\.chain"):
        accept(line, key, ORIGIN[:-1] + "0")


def test_a_sequence_signed_anew_without_its_chain_signature_is_found(line, key):
    moved = resealed(line, key, chain={"previous": GENESIS, "sequence": 18})
    with pytest.raises(Corrupt, match=r"ledger\.chain"):
        accept(moved, key)


def test_a_signature_that_is_not_ascii_is_corrupt(line, key):
    whole = json.loads(line)
    whole["signature"]["value"] = "é" * 44
    with pytest.raises(Corrupt):
        accept(format_canonical(whole), key)


def test_the_secret_does_not_show(key):
    assert "secret" not in repr(key) and "secret" not in str(key)


WRONG = {
    "no artefacts": {"artefacts": {}},
    "an empty artefact": {"artefacts": {"a": ""}},
    "a list as artefact": {"artefacts": {"a": []}},
    "artefacts as a list": {"artefacts": ["a"]},
    "no flags": {"runtime_flags": {}},
    "a flag that is a number": {"runtime_flags": {"a": 1}},
    "a flag that is null": {"runtime_flags": {"a": None}},
    "tags twice": {"tags": ["a", "a"]},
    "a tag that is a number": {"tags": [1]},
    "tags as text": {"tags": "rollback"},
    "metadata as a list": {"metadata": []},
    "an empty stage": {"stage": ""},
    "an empty status": {"status": ""},
    "a status that is a number": {"status": 7},
    "an empty kind": {"kind": ""},
    "no time": {"timestamp": "yesterday"},
    "a time with Z": {"timestamp": "2026-11-23T05:27:01.123456Z"},
    "a time elsewhere": {"timestamp": "2026-11-23T06:27:01.123456+01:00"},
    "a time without zone": {"timestamp": "2026-11-23T05:27:01.123456"},
    "a time in seconds": {"timestamp": "2026-11-23T05:27:01+00:00"},
    "a time with milliseconds": {"timestamp": "2026-11-23T05:27:01.123+00:00"},
    "a time with a blank": {"timestamp": "2026-11-23 05:27:01.123456+00:00"},
    "another field": {"more": 1},
}


@pytest.mark.parametrize("wrong", WRONG.values(), ids=WRONG.keys())
def test_a_body_that_is_no_entry_is_neither_sealed_nor_read(body, line, key, wrong):
    with pytest.raises(Corrupt):
        seal_entry(body | wrong, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)
    with pytest.raises(Corrupt):
        accept(resealed(line, key, **wrong), key)


@pytest.mark.parametrize(
    "wrong",
    [
        {"chain": {"previous": GENESIS, "sequence": 0}},
        {"chain": {"previous": GENESIS, "sequence": True}},
        {"chain": {"previous": GENESIS, "sequence": "17"}},
        {"chain": {"previous": None, "sequence": 17}},
        {"chain": {"previous": GENESIS, "sequence": 17, "more": 1}},
        {"chain": []},
        {"signatures": {}},
        {"signatures": {"ledger.chain": "hmac:"}},
        {"signatures": {"ledger.chain": "AAAA"}},
        {"signatures": {"ledger.chain": "hmac:AAAA", "other": "hmac:AAAA"}},
        {"signatures": {"ledger.chain": "hmac:AAAA\n"}},
    ],
)
def test_a_malformed_envelope_is_corrupt_even_when_signed(line, key, wrong):
    with pytest.raises(Corrupt):
        accept(resealed(line, key, **wrong), key)


@pytest.mark.parametrize(
    "signature",
    [
        {},
        [],
        None,
        {"algorithm": "HMAC-SHA256", "value": "AAAA"},
        {"algorithm": "HMAC-SHA1", "key_id": "k", "value": "AAAA"},
        {"algorithm": "none", "key_id": "k", "value": ""},
        {"algorithm": "HMAC-SHA256", "key_id": None, "value": "AAAA"},
        {"algorithm": "HMAC-SHA256", "key_id": "k", "value": None},
        {"algorithm": "HMAC-SHA256", "key_id": "k", "value": "AAAA", "more": 1},
    ],
)
def test_a_malformed_signature_is_corrupt(line, signature):
    with pytest.raises(Corrupt):
        parse_entry(format_canonical(json.loads(line) | {"signature": signature}))


@pytest.mark.parametrize("data", [b"", b"null", b"[]", b"{}", b'"text"', b"17", b"\xff"])
def test_what_is_no_object_is_corrupt(data):
    with pytest.raises(Corrupt):
        parse_entry(data)


def test_a_missing_field_is_corrupt(line):
    whole = json.loads(line)
    for name in whole:
        with pytest.raises(Corrupt, match="fields"):
            parse_entry(format_canonical({other: value for other, value in whole.items() if other != name}))


def test_the_longest_line_is_sealed_and_one_byte_more_is_not(body, key):
    empty = len(seal_entry(body | {"metadata": {"a": ""}}, origin=ORIGIN, sequence=1, previous=GENESIS, key=key))
    most = MAX_LINE - empty
    fits = seal_entry(body | {"metadata": {"a": "x" * most}}, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)
    assert len(fits) == 65_535
    accept(fits, key)
    with pytest.raises(Corrupt, match="65535"):
        seal_entry(body | {"metadata": {"a": "x" * (most + 1)}}, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)


def test_a_line_too_long_is_corrupt_before_it_is_parsed():
    with pytest.raises(Corrupt, match="longer than"):
        parse_entry(b"[" * 10_000_000)


@pytest.mark.parametrize("value", [1.5, 2.0, float("nan"), 2**53, "\ud800"])
def test_an_inexact_value_is_not_sealed(body, key, value):
    for name in ("metadata", "artefacts"):
        with pytest.raises(Corrupt):
            seal_entry(body | {name: {"a": value}}, origin=ORIGIN, sequence=1, previous=GENESIS, key=key)


@given(st.datetimes(timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30))])))
def test_a_time_comes_back(moment):
    try:
        text = format_time(moment)
    except OverflowError:
        return  # the first hours of year 1 elsewhere
    assert parse_time(text) == moment and len(text) == 32
