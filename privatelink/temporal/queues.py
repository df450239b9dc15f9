"""The task queue that a saga runs on: the shared one, or that of its AWS account.

`PRIVATELINK_ACCOUNT_QUEUES` lists the accounts (12 digits, separated by commas) whose sagas have their own queue.
Callers and workers read it. `PRIVATELINK_ACCOUNT` is the account whose queue a worker serves.
"""

import os
import re

from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import AwsAccess

ACCOUNT_QUEUES = "PRIVATELINK_ACCOUNT_QUEUES"


def account_queue(account_id: str) -> str:
    """The queue of one account."""
    return f"{TASK_QUEUE}-{account_id}"


def task_queue(access: AwsAccess) -> str:
    """The queue of a request's account. Raises `ValueError` if the list holds anything but account ids.

    Only a request with a `role_arn` names its account; the worker's own account uses the shared queue.
    """
    listed = [one.strip() for one in os.environ.get(ACCOUNT_QUEUES, "").split(",") if one.strip()]
    if wrong := [one for one in listed if not re.fullmatch(r"\d{12}", one)]:
        message = f"{ACCOUNT_QUEUES} holds {', '.join(map(repr, wrong))}: an account id has 12 digits"
        raise ValueError(message)
    return account_queue(access.account_id) if access.account_id in listed else TASK_QUEUE
