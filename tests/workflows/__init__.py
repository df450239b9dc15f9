"""The stories, on a real Temporal server against the sandbox."""
