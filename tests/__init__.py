"""The tests mirror the rooms; `workflows` runs whole stories, `e2e` whole commands, `support` is what several share.

The pace is set here, before any product module is imported, because it is read once.
"""

import os

from tests.support.sandbox import SPEED

os.environ["PRIVATELINK_PACE"] = str(SPEED)
