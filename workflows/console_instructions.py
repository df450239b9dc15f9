"""What a person does at EMQX's console that no API does, in the console's words (EMQX: "AWS PrivateLink")."""

from temporalio import workflow

with workflow.unsafe.imports_passed_through():
    from activities.support.emqx_console import private_link_page
    from privatelink.model.names import Link
    from workflows.saga.asks import Task


def creating(link: Link, service_name: str) -> Task:
    """How a PrivateLink is made: "Enable EMQX Platform PrivateLink", steps 1 and 2. The ARN is already allowed."""
    return Task(
        f"create the PrivateLink of {link} in EMQX's console; the saga sees it at AWS and continues by itself",
        f"{private_link_page(link)}, +PrivateLink",
        ("Allow principals and go to the next step", "Create PrivateLink"),
        {"Endpoint service name": service_name},
    )


def choosing(link: Link, candidates: list[str]) -> Task:
    """Which of several endpoint connections it is. AWS cannot know, because customers of EMQX may share its account."""
    return Task(
        f"name the endpoint connection that belongs to the PrivateLink of {link}; none is accepted until then: "
        + "; ".join(candidates),
        private_link_page(link),
        ("compare the times with the PrivateLink's in the console, or reject the foreign ones at AWS",),
    )


def approving(link: Link, candidates: list[str]) -> Task:
    """Whether an endpoint is let in: anyone who uses EMQX's account may have requested the connection."""
    which = "this endpoint connection, if it" if len(candidates) == 1 else "the endpoint connection that"
    return Task(
        f"approve {which} belongs to the PrivateLink of {link}; none is accepted until then: " + "; ".join(candidates),
        private_link_page(link),
        ("compare the id or the time with the PrivateLink's in the console; reject at AWS any that is not its own",),
    )


def confirming(link: Link, proposal: str) -> Task:
    """How a person sees that it works: "Enable EMQX Platform PrivateLink", step 4."""
    found = f" (AWS names {proposal})" if proposal else ""
    return Task(
        f"when the console shows the PrivateLink of {link} as running, confirm its Address{found}",
        private_link_page(link),
        ("copy the Address",),
    )


def deleting(link: Link) -> Task:
    """How a PrivateLink is deleted: "Delete the PrivateLink". It must go before AWS's side, or it becomes `failed`."""
    return Task(
        f"delete the PrivateLink of {link} in EMQX's console; the saga sees at AWS that its endpoint connection "
        "is gone, and only then removes AWS's side",
        private_link_page(link),
        ("the Delete button to the right of the PrivateLink", "Confirm"),
    )


def may_be_at_console(link: Link) -> str:
    """What to check when a saga ends that had asked for a PrivateLink, and AWS never showed its endpoint."""
    return f"if somebody created the PrivateLink anyway, {private_link_page(link)} shows it: delete it there"


def gone_without_delete(link: Link, vpc_endpoint_id: str) -> str:
    """What to check when a PrivateLink's endpoint is gone and nobody was asked to delete the PrivateLink."""
    return (
        f"the endpoint {vpc_endpoint_id} is gone: if {private_link_page(link)} still shows its PrivateLink as failed, "
        "delete it there"
    )
