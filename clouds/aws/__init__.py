"""The border to AWS, through boto3: accounts, credentials, budgets, shared pollers, errors, one module per resource.

This package knows AWS's wire format: what tags, states and codes mean, and how a resource is found by its identity.
What a step promises, and whether something may be created or deleted, belongs in `activities`.
"""

MOST_THREADS = 64
"""Maximum number of concurrent calls to AWS in one worker process."""
