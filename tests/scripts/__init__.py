"""The proofs of what scripts/ promises."""
