"""Keeps secrets out of EMQX's free text, in whichever spelling EMQX or a driver of it may echo them.

There are two nets. The first replaces what is seen to be a part of a secret, in the spellings of `_spellings` and in
lists of bytes. The second decodes the rest in every way that is known here: where that still shows a part of a secret,
nothing of the text is shown. A part is a run of four characters, whatever its case, since an echo may be cut off.
"""

import html
import json
import re
from base64 import b64decode, b64encode, urlsafe_b64encode
from collections.abc import Callable, Iterable, Iterator
from urllib.parse import quote, quote_plus, unquote, unquote_plus

from clouds.emqx.labels import one_line

REDACTED = "******"
WITHHELD = "(EMQX's words are not shown: they cannot be told from a secret)"

_RUN = 4
"""Characters of a secret that give it away. A shorter secret gives itself away as a whole."""
_SHORTEST = 3
"""A secret of fewer characters stands by chance in any text, so no text is shown that may hold it."""
_LONGEST_TEXT = 1000
"""Characters of a text that are looked at; of which a message shows some hundred."""
_DECODINGS = 3
"""How many encodings may lie over each other, beyond what `_spellings` holds: JSON text in a URL, say."""

_BYTE_LIST = re.compile(r"\d{1,3}(?:\s*,\s*\d{1,3})+")
"""How Erlang prints a binary that is not all ASCII: <<112,195,188>>."""
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|x\{([0-9a-fA-F]+)\}|x([0-9a-fA-F]{2})|([0-7]{3})|(.))", re.DOTALL)
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{6,}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}){3,}")


class Redactor:
    """Takes some secrets out of texts. It holds them, so keep it no longer than the call that needs them."""

    def __init__(self, secrets: Iterable[str]) -> None:
        """Empty secrets are none. White space around a secret counts for nothing: a file ends in a newline."""
        self._secrets = {bare for secret in secrets if (bare := secret.strip())}
        self._runs = set(_runs_of(self._secrets))
        self._spelled = set(_runs_of({spelling for secret in self._secrets for spelling in _spellings(secret)}))

    def clean(self, text: str) -> str:
        """The text fit for a message: on one line, no part of a secret in it."""
        if not self._secrets:
            return one_line(text)
        if text and any(len(secret) < _SHORTEST for secret in self._secrets):
            return WITHHELD
        redacted = _without(text[:_LONGEST_TEXT], self._spelled)
        redacted = _BYTE_LIST.sub(lambda found: REDACTED if self._shows(_bytes_in(found)) else found[0], redacted)
        return WITHHELD if self._shows(redacted, decodings=_DECODINGS) else one_line(redacted)

    def _shows(self, text: str, decodings: int = 0) -> bool:
        """Whether a part of a secret stands in it, or in what it decodes to."""
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
    """The text with each stretch that is made of these runs replaced."""
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
    """In lower case, and as long as before: a few letters have two in lower case."""
    return "".join(lower if len(lower := character.lower()) == 1 else character for character in text)


def _spellings(secret: str) -> Iterator[str]:
    yield secret
    for ascii_only in (True, False):
        in_json = json.dumps(secret, ensure_ascii=ascii_only)[1:-1]
        yield in_json
        yield json.dumps(in_json, ensure_ascii=ascii_only)[1:-1]  # EMQX puts JSON text into the message of an answer
    raw = secret.encode(errors="surrogateescape")  # as the environment may hold bytes that are no text
    yield quote(raw, safe="")
    yield quote_plus(raw)
    yield html.escape(secret)
    yield raw.hex()
    for before in range(3):
        # As the end of a longer text, which Basic's `user:password` is. Its first characters hold what stands before.
        for encode in (b64encode, urlsafe_b64encode):
            yield encode(b"\0" * before + raw).decode().rstrip("=")[-(-8 * before // 6) :]


def _bytes_in(found: re.Match[str]) -> str:
    numbers = [int(number) for number in re.findall(r"\d+", found[0])]
    return bytes(number for number in numbers if number < 256).decode(errors="replace")  # noqa: PLR2004 - a byte


def _unescaped(text: str) -> Iterator[str]:
    """Backslash escapes of JSON and of Erlang; escaped bytes may be UTF-8."""

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
