"""``python -m ledger.cli`` is ``stage4``."""

from ledger.cli import main

main()
