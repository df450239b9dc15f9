"""The engine: order, compensation, cancel, hold, people's Updates, progress and notifications. It imports no workflow.

Nor does it know any resource of AWS or EMQX: a workflow says what its saga is about (subject.py). Read saga.py first. A
workflow (`workflows.create`) says which steps there are; the engine runs them.
"""
