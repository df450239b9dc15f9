"""A local AWS and EMQX Platform: real wire formats, with time, races, ownership and faults in them.

Here belongs what a cloud would do: its states, refusals, delays and identifiers, and the control path by which a
test or a demo sets them. What does not belong: anything of the product. The product and the sandbox meet over HTTP
only, and neither imports the other.

`python -m sandbox` runs it; `sandbox.server` says what is served where.
"""
