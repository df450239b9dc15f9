"""The engine: order, compensation, cancel, hold, people's Updates, progress and notifications. It imports no workflow.

Read saga.py first. A workflow (`workflows.create`) says which steps there are; the engine runs them.
"""
