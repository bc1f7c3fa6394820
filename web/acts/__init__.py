"""What changes something (POST): every act of a rollback, the stop, the opening."""

from web.acts.taking import ACTS, blueprint

__all__ = ["ACTS", "blueprint"]
