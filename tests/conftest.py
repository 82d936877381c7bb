"""What every test needs of the process that it runs in."""

from __future__ import annotations

import signal

# A shell starts what it puts into the background with Ctrl-C ignored, and children inherit that: scripts that
# interrupt themselves would not be.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
