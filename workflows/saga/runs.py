"""Runs: which saga a run of a workflow belongs to, and where a run goes on from a reset.

Temporal's reset copies the history up to one workflow task into a new run, terminates the old run, and goes on from
there (Temporal: "Workflow Execution", "Reset"). The old run may have done much after that task, so the new one must
not assume that nothing was made since.
"""

from collections.abc import Callable

from temporalio import workflow

_EVENTS_BEFORE_THE_FIRST_TASK = 3
"""Number of events before the first workflow task runs: workflow started, task scheduled, task started.

A reset to that task adds events before it runs.
"""


def saga_id() -> str:
    """Temporal's id of the first run. A reset gives the new run an id of its own but keeps this one.

    `first_run_id` of `WorkflowExecutionInfo` (Temporal's API): runs by continue-as-new, retry, cron and reset are one
    chain.
    """
    info = workflow.info()
    return info.first_execution_run_id or info.run_id


def when_reset(begin_anew: Callable[[], None]) -> None:
    """Call `begin_anew` where this run goes on from a reset, before the code that runs from there.

    It may be called twice for one reset. The SDK gives a run a new random seed at that point, which is the only sign of
    a reset that every replay meets at the same event. After a reset to the very first task, the seed may be set before
    the workflow object exists.
    """
    workflow.register_random_seed_callback(lambda _: begin_anew())
    info = workflow.info()
    if saga_id() != info.run_id and info.get_current_history_length() > _EVENTS_BEFORE_THE_FIRST_TASK:
        begin_anew()
