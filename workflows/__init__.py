"""The workflows: which step follows which, what runs side by side, and what undoes it. Read create.py first.

This package holds the order of the steps, the saga that carries it through failure and cancel, and the few named
activity options. No I/O, no clock, no randomness but Temporal's: this code is replayed. What a step does belongs in
activities.
"""
