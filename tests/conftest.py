"""What every test may rely on, however the run was started."""

from __future__ import annotations

import signal

# A run started in the background ignores Ctrl-C, and so would every process that a test starts and
# interrupts: children inherit an ignored signal.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
