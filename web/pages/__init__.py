"""The pages (GET), one blueprint each."""

from web.pages import (
    access,
    artefacts,
    audit,
    charts,
    connections,
    entries,
    health,
    now,
    people,
    review,
    rollbacks,
    setup,
    silences,
    spark,
    timeline,
)
from web.pages import help as helping

PAGES = (
    now.blueprint,
    rollbacks.blueprint,
    charts.blueprint,
    review.blueprint,
    silences.blueprint,
    connections.blueprint,
    spark.blueprint,
    setup.blueprint,
    timeline.blueprint,
    entries.blueprint,
    artefacts.blueprint,
    audit.blueprint,
    people.blueprint,
    access.blueprint,
    helping.blueprint,
    health.blueprint,
)
"""All of them, for :func:`web.app.create_app`."""
