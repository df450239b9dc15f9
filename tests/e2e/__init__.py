"""Whole commands: the CLI against a real Temporal server, a worker and the sandbox."""
