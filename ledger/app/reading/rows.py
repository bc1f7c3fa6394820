"""What the store's read models give and take, for whoever shows them."""

from __future__ import annotations

from ledger.store.values import Filter, Receipt, Row, Word

__all__ = ["Filter", "Receipt", "Row", "Word"]
