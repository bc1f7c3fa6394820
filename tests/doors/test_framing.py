"""Where a body ends, however it is cut into pieces; what is no body is refused."""

from __future__ import annotations

from itertools import pairwise

import pytest
from gunicorn.http.errors import ParseException
from hypothesis import given
from hypothesis import strategies as st

from web.framing import Chunks, Length

BODIES = st.lists(st.binary(min_size=1, max_size=40), max_size=6)
EXTENSIONS = st.sampled_from((b"", b";a=b", b' ; a="\x01"', b";" + b"x" * 300))
TRAILERS = st.sampled_from((b"", b"A: b\r\n", b"A: b\r\nC: d\r\n"))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[begin:end] for begin, end in pairwise(at)]


def fed(framing, data: bytes, cuts: list[int]) -> bytes:
    rest = b""
    for piece in pieces(data, cuts):
        rest += framing.feed(piece) if not framing.done else piece
    return rest


@given(st.binary(max_size=100), st.binary(max_size=20), st.lists(st.integers(0, 200)))
def test_a_length_ends_a_body_wherever_it_is_cut(body, behind, cuts):
    framing = Length(len(body))
    assert fed(framing, body + behind, cuts) == behind
    assert framing.done and framing.kept.getvalue() == body


@given(BODIES, EXTENSIONS, TRAILERS, st.binary(max_size=20), st.lists(st.integers(0, 900)))
def test_chunks_end_a_body_wherever_they_are_cut(parts, extension, trailers, behind, cuts):
    wire = b"".join(b"%x%s\r\n%s\r\n" % (len(part), extension, part) for part in parts)
    wire += b"0\r\n" + trailers + b"\r\n"
    framing = Chunks()
    assert fed(framing, wire + behind, cuts) == behind
    assert framing.done and framing.kept.getvalue() == b"".join(parts) and framing.read == len(b"".join(parts))


@pytest.mark.parametrize(
    "wire",
    [
        b"\r\n",
        b"g\r\n",
        b"-1\r\n",
        b"+1\r\nx\r\n",
        b"0x1\r\nx\r\n",
        b"1 \r\nx\r\n",
        b"1\nx\n",
        b"1;\rx\r\n",
        b"1\r\nxy\r\n",
        b"1\r\nx\n\n",
        b"1\r\nx\rx",
        b"f" * 13 + b"\r\n",
        b"1;" + b"x" * 5000,
        b"0\r\n" + b"A: b\r\n" * 3000,
    ],
)
def test_what_is_no_chunk_is_refused_wherever_it_is_cut(wire):
    for size in (1, 2, len(wire)):
        framing = Chunks()
        with pytest.raises(ParseException):
            for at in range(0, len(wire), size):
                framing.feed(wire[at : at + size])


@given(BODIES)
def test_what_is_thrown_away_is_counted_and_not_kept(parts):
    framing = Chunks()
    framing.kept = None
    framing.feed(b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n")
    assert framing.done and framing.kept is None and framing.read == sum(map(len, parts))
