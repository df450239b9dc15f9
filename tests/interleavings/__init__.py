"""Random interleavings of everything that callers, machines and clouds do, on several links that share an account.

`machine.py` has the events and the laws, `programs.py` the programs to which they happen.
"""
