"""The translation of everything that a boto3 call can raise: every error has a name, a message and a next step."""

from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple

from botocore import exceptions as boto
from botocore.parsers import ResponseParserError

from clouds.aws.codes import CREDENTIALS, DENIED, plain
from clouds.aws.forms import ForeignAnswerError
from clouds.aws.limits import Answer, LimitPassedError
from clouds.aws.next_steps import WORKER
from clouds.aws.refusals import Refusal, refused
from clouds.retry_after import delay_of
from privatelink.errors import (
    CloudRefused,
    CloudUnavailable,
    CredentialsRefused,
    PrivateLinkError,
    UnknownCloudError,
)

_Kinds = type[Exception] | tuple[type[Exception], ...]

_LOG_IN = (boto.SSOError, boto.LoginError, boto.TokenRetrievalError, boto.NoAuthTokenError)

_NO_CREDENTIALS = (
    *_LOG_IN,
    boto.NoCredentialsError,
    boto.PartialCredentialsError,
    boto.CredentialRetrievalError,
    boto.MetadataRetrievalError,
    boto.RefreshWithMFAUnsupportedError,
    boto.UnknownCredentialError,
    boto.UnknownTokenProviderError,
    boto.ProfileNotFound,
    boto.ConfigNotFound,
    boto.ConfigParseError,
    boto.InvalidConfigError,
)

_WRONG_CALL = (
    boto.ParamValidationError,
    boto.ValidationError,
    boto.BaseEndpointResolverError,
    boto.EndpointProviderError,
    boto.UnknownRegionError,
)
"""Errors of calls that boto3 itself refuses to send, every time."""

_PROXY = "check what is between the worker and AWS: a proxy or a captive portal may be answering in its place"

_TEXT_CHARACTERS = 300


def translated(
    error: Exception,
    doing: str,
    resource: str,
    unseen_until: datetime | None = None,
    *,
    acts_as: str = WORKER,
    answer: Answer | None = None,
) -> PrivateLinkError:
    """Our error for what boto3 raised while `doing` something to `resource`. Never holds a credential or signature.

    Until `unseen_until` a `*NotFound` is `NotYet`, because what the call refers to was created a moment ago. `acts_as`:
    whose credentials were used, in words. `answer`: how the latest answer began, if there was one. An unforeseen error
    is `UnknownCloudError`: boto3 does not check an answer, so an odd one may end in any Python exception.
    """
    if isinstance(error, PrivateLinkError):
        return error
    if isinstance(error, boto.ClientError):
        return refused(_refusal(error, acts_as), doing, resource, unseen_until)
    call = _Call(f"{doing} ({resource})", resource, answer)
    return next((ours for kinds, ours in _TRANSLATIONS if isinstance(error, kinds)), _odd)(error, call)


def cause_of(error: Exception) -> Exception:
    """The error as the worker's log and Temporal's history may show it as a cause, without possible secrets.

    AWS's message about a wrong signature quotes the signed request with its session token. boto3's message about an
    unreadable answer quotes the whole answer, which may come from STS.
    """
    if isinstance(error, ResponseParserError):
        return ResponseParserError(_text(error)).with_traceback(error.__traceback__)
    if isinstance(error, boto.ClientError):
        code = error.response.get("Error", {}).get("Code") or ""
        # STS quotes an external id that it rejects.
        if plain(code) in CREDENTIALS or (error.operation_name == "AssumeRole" and plain(code) not in DENIED):
            said: Any = {"Error": {"Code": code, "Message": "(hidden)"}}
            return boto.ClientError(said, error.operation_name).with_traceback(error.__traceback__)
    return error


def _refusal(error: boto.ClientError, acts_as: str) -> Refusal:
    answer = error.response
    about = answer.get("ResponseMetadata", {})
    headers = about.get("HTTPHeaders", {})
    code = answer.get("Error", {}).get("Code") or ""
    status = about.get("HTTPStatusCode", 400)
    return Refusal(
        # For a 5xx answer that it cannot read, botocore gives the status as the code.
        code="" if code == str(status) else code,
        message=answer.get("Error", {}).get("Message") or "",
        status=status,
        request_id=about.get("RequestId") or "",
        operation=error.operation_name,
        acts_as=acts_as,
        retry_after=delay_of(headers.get("retry-after")),
        is_html="html" in headers.get("content-type", "").lower(),
    )


class _Call(NamedTuple):
    """What an error is about; `what` begins its message."""

    what: str
    resource: str
    answer: Answer | None

    @property
    def status(self) -> str:
        return f"HTTP {self.answer.status}: " if self.answer else ""


def _given_up(error: Exception, call: _Call) -> PrivateLinkError:
    return CloudUnavailable(f"{call.what}: we gave up the call to AWS: {error}", resource=call.resource)


def _unreadable(_: Exception, call: _Call) -> PrivateLinkError:
    if call.answer is None or not call.answer.is_html:
        return CloudUnavailable(f"{call.what}: {call.status}AWS's answer cannot be read", resource=call.resource)
    message = f"{call.what}: {call.status}the answer is a page of HTML, not AWS's"
    return CloudUnavailable(message, resource=call.resource, next_step=_PROXY)


def _unanswered(error: Exception, call: _Call) -> PrivateLinkError:
    return CloudUnavailable(f"{call.what}: AWS gave no answer ({_class(error)})", resource=call.resource)


def _without_credentials(error: Exception, call: _Call) -> PrivateLinkError:
    return CredentialsRefused(
        f"{call.what}: the worker has no usable AWS credentials ({_class(error)})",
        resource=call.resource,
        next_step=_credentials_step(error),
    )


def _not_sent(error: Exception, call: _Call) -> PrivateLinkError:
    return CloudRefused(
        f"{call.what}: boto3 does not send this call: {_text(error)}",
        resource=call.resource,
        next_step="correct the value that it names in the request",
    )


def _unknown(error: Exception, call: _Call) -> PrivateLinkError:
    return UnknownCloudError(
        f"{call.what}: boto3 failed with {_class(error)}: {_text(error)}",
        resource=call.resource,
        next_step="read the worker's log; the orchestrator does not know this error",
    )


def _odd(error: Exception, call: _Call) -> PrivateLinkError:
    if _is_still_expired(error):
        return _without_credentials(error, call)
    is_foreign = isinstance(error, ForeignAnswerError)
    return UnknownCloudError(
        f"{call.what}: AWS answered in a form that the orchestrator does not know: {call.status}{_oddity(error)}",
        resource=call.resource,
        next_step=_PROXY if is_foreign else "read the worker's log; check what any proxy before AWS changes",
    )


def _oddity(error: Exception) -> str:
    """What was wrong with the answer that caused the error, in our words instead of Python's."""
    match error:
        case ForeignAnswerError():
            return str(error)
        case boto.PaginationError():
            return "it gives the same page again and again"
        case KeyError():
            return f"it lacks {str(error).strip(chr(39))[:_TEXT_CHARACTERS]}"
        case IndexError():
            return "it lists nothing where one thing is due"
    return "it cannot be read"


_TRANSLATIONS: tuple[tuple[_Kinds, Callable[[Exception, _Call], PrivateLinkError]], ...] = (
    (LimitPassedError, _given_up),
    (ResponseParserError, _unreadable),
    ((boto.ConnectionError, boto.HTTPClientError), _unanswered),
    (_NO_CREDENTIALS, _without_credentials),
    (_WRONG_CALL, _not_sent),
    (boto.PaginationError, _odd),
    (boto.BotoCoreError, _unknown),
)
"""The first entry that matches applies; if none does, `_odd` applies."""


def _credentials_step(error: Exception) -> str:
    if isinstance(error, _LOG_IN):
        return "log in again, as the user that the worker runs as (`aws sso login` or `aws login`)"
    if isinstance(error, boto.RefreshWithMFAUnsupportedError):
        return "give the worker credentials that need no MFA code: nobody is there to type one"
    if _is_still_expired(error):
        return "look at the worker's clock, then at where its credentials come from"
    return "give the worker credentials by boto3's chain (environment, profile or instance role)"


def _is_still_expired(error: Exception) -> bool:
    """Whether a credential source returned expired credentials, for which botocore raises a bare RuntimeError."""
    return isinstance(error, RuntimeError) and "refreshed credentials are still expired" in str(error)


def _text(error: Exception) -> str:
    """The error's own message, without the body of an answer, which botocore appends after a line break."""
    text = str(error)
    if isinstance(error, ResponseParserError):
        text = text.partition("\n")[0]
    return " ".join(text.split())[:_TEXT_CHARACTERS]


def _class(error: Exception) -> str:
    return type(error).__name__
