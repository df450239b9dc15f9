"""The AWS half: EC2, Elastic Load Balancing v2 and STS as boto3 meets them, in AWS's order of events.

moto's server gives the wire (parsing and serialising by the botocore models) and the network reads; what moto lacks
or gets wrong is here, one file for each AWS noun. A noun's file holds its state and the actions on it; states are
computed from the sandbox clock when they are read, so nothing here runs in the background. What does not belong:
anything of EMQX, and any HTTP beyond the answers of AWS.
"""
