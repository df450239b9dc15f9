"""What the sandbox owes AWS and EMQX: one test for each documented fact, over HTTP against a real process."""
