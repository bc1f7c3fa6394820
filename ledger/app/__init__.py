"""What the product does: decide and record, publish, deliver, observe. The command line and the web only show it."""

from ledger import regexes as regexes  # the settings' own regex is read by RE2 too
