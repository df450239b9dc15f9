"""The border to EMQX: the platform's API and each deployment's own API, both by httpx with HTTP Basic.

Here belong the paths and field names of EMQX (`wire.py`, one table), its display labels, its codes of errors, its
request limits. Here does not belong what a step promises, nor anything of AWS.
"""
