"""The workflows, on a real Temporal server against the sandbox."""
