"""What a worker is: its registry, its attempts (heartbeats, leases, retries), its log, and how it runs workflows.

`worker.py` wires these together. No lower package imports this one.
"""
