"""Chaos: the saga against everything that can break, judged by the sandbox's books alone.

Here belongs what breaks a saga systematically, and the laws that hold whatever broke. Here does not belong a test of
one behaviour: that is its own room's.
"""
