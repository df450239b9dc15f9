"""The border to EMQX: the platform's API and each deployment's own API, both through httpx with HTTP Basic.

This package has EMQX's paths and field names (one table, `wire.py`), its display labels, error codes and request
limits. What a step promises, and anything about AWS, belongs elsewhere.
"""
