"""The stories: which step follows which, what runs beside what, and what undoes it. Read create.py first.

Here belong the order of steps, the saga that carries it through failure and cancel, and the few named activity options.
No I/O, no clock, no randomness outside Temporal's: this code is replayed. What a step does belongs in activities.
"""
