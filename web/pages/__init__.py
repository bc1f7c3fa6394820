"""The pages (GET), one blueprint each."""

from web.pages import health, now, rollbacks

PAGES = (now.blueprint, rollbacks.blueprint, health.blueprint)
"""All of them, for :func:`web.app.create_app`."""
