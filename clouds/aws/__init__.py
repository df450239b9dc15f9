"""The border to AWS, by boto3: accounts and credentials, budgets, shared readers, errors, one module per noun.

Here belongs how AWS's wire is read: what a thing's tags, states and codes mean, and how it is found by identity. Here
does not belong what a step promises, nor whether something may be made or deleted (activities).
"""
