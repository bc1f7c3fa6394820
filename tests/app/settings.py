"""A configuration with other settings, for tests that have an installation already."""

from __future__ import annotations

from typing import Any

from msgspec.structs import replace

from ledger.app.home.config import Config


def changed(config: Config, **tables: dict[str, Any]) -> Config:
    """``changed(config, prometheus={"url": "http://p"})``."""
    parts: dict[str, Any] = {name: replace(getattr(config, name), **values) for name, values in tables.items()}
    return replace(config, **parts)
