"""What a caller does with links: start and follow sagas, read their status, steer them, apply fleets, run checks."""
