"""The steps: one file per resource. Each activity is one retryable step, and its docstring states what it promises.

An activity is idempotent under a repeated call, a lost reply, and a crash between effect and record. Before it makes
something, it looks for it by identity (name, tags, token); it finds what it removes in the same way. The order of steps
belongs in workflows; a cloud's wire format and codes belong in clouds.
"""
