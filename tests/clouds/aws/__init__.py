"""The border to AWS: pure parts alone, the rest against the sandbox over HTTP."""
