"""Stored histories of every way in which a saga ends, replayed against the workflows as they are now.

A running saga is carried on by whichever code its worker has; so a change of what the workflows command, or in which
order, must go behind `workflow.patched`, or wait until no saga of the old code can be alive. Here belong the outcomes,
their histories and the replay; what the outcomes do to the clouds is tested in `tests/workflows`.
"""
