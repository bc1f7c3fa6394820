"""What the store's read models give and take, for whoever shows them."""

from __future__ import annotations

from ledger.store.recorder import Receipt
from ledger.store.timeline import Row
from ledger.store.timeline_filter import Filter, Word

__all__ = ["Filter", "Receipt", "Row", "Word"]
