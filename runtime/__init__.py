"""What a worker is: settings, registry, attempts (heartbeats, leases, retries), its log, how it runs workflows.

`worker.py` wires these together. No lower package imports this one.
"""
