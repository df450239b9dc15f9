"""Chaos: the saga against everything that can break, judged by the sandbox's books alone.

What breaks a saga systematically belongs here, and the laws that hold whatever breaks. A test of one behaviour does
not: it belongs with the tests of that behaviour.
"""
