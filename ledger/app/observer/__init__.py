"""The observer: looks at the outside world, records what changed, warns, repairs what a crash left pending."""

from ledger.app.observer.loop import INTERVAL, Observer

__all__ = ["INTERVAL", "Observer"]
