"""The pages (GET), one blueprint each."""

from web.pages import charts, health, now, review, rollbacks

PAGES = (now.blueprint, rollbacks.blueprint, charts.blueprint, review.blueprint, health.blueprint)
"""All of them, for :func:`web.app.create_app`."""
