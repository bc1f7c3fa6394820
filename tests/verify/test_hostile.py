"""Whatever the bytes are: a finding, within bounded time and memory, never an exception."""

from __future__ import annotations

import gzip
import io
import json
import random
import resource
import time
import tracemalloc

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.verify import open_log, verify

from .builders import KEY, SIGNER, Ledger, body_of, checkpoint_of, honest, join, reseal
from .conftest import check, check_all, holds, named

LINES = honest(2)
DATA = join(LINES)
NOTE = checkpoint_of(LINES)


class Endless(io.RawIOBase):
    """``size`` bytes of one line, made on demand."""

    def __init__(self, size, byte=b"["):
        self.left, self.block = size, byte * (1 << 20)

    def readable(self):
        return True

    def readinto(self, buffer):
        count = min(self.left, len(buffer), len(self.block))
        buffer[:count] = self.block[:count]
        self.left -= count
        return count


def test_an_endless_line_is_not_kept():
    tracemalloc.start()
    report = verify(io.BufferedReader(Endless(1 << 30)))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert named(report) == [("too_long", 1)] and report.findings[0].found == f"{1 << 30} bytes"
    assert report.bytes_read == 1 << 30 and peak < 8 << 20


def test_an_endless_line_between_entries():
    data = join(LINES[:20]) + b"x" * 200_000 + b"\n" + join(LINES[20:])
    assert named(check_all(data, LINES)) == [("too_long", None)]
    data = join(LINES[:20]) + b"x" * 200_000 + b"\n" + join(LINES[21:])
    assert named(check_all(data, LINES)) == [("too_long", 21)]


@pytest.mark.parametrize(
    "nested", [b"[" * 65_000, b"[" * 500 + b"]" * 500, b'{"a":' * 10_000, b"[" * 30_000 + b"]" * 30_000]
)
def test_nested_arrays(nested):
    report = check_all([*LINES[:20], nested, *LINES[20:]], LINES)
    assert named(report) == [("foreign_line", None)]


def test_a_million_nested_arrays():
    assert named(check(b"[" * 1_000_000 + b"\n")) == [("too_long", 1)]


def test_nested_inside_an_entry():
    line = LINES[19].replace(b'"version":1', b'"version":1,"x":' + b"[" * 900 + b"]" * 900)
    assert not check_all([*LINES[:19], line, *LINES[20:]], LINES).verified


def test_a_flood_of_nonsense_is_bounded():
    start = time.process_time()
    tracemalloc.start()
    report = check_all(b"nonsense\n" * 20_000 + b"\n" * 20_000 + DATA, LINES)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert not report.verified and report.findings_left_out > 38_000 and peak < 16 << 20
    assert time.process_time() - start < 8


def test_a_shuffled_log():
    shuffled = list(LINES)
    random.Random(1).shuffle(shuffled)
    assert not check_all(shuffled, LINES).verified


def test_a_thousand_gaps():
    lines = honest(120)
    report = check(lines[::2], max_findings=50)
    assert not report.verified and len(report.findings) <= 60 and report.findings_left_out


def test_findings_beyond_the_limit_still_count():
    report = check_all([line.replace(b"req-", b"rex-") for line in LINES], LINES, max_findings=1)
    assert not report.verified and report.findings_left_out
    assert report.findings[-1].cause == "root_differs"
    assert not check_all([line.replace(b"req-", b"rex-") for line in LINES], LINES, max_findings=0).verified


def test_a_zip_bomb_is_read_in_pieces(tmp_path):
    path = tmp_path / "bomb.gz"
    path.write_bytes(gzip.compress(b"[" * (256 << 20), 6))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with open_log(str(path)) as stream:
        assert named(verify(stream)) == [("too_long", 1)]
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10


def test_texts_that_look_like_signatures():
    bait = (
        '"signature":{"algorithm":"HMAC-SHA256","key_id":"x","value":"AA=="},"signatures":{"ledger.chain":"hmac:AA=="}'
    )
    ledger = Ledger().open()
    body = body_of(ledger.lines[-1])
    body["status"], body["tags"] = bait, [bait, "}," + bait]
    body["metadata"] |= {"claims": json.loads("{" + bait + "}"), "text": bait, "role": bait}
    ledger.seal_body(body)
    assert holds(check(ledger.lines, hmac_keys=[KEY]))


def test_unknown_kinds_and_people_in_great_number():
    ledger = Ledger().open()
    for number in range(100):
        body = body_of(ledger.lines[-1])
        body["status"] = f"unknown_{number}"
        body["metadata"]["auth"] = f"auth-{number}"
        ledger.seal_body(body)
    report = check(ledger.lines)
    assert holds(report) and report.unknown_events == 100 and len(report.people) <= 33


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | st.text(max_size=8).filter(str.isprintable),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=4,
)
FAST = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


@FAST
@given(st.integers(1, len(LINES)), st.data())
def test_nonsense_that_is_signed(number, data):
    """Any field of any entry replaced by any JSON: a finding or nothing, never an exception."""
    body = body_of(LINES[number - 1])
    part = data.draw(st.sampled_from([body, body["metadata"], body["artefacts"], body["runtime_flags"]]))
    part[data.draw(st.sampled_from(sorted(part)))] = data.draw(JSON)

    def change(old):
        old.clear()
        old.update(body)

    try:
        forged = reseal(LINES, number, change)
    except Exception:
        return
    check_all(forged, LINES)
    assert forged == list(LINES) or not check_all(forged, LINES).verified


@FAST
@given(st.data())
def test_bytes_that_differ_are_never_verified(data):
    raw = bytearray(DATA)
    for _ in range(data.draw(st.integers(1, 4))):
        at, length = data.draw(st.integers(0, len(raw))), data.draw(st.integers(0, 40))
        raw[at : at + length] = data.draw(st.binary(max_size=40))
    verdict = check_all(bytes(raw), LINES)
    assert verdict.verified == (bytes(raw) == DATA)
    check(bytes(raw))


@FAST
@given(st.lists(st.integers(0, len(LINES) - 1), max_size=70), st.booleans())
def test_lines_in_any_arrangement(order, whole):
    lines = [LINES[index] for index in order]
    if whole:
        lines = [*LINES[:30], *lines[:4], *LINES[30:]]
    report = check_all(lines, LINES)
    assert report.verified == (lines == list(LINES))
    assert report.entries <= len(LINES)


@FAST
@given(st.binary(max_size=400), st.binary(max_size=200))
def test_any_bytes(data, note):
    assert not check(data, checkpoint=note, verifier=SIGNER.verifier, hmac_keys=[KEY]).verified


def test_a_signed_entry_of_great_length():
    ledger = Ledger().open()
    body = body_of(ledger.lines[-1])
    body["metadata"]["host"] = "x" * 64_000
    ledger.seal_body(body)
    assert holds(check(ledger.lines, hmac_keys=[KEY]))
