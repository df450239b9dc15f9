"""The task queue that a saga runs on: the shared one, or that of its AWS account.

`PRIVATELINK_ACCOUNT_QUEUES` lists the accounts (12 digits, separated by commas) whose sagas have their own queue.
Callers and workers read it. `PRIVATELINK_ACCOUNT` is the account whose queue a worker serves.
"""

from privatelink.model.names import TASK_QUEUE
from privatelink.model.request import AwsAccess
from privatelink.settings import account_queues


def account_queue(account_id: str) -> str:
    """The queue of one account."""
    return f"{TASK_QUEUE}-{account_id}"


def task_queue(access: AwsAccess) -> str:
    """The queue of a request's account. Raises `ValueError` if the list holds anything but account ids.

    Only a request with a `role_arn` names its account; the worker's own account uses the shared queue.
    """
    return account_queue(access.account_id) if access.account_id in account_queues() else TASK_QUEUE
