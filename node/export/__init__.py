"""A training set out of the node's own store, de-identified by default; knows nothing of `train`."""
