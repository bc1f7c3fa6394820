"""What changes something (POST): every act of a rollback, the stop, the opening."""

from web.acts.taking import blueprint

__all__ = ["blueprint"]
