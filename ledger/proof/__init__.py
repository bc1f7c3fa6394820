"""Pure proofs: canonical bytes, entries, the hash chain, signatures, Merkle trees, signed notes. No IO and no clock."""
