"""Redaction: what EMQX or a driver may echo of a secret, and in which spelling."""

import base64
import html
import json
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from clouds.emqx.redaction import WITHHELD, Redactor

SECRET = 'p&ss "w\\rd"/ü+1'

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in another case": str.swapcase,
    "JSON": json.dumps,
    "JSON with its own letters": lambda secret: json.dumps(secret, ensure_ascii=False),
    "JSON with upper-case escapes": lambda secret: "".join(f"\\u{ord(one):04X}" for one in secret),
    "JSON text in JSON": lambda secret: json.dumps(json.dumps({"password": secret})),
    "JSON with escaped slashes": lambda secret: json.dumps(secret).replace("/", "\\/"),
    "percent": lambda secret: quote(secret, safe=""),
    "percent in lower case": lambda secret: quote(secret, safe="").lower(),
    "every byte percent": lambda secret: "".join(f"%{byte:02x}" for byte in secret.encode()),
    "form": quote_plus,
    "HTML": html.escape,
    "HTML by number": lambda secret: "".join(f"&#{ord(one)};" for one in secret),
    "base64": lambda secret: base64.b64encode(secret.encode()).decode(),
    "Basic of a user": lambda secret: base64.b64encode(f"emqx:{secret}".encode()).decode(),
    "Basic of another user": lambda secret: base64.b64encode(f"admin:{secret}".encode()).decode(),
    "base64 for URLs": lambda secret: base64.urlsafe_b64encode(f"a:{secret}".encode()).decode(),
    "Erlang's bytes": lambda secret: f"<<{','.join(str(byte) for byte in secret.encode())}>>",
    "Erlang's bytes over lines": lambda secret: "<<" + ",\n   ".join(map(str, secret.encode())) + ">>",
    "Erlang's octal": lambda secret: "".join(f"\\{byte:03o}" if byte > 126 else chr(byte) for byte in secret.encode()),
    "hexadecimal": lambda secret: secret.encode().hex(),
    "percent of JSON": lambda secret: quote(json.dumps({"password": secret})),
    "base64 of JSON": lambda secret: base64.b64encode(json.dumps({"password": secret}).encode()).decode(),
}


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("secret", [SECRET, "hunter2-and-more", SECRET + "\n"])
def test_no_spelling_of_a_secret_survives(encoding: str, secret: str) -> None:
    """Neither the echo nor a part of the secret is left; the variable may end in a newline that the echo lacks."""
    echo = ENCODINGS[encoding](secret.strip())
    clean = Redactor([secret]).clean(f"cannot open [{echo}]: econnrefused")
    assert echo.strip('"') not in clean
    assert not shows_a_part(clean, secret.strip())


def shows_a_part(text: str, secret: str) -> bool:
    """Whether four characters of the secret, one after another, are in a text that is shown."""
    parts = {secret[at : at + 4].lower() for at in range(max(1, len(secret) - 3))}
    return text != WITHHELD and any(part in text.lower() for part in parts)


@pytest.mark.parametrize("kept", range(4, 12))
def test_an_echo_that_is_cut_off_is_redacted_too(kept: int) -> None:
    """Drivers shorten long values: four characters of a secret are worth hiding."""
    secret = "tr0ub4dor-and-3"
    clean = Redactor([secret]).clean(f"bad password: {secret[:kept]}...")
    assert clean == "bad password: ******..."
    assert not shows_a_part(Redactor([secret]).clean(f"bad password: ...{secret[-kept:]}"), secret)


def test_what_holds_no_secret_is_shown_as_it_is() -> None:
    """The reason is what a person needs."""
    words = 'connect to vpce-1.example.com:3306: {"reason": "econnrefused", "at": [1, 22, 333]}, 100% of a+b &amp; c'
    assert Redactor(["tr0ub4dor-and-3", "x9!k"]).clean(words) == words
    assert Redactor([]).clean(words) == words


@pytest.mark.parametrize("secret", ["1", "e", "ab", " a\n"])
def test_beside_a_secret_of_a_character_or_two_nothing_is_shown(secret: str) -> None:
    """Such a secret occurs by chance in any text: neither all of that can be redacted, nor can it be left."""
    assert Redactor([secret]).clean("econnrefused on port 3306") == WITHHELD
    assert Redactor([secret]).clean("") == ""


@pytest.mark.parametrize("secret", ["", " ", "\n"])
def test_an_empty_secret_hides_nothing(secret: str) -> None:
    """There is nothing to hide."""
    assert Redactor([secret]).clean("econnrefused") == "econnrefused"


def test_an_encoding_over_an_encoding_is_withheld() -> None:
    """Where the spelling is not known, the text is decoded and looked at; what then shows the secret is not shown."""
    echo = quote(html.escape(quote("tr0ub4dor & 3/4", safe="")), safe="")
    assert Redactor(["tr0ub4dor & 3/4"]).clean(f"bad: {base64.b64encode(echo.encode()).decode()}") in {
        WITHHELD,
        "bad: ******",
    }


@settings(max_examples=150, deadline=None)
@given(
    secret=st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Zs"], exclude_characters="*"), min_size=4),
    encoding=st.sampled_from(sorted(set(ENCODINGS) - {"in another case"})),
    before=st.text(st.characters(codec="ascii", categories=["Ll", "Nd"]), max_size=7),
)
def test_whatever_the_secret_is_no_echo_of_it_survives(secret: str, encoding: str, before: str) -> None:
    """Any letters, any spelling, at any place in a text."""
    clean = Redactor([secret]).clean(f"{before}[{ENCODINGS[encoding](secret)}] refused")
    assert not shows_a_part(clean, secret)
