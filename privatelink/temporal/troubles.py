"""Temporal's troubles in words: turns what its client raises into a reason and a next step for a person.

The client passes on the messages of its gRPC library, which hide the reason among the names of Rust types. The patterns
below are those of temporalio 1.35. Each was observed with a server that had this trouble.
"""

import re
from typing import NamedTuple

from temporalio.service import RPCError, RPCStatusCode

from privatelink.settings import variable

REPEAT = "repeat the call when Temporal answers again: it is safe"

_NAMESPACE = re.compile(r"Namespace (.+) is not found", re.DOTALL)
_NO_NAMESPACE = re.compile(r"Namespace (?:is empty|length exceeds|.* is not found)", re.DOTALL)
"""The server's messages for a bad namespace. The name may hold white space, such as a blank copied with it."""
_USED_UP = re.compile(r"limit on the total number of distinct updates")
_CANCEL = (
    "wait for its end, which `privatelink status LINK` shows; a cancel still works: "
    "temporal workflow cancel --workflow-id privatelink:DEPLOYMENT:NAME"
)
_LET_IN = "correct TEMPORAL_API_KEY, or the client's certificate (TEMPORAL_TLS_CLIENT_CERT_PATH)"
_SOON = "repeat the call in a moment: it is safe"
_BY_STATUS = {
    RPCStatusCode.UNAUTHENTICATED: ("the server does not let this client in: {said}", _LET_IN),
    RPCStatusCode.PERMISSION_DENIED: ("the server does not let this client in: {said}", _LET_IN),
    RPCStatusCode.UNIMPLEMENTED: (
        "the server does not know this call: {said}",
        "use Temporal server 1.28 or newer, which has update-with-start",
    ),
    RPCStatusCode.INVALID_ARGUMENT: ("{said}", "correct what it names: the same call is refused again"),
    RPCStatusCode.RESOURCE_EXHAUSTED: ("{said}", _SOON),
    RPCStatusCode.ABORTED: ("{said}", _SOON),
    RPCStatusCode.DEADLINE_EXCEEDED: ("it gave no answer in time", REPEAT),
    RPCStatusCode.CANCELLED: ("it gave no answer in time", REPEAT),
    RPCStatusCode.UNAVAILABLE: ("it cannot be reached", REPEAT),
}


class Trouble(NamedTuple):
    """Why a call to Temporal failed, and what to do."""

    why: str
    next_step: str


def address_setting(*, given: bool) -> str:
    """How to correct an address that comes from the call itself, from the environment, or from nowhere."""
    if given:
        return "correct the address that the caller gives"
    if variable("TEMPORAL_ADDRESS"):
        return "correct TEMPORAL_ADDRESS"
    return "set TEMPORAL_ADDRESS (it is not set)"


def profile_setting(name: str) -> str:
    """How to correct this setting of a profile (docs.temporal.io, "Environment configuration")."""
    profile = variable("TEMPORAL_PROFILE") or "default"
    file = variable("TEMPORAL_CONFIG_FILE") or "temporal.toml"
    return f"correct `{name}` of profile {profile} in {file}"


def of_connecting(error: Exception, setting: str, seconds: float) -> Trouble:
    """Why no connection was made. `setting` says where to correct the address."""
    if isinstance(error, TimeoutError):
        return Trouble(
            f"no answer within {seconds:.0f} s", f"check the network between here and the server, or {setting}"
        )
    said = str(error)
    patterns = (
        (r"ConnectionRefused|Connection refused", "nothing listens there", f"start the server, or {setting}"),
        (r"dns error|lookup address", "no such host is known", setting),
        (
            r"InvalidContentType",
            "what answers there does not speak TLS, which the settings ask for",
            f"unset TEMPORAL_TLS and TEMPORAL_API_KEY, or `tls` and `api_key` of the profile; or {setting}",
        ),
        (
            r"InvalidCertificate|UnknownIssuer|certificate",
            "its TLS certificate is not trusted",
            "set TEMPORAL_TLS_SERVER_CA_CERT_PATH, and TEMPORAL_TLS_SERVER_NAME where the certificate has another name",
        ),
        (
            r"after connection.*(?:Unauthenticated|PermissionDenied)",
            "the server does not let this client in",
            _LET_IN,
        ),
        (
            r"after connection.*(?:h2 protocol|http2|transport error|BrokenPipe|ConnectionReset)",
            "what answers there is not a Temporal server, or it requires TLS",
            f"if the server requires TLS, set TEMPORAL_TLS=true; otherwise {setting} (usually port 7233, not the UI's)",
        ),
    )
    for pattern, why, next_step in patterns:
        if re.search(pattern, said, re.DOTALL):
            return Trouble(why, next_step)
    return Trouble(_without_debris(said), f"start the server, or {setting}")


def lacks_namespace(error: RPCError) -> bool:
    """Whether the server has no such namespace, or the name is not a valid one."""
    return bool(_NO_NAMESPACE.search(error.message))


def is_unknown_workflow(error: RPCError) -> bool:
    """Whether the server knows no such workflow. An unknown namespace has the same status code but does not count."""
    return error.status == RPCStatusCode.NOT_FOUND and not lacks_namespace(error)


def of_call(error: RPCError) -> Trouble:
    """Why the server, once reached, refused a call or did not answer."""
    said = _without_debris(error.message)
    if lacks_namespace(error):
        return Trouble(said, _namespace_step(error.message))
    if _USED_UP.search(error.message):
        return Trouble(f"this saga has taken all the Updates that Temporal allows: {said}", _CANCEL)
    why, next_step = _BY_STATUS.get(error.status, ("{said}", REPEAT))
    return Trouble(why.format(said=said), next_step)


def _namespace_step(message: str) -> str:
    """The next step for a namespace: a valid name may be missing on the server; any other is wrong in the settings."""
    named = _NAMESPACE.search(message)
    if named is None or re.search(r"\s", named[1]):
        return _namespace_setting()
    create = f"temporal operator namespace create --namespace {named[1]}"
    return f"{_namespace_setting()}; or have an administrator run: {create}"


def _namespace_setting() -> str:
    if variable("TEMPORAL_NAMESPACE") is not None:
        return "correct TEMPORAL_NAMESPACE"
    return "set TEMPORAL_NAMESPACE, or `namespace` of the profile in temporal.toml, to one that the server has"


def _without_debris(said: str) -> str:
    """The server's own message, on one line, without what the gRPC library adds to it."""
    if quoted := re.search(r'message: "([^"]+)"', said):
        return quoted[1]
    text = re.split(r"\S*(?:tonic|hyper)::|\bStatus \{|, source:", said)[0]
    text = " ".join(text.removeprefix("Failed client connect:").split()).rstrip(" :")
    return text or "it gave no usable answer"
