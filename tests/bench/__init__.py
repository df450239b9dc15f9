"""The proofs of what bench/ computes; what it measures, it measures itself."""
