"""The pages (GET), one blueprint each."""

from web.pages import access, audit, charts, entries, health, now, people, review, rollbacks, setup, silences, timeline

PAGES = (
    now.blueprint,
    rollbacks.blueprint,
    charts.blueprint,
    review.blueprint,
    silences.blueprint,
    setup.blueprint,
    timeline.blueprint,
    entries.blueprint,
    entries.artefacts,
    audit.blueprint,
    people.blueprint,
    access.blueprint,
    health.blueprint,
)
"""All of them, for :func:`web.app.create_app`."""
