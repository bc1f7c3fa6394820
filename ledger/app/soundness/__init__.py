"""Whether a home's own ledger holds: what it decides from is read and judged, and nothing is changed by it.

The verifier (``ledger.verify``) judges a log by what it is given. Here everything that a home has is given to it, and
what it does not know of is read too. In this order, so that what others write meanwhile is never taken for a fault:

1. the published files are opened: what they hold was committed before (`published`);
2. one moment of the store is read (``ledger.store.contract.RawLog``): each row's columns against its line, each
   commit's receipt and checkpoint, the root under every checkpoint (`beside`), the lines by the verifier's steps
   (`examine`);
3. the published lines are held against the rows as they go by, checkpoint and verifier key at the end (`published`);
4. each artefact that an entry names is read (`artefacts`);
5. the same for the other ledgers of the home.

`recent` follows the last rows from a mark that a whole look left; `guard` looks again and again in the background and
holds the ledger's writing while something is wrong with what it decides from; `marks` judges single rows for readers.
"""

from ledger.app.soundness.examine import examine
from ledger.app.soundness.found import Finding, Looked, Soundness

__all__ = ["Finding", "Looked", "Soundness", "examine"]
