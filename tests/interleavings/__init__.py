"""Random interleavings of everything that callers, machines and clouds do, on several links that share an account.

`machine.py` holds what can happen and the laws, `playground.py` the programs that it happens to.
"""
