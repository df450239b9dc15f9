"""The files of `deploy/iam`: one policy in three forms, and a role that nobody assumes without the external id."""

import json
import re
from typing import Any

from tests.deploy.role import FOLDER, shipped_policy


def trust_policy() -> dict[str, Any]:
    """The trust policy as JSON, its placeholders in it."""
    policy: dict[str, Any] = json.loads((FOLDER / "trust-policy.json").read_text())
    return policy


def template() -> dict[str, Any]:
    """The CloudFormation template."""
    read: dict[str, Any] = json.loads((FOLDER / "cloudformation.json").read_text())
    return read


def test_cloudformation_holds_the_same_permissions() -> None:
    """Word for word: a customer must not get another policy by the other way."""
    [policy] = template()["Resources"]["Role"]["Properties"]["Policies"]
    assert shipped_policy() == policy["PolicyDocument"]


def test_cloudformation_holds_the_same_trust() -> None:
    """The placeholders of the JSON file are the template's parameters."""
    text = json.dumps(template()["Resources"]["Role"]["Properties"]["AssumeRolePolicyDocument"])
    for parameter, placeholder in (("WorkerArn", "worker_arn"), ("ExternalId", "external_id")):
        assert parameter in template()["Parameters"]
        text = text.replace(json.dumps({"Ref": parameter}), json.dumps(f"${{{placeholder}}}"))
    assert trust_policy() == json.loads(text)


def test_terraform_reads_both_files() -> None:
    """It has no copy that could differ, and gives the trust policy exactly what that has placeholders for."""
    text = (FOLDER / "main.tf").read_text()
    assert 'policy = file("${path.module}/permissions-policy.json")' in text
    given = re.search(r'templatefile\("\$\{path\.module\}/trust-policy\.json", \{(.*?)\}\)', text, re.DOTALL)
    assert given is not None
    placeholders = set(re.findall(r"\$\{(\w+)\}", (FOLDER / "trust-policy.json").read_text()))
    assert placeholders == set(re.findall(r"(\w+)\s*=", given[1]))
    assert placeholders <= set(re.findall(r'variable "(\w+)"', text))


def test_nobody_comes_in_without_the_external_id() -> None:
    """Every statement of the trust policy is about AssumeRole, and demands the external id."""
    for statement in trust_policy()["Statement"]:
        assert "sts:AssumeRole" == statement["Action"]
        assert {"StringEquals": {"sts:ExternalId": "${external_id}"}} == statement["Condition"]
