"""What a worker is: its registry, its attempts (heartbeats, leases, retries), how it runs workflows, its size.

`worker.py` wires these together. Nothing below imports this room.
"""
