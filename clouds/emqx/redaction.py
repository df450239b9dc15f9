"""Keeps secrets out of EMQX's free text, in every spelling in which EMQX or one of its drivers may echo them.

There are two nets. The first replaces recognisable parts of a secret, in the spellings of `_spellings` and in lists of
bytes. The second decodes the rest in every way known here; if that still reveals part of a secret, the whole text is
withheld. A part is a run of four characters in any case, because an echo may be cut off.
"""

import html
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from clouds.emqx.labels import one_line

REDACTED = "******"
WITHHELD = "(EMQX's words are not shown, because they may contain a secret)"

_RUN = 4
"""Number of consecutive characters that reveal a secret. A shorter secret is revealed only as a whole."""
_SHORTEST = 3
"""Minimum length of a secret that can be redacted. A shorter one occurs in any text by chance, so no text is shown
that may contain it."""
_LONGEST_TEXT = 1000
"""Maximum number of characters of a text that are examined; a message shows a few hundred of them."""
_DECODINGS = 3
"""Maximum number of nested encodings in addition to `_spellings`, such as JSON text in a URL."""

_BYTE_LIST = re.compile(r"\d{1,3}(?:\s*,\s*\d{1,3})+")
"""Erlang's form of a binary that is not all ASCII: <<112,195,188>>."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){3,}")


class Redactor:
    """Removes given secrets from texts. It holds them, so keep it no longer than the call that needs it."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Empty secrets are ignored, and so is white space around a secret, because a file ends in a newline."""
        self._secrets = {bare for secret in secrets if (bare := secret.strip())}
        self._runs = set(_runs_of(self._secrets))
        self._spelled = set(_runs_of({spelling for secret in self._secrets for spelling in _spellings(secret)}))

    def clean(self, text: str) -> str:
        """The text made fit for a message: on one line, without any part of a secret."""
        if not self._secrets:
            return one_line(text)
        if text and any(len(secret) < _SHORTEST for secret in self._secrets):
            return WITHHELD
        redacted = _without(text[:_LONGEST_TEXT], self._spelled)
        redacted = _BYTE_LIST.sub(lambda found: REDACTED if self._shows(_bytes_in(found)) else found[0], redacted)
        return WITHHELD if self._shows(redacted, decodings=_DECODINGS) else one_line(redacted)

    def _shows(self, text: str, decodings: int = 0) -> bool:
        """Whether the text, or anything it decodes to, contains a part of a secret."""
        seen, texts = {text}, {text}
        for _ in range(decodings):
            texts = {decoded for one in texts for decode in _DECODERS for decoded in decode(one)} - seen
            seen |= texts
        return any(_without(one, self._runs) != one for one in seen)


def _runs_of(texts: Iterable[str]) -> Iterator[str]:
    for text in texts:
        lowered = _lower(text)
        length = min(_RUN, len(lowered))
        yield from (lowered[at : at + length] for at in range(len(lowered) - length + 1))


def _without(text: str, runs: set[str]) -> str:
    """The text with each stretch that consists of these runs replaced."""
    lowered, hidden = _lower(text), [False] * len(text)
    for length in {len(run) for run in runs}:
        for at in range(len(text) - length + 1):
            if lowered[at : at + length] in runs:
                hidden[at : at + length] = [True] * length
    pieces: list[str] = []
    for at, character in enumerate(text):
        if not hidden[at]:
            pieces.append(character)
        elif at == 0 or not hidden[at - 1]:
            pieces.append(REDACTED)
    return "".join(pieces)


def _lower(text: str) -> str:
    """The text in lower case with its length unchanged; letters whose lower case has two characters stay."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    for ascii_only in (True, False):
        in_json = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield in_json
        yield json.dumps(in_json, ensure_ascii=ascii_only)[1:-1]  # EMQX puts JSON text into an answer's message
    raw = secret.encode(errors="surrogateescape")  # the environment may contain bytes that are not text
    yield quote(raw, safe="")
    yield quote_plus(raw)
    yield html.escape(secret)
    yield raw.hex()
    for before in range(3):
        # The secret may be the end of a longer text, such as Basic's `user:password`. Base64 mixes its first characters
        # with the text before it, so they are cut off.
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + raw).decode().rstrip("=")[-(-8 * before // 6) :]


def _bytes_in(found: re.Match[str]) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", found[0])]
    return bytes(number for number in numbers if number < 256).decode(errors="replace")  # noqa: PLR2004 - a byte


def _unescaped(text: str) -> Iterator[str]:
    """The text without the backslash escapes of JSON and Erlang; escaped bytes may be UTF-8."""

    def character(found: re.Match[str]) -> str:
        hexadecimal = found[1] or found[2] or found[3]
        if hexadecimal:
            return chr(min(int(hexadecimal, 16), 0x10FFFF))
        return chr(int(found[4], 8)) if found[4] else str(found[5])

    unescaped = _ESCAPE.sub(character, text)
    yield unescaped
    yield unescaped.encode("latin-1", errors="replace").decode(errors="replace")


def _from_base64(text: str) -> Iterator[str]:
    for token in _BASE64.findall(text):
        standard = token.replace("-", "+").replace("_", "/")
        for begin in range(4):
            whole = standard[begin : begin + (len(standard) - begin) // 4 * 4]
            yield b64decode(whole).decode(errors="replace")


def _from_hex(text: str) -> Iterator[str]:
    yield from (bytes.fromhex(token).decode(errors="replace") for token in _HEX.findall(text))


_DECODERS: tuple[Callable[[str], Iterable[str]], ...] = (
    lambda text: (unquote(text), unquote_plus(text), html.unescape(text)),
    _unescaped,
    _from_base64,
    _from_hex,
)
