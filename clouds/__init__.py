"""The borders: AWS by boto3, the EMQX platform and the deployment's API by httpx.

The only room that knows a cloud's wire: credentials, budgets, shared readers, and one translator of errors per border.
What comes out is our own models and `privatelink.errors`. Here does not belong what a step promises (activities) or in
which order steps go (workflows).
"""
