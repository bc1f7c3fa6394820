"""Where an installation keeps its things. One folder, the home; nothing outside it but what the configuration names."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

_TIMELINE: Final = ".timeline.sqlite"
_SNAPSHOT: Final = ".snapshot.sqlite"
READ_MODELS: Final = (_TIMELINE, _SNAPSHOT)
"""What files beside a store end with that are made from it."""


class Home:
    """The paths of one installation, all absolute."""

    def __init__(self, root: Path, stage: str = "stage4") -> None:
        self.root = Path(os.path.abspath(root))  # noqa: PTH100 (resolve() would follow links that people typed)
        self.stage = stage

    def __repr__(self) -> str:
        return f"Home({str(self.root)!r}, {self.stage!r})"

    def path(self, name: str) -> Path:
        """A configured path: as it is where absolute, else below the home."""
        return self.root / name

    @property
    def config(self) -> Path:
        """The configuration file."""
        return self.root / "stage4.toml"

    @property
    def var(self) -> Path:
        """Working data, in no repository."""
        return self.root / "var"

    @property
    def store(self) -> Path:
        """The database of entries and checkpoints."""
        return self.var / "ledger" / f"{self.stage}.sqlite"

    @property
    def timeline(self) -> Path:
        """One row an entry, for filters and search, which can be thrown away."""
        return self.store.with_name(self.stage + _TIMELINE)

    @property
    def snapshot(self) -> Path:
        """A state folded from the store's entries, which can be thrown away."""
        return self.store.with_name(self.stage + _SNAPSHOT)

    @property
    def artefacts(self) -> Path:
        """Evidence by digest."""
        return self.var / "artefacts" / "sha384"

    @property
    def people(self) -> Path:
        """Names behind person ids, outside the chain."""
        return self.var / "people.json"

    @property
    def spool(self) -> Path:
        """Stops that could not be written into the ledger."""
        return self.var / "spool"

    @property
    def locks(self) -> Path:
        """Lock files of publisher, deliverer and observer."""
        return self.var / "locks"

    @property
    def published(self) -> Path:
        """The exported lines."""
        return self.root / "audit" / "decision_logs" / f"{self.stage}.jsonl"

    def published_mode(self) -> int:
        """Permissions of the published files: everybody may verify; who signed in from where is nobody's business."""
        return 0o600 if self.stage == "stage4-access" else 0o644

    @property
    def published_checkpoint(self) -> Path:
        """The newest checkpoint beside them."""
        return self.published.with_suffix(".checkpoint")

    @property
    def published_key(self) -> Path:
        """The public verifier key beside them: evidence names it, nobody trusts it from there."""
        return self.published.with_suffix(".vkey")

    @property
    def published_state(self) -> Path:
        """What the publisher left behind; can be thrown away."""
        return self.var / "ledger" / f"{self.stage}.published.json"

    @property
    def summary(self) -> Path:
        """The runbook's ``rollback_summary.json``."""
        return self.var / "audit" / self.stage / "rollback_summary.json"
