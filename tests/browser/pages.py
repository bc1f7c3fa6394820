"""The pages that exist, by the endpoint that makes each, and the people who may see them."""

from __future__ import annotations

PAGES = {
    "sign-in": ("", "/sign-in"),
    "now": ("l2-ops", "/"),
    "rollbacks": ("l2-ops", "/rollbacks"),
    "open": ("incident-manager", "/rollbacks/new"),
    "rollback": ("l2-ops", "/rollbacks/{rollback}"),
    "password": ("l2-ops", "/password"),
    "silences": ("noc", "/silences"),
    "connections": ("l2-ops", "/connections"),
    "timeline": ("l2-ops", "/timeline"),
    "entry": ("l2-ops", "/entries/12"),
    "audit": ("l2-ops", "/audit"),
    "find": ("auditor", "/audit/find?q=override"),
    "review": ("l2-ops", "/rollbacks/{rollback}/review"),
    "setup": ("admin", "/setup"),
    "people": ("admin", "/people"),
    "access": ("auditor", "/access"),
    "help": ("noc", "/help"),
}
