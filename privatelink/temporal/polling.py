"""The workers that poll a task queue, as Temporal has seen them."""

from datetime import UTC, datetime, timedelta

from temporalio.api.enums.v1 import TaskQueueType
from temporalio.api.taskqueue.v1 import TaskQueue
from temporalio.api.workflowservice.v1 import DescribeTaskQueueRequest
from temporalio.client import Client

SEEN_WITHIN = timedelta(seconds=90)
"""Maximum age of a live worker's last poll. One lasts a minute (Temporal's `matching.longPollExpirationInterval`)."""


async def workers_seen(client: Client, task_queue: str) -> dict[str, timedelta]:
    """How long ago each worker that Temporal remembers there asked for work, by the worker's identity.

    A worker asks at least once a minute. Temporal remembers a worker that is gone for some minutes. Raises `RPCError`.
    """
    queue = await client.workflow_service.describe_task_queue(
        DescribeTaskQueueRequest(
            namespace=client.namespace,
            task_queue=TaskQueue(name=task_queue),
            task_queue_type=TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW,
        )
    )
    now = datetime.now(UTC)
    return {poller.identity: now - poller.last_access_time.ToDatetime(tzinfo=UTC) for poller in queue.pollers}
