"""The pages (GET), one blueprint each."""

from web.pages import audit, charts, entries, health, now, review, rollbacks, timeline

PAGES = (
    now.blueprint,
    rollbacks.blueprint,
    charts.blueprint,
    review.blueprint,
    timeline.blueprint,
    entries.blueprint,
    entries.artefacts,
    audit.blueprint,
    health.blueprint,
)
"""All of them, for :func:`web.app.create_app`."""
