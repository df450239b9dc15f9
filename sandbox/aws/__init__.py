"""The AWS half: EC2, Elastic Load Balancing v2 and STS as boto3 sees them, in AWS's order of events.

moto's server provides the wire format (parsing and serialising by the botocore models) and the reads of the network.
What moto lacks or gets wrong is here, in one file per AWS resource, with the actions on it. States are computed from
the sandbox clock when they are read, so nothing here runs in the background. Nothing of EMQX belongs here, and no HTTP
beyond AWS's answers.
"""
