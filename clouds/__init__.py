"""The borders to the clouds: AWS through boto3, the EMQX platform and the deployments' APIs through httpx.

Only this package knows a cloud's wire format: credentials, budgets, shared pollers, and one translator of errors per
border. It returns our own models and raises `privatelink.errors`. What a step promises belongs in `activities`, and
the order of steps in `workflows`.
"""
