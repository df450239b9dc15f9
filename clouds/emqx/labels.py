"""EMQX's display labels, such as `N. Virginia (us-east-1)`, which its answers have where requests take codes.

Labels are normalised only here. One that cannot be read becomes a named finding, never a guess ("Deployment Management"
of EMQX's Platform API shows such answers).
"""

import re

_REGION = re.compile(r"[a-z]{2}(?:-[a-z]+)+-\d")
_PRINCIPAL = re.compile(r"arn:aws[a-z-]*:iam::(\d{12}):(?:root|(?:role|user)/[\w+=,.@-]{1,64})", re.ASCII)


def is_aws(platform: str) -> bool:
    """Whether a platform label means Amazon's cloud."""
    return platform.strip().casefold() in {"aws", "amazon web services"}


def region_code(label: str) -> str | None:
    """The region code of a label: the part in parentheses or the label itself. None if that is no region code."""
    text = label.strip()
    in_parentheses = re.search(r"[(（]([^()（）]*)[)）]\s*$", text)  # noqa: RUF001 - as the Chinese site writes them
    code = in_parentheses[1].strip() if in_parentheses else text
    return code if _REGION.fullmatch(code) else None


def same_word(one: str, other: str) -> bool:
    """Whether two words are the same, ignoring case, spaces, hyphens and underscores."""
    return _bare(one) == _bare(other)


def _bare(word: str) -> str:
    return re.sub(r"[\s_-]+", "", word).casefold()


def principal_account(arn: str) -> str | None:
    """The account (12 digits) of a principal that can be allowed on its own; None for any other text.

    It must be `root`, or a role or user without a path: AWS supports no ARN with a path
    (API_ModifyVpcEndpointServicePermissions), and `*` would allow everyone ("Configure an endpoint service", Manage
    permissions).
    """
    match = _PRINCIPAL.fullmatch(arn)
    return match[1] if match else None


def one_line(text: str, longest: int = 300) -> str:
    """A cloud's free text made fit for a message: printable, on one line, at most `longest` characters."""
    line = " ".join("".join(character if character.isprintable() else " " for character in text).split())
    return line if len(line) <= longest else line[: longest - 3] + "..."
