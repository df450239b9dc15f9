"""The tests mirror the packages; `workflows` runs whole sagas, `e2e` whole commands, `support` is what several share.

Pace and deadlines are set here, before any product module is imported, because they are read once. The deadlines are
two minutes of our clock each: what a loaded machine does to them is no law of ours. A test of a deadline sets its own.
"""

import os

from tests.support.deadlines import set_deadlines
from tests.support.sandbox import SPEED

os.environ["PRIVATELINK_PACE"] = str(SPEED)
set_deadlines(120)
