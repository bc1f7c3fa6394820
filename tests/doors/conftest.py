"""One server for the tests of a file; what they send is small or refused, so that none is in another's way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from .served import Served, made_home, served


@pytest.fixture(scope="module")
def here(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with served(made_home(tmp_path_factory.mktemp("doors") / "home")) as made:
        yield made


@pytest.fixture(scope="module")
def behind(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """The same, served behind a proxy."""
    with served(made_home(tmp_path_factory.mktemp("doors") / "home"), "--behind-proxy") as made:
        yield made
