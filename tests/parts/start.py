"""Applications that do something as they start; read by processes of their own, so it stays light."""

import os
import signal
from typing import Any


async def stopping(_scope: Any, receive: Any, send: Any) -> None:
    """Tells whoever started it to stop, as systemd would."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    os.kill(os.getppid(), signal.SIGTERM)
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def breaking(_scope: Any, _receive: Any, _send: Any) -> None:
    """Can't start."""
    raise RuntimeError
