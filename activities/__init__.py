"""The steps: one file per noun, each activity one retryable step whose docstring says its promise.

An activity is idempotent under a repeated call, a lost reply and a crash between effect and record: it looks for what
it would make by identity (name, tags, token) before it makes it, and what it removes it looks for in the same way. Here
does not belong the order of steps (workflows), nor a cloud's wire or codes (clouds).
"""
