"""The dashboard: server-rendered pages on the application layer. No rule of the runbook lives here.

``pages`` answer GET, ``acts`` answer POST, ``live`` streams, ``security`` and ``identity`` guard, ``i18n`` translates.
"""

from web.app import create_app
from web.site import Site

__all__ = ["Site", "create_app"]
