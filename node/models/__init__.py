"""The registry of model bundles of this node.

::

    store.py      the folders: bundles that were added, verified, never changed
    choice.py     which one is active, which one runs in shadow (kept in the ledger)
    promotion.py  the rules by which one takes another's place, and back
"""
