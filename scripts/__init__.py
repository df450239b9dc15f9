"""What developers run by hand or by make: a local Temporal server, the demo, the schemas, the screenshots.

Programs with a command line belong here, and the local server that demo, tests and bench share. Nothing that
the product needs at run time belongs here: no package of the product imports this one.
"""
