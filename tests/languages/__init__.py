"""Clients that are not Python, against a real server, worker and sandbox: the contract is Temporal's and JSON's."""
