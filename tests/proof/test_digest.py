"""The one name of bytes."""

from __future__ import annotations

from ledger.digest import sha384


def test_the_digest_of_abc_is_that_of_fips_180():
    expected = "cb00753f45a35e8bb5a03d699ac65007272c32ab0eded1631a8b605a43ff5bed8086072ba1e7cc2358baeca134c825a7"
    assert sha384(b"abc") == f"sha384:{expected}"
