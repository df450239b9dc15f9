"""A local AWS and EMQX Platform, with real wire formats, and with time, races, ownership and faults.

This package holds what a cloud would do: its states, refusals, delays and identifiers, and the control path by which
a test or a demo sets them. It holds nothing of the product. The product and the sandbox meet only over HTTP, and
neither imports the other.

`python -m sandbox` runs it; `sandbox.server` documents which paths are served.
"""
