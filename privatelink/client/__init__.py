"""What a caller does with links: start, follow and steer sagas, read their status, apply fleets, run checks."""
