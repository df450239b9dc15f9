"""What the tests of this folder share: a request in a file."""

from pathlib import Path

import pytest

from tests.support.cli import REQUEST


@pytest.fixture
def request_file(tmp_path: Path) -> str:
    """The path of a file with a valid request."""
    path = tmp_path / "request.yaml"
    path.write_text(REQUEST)
    return str(path)
