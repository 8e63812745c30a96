"""Where databases of tests lie: in memory where the machine has room there, since none of them outlives the run."""

import os
import shutil
import tempfile
from pathlib import Path

MEMORY = Path("/dev/shm")
ROOM = 2 * 1024**3
_PREFIX = "journal-tests"


def folder(name: str, otherwise: str | None = None) -> Path:
    """A new folder of this process, in memory or in `otherwise` (None is the usual place for what is temporary)."""
    place = MEMORY if _roomy() else Path(otherwise or tempfile.gettempdir())
    for left in place.glob(f"{_PREFIX}-*"):
        if not _runs(int(left.name.split("-")[2])):
            shutil.rmtree(left, ignore_errors=True)  # of a run that was killed
    return Path(tempfile.mkdtemp(prefix=f"{_PREFIX}-{os.getpid()}-{name}-", dir=place))


def _roomy() -> bool:
    try:
        return os.access(MEMORY, os.W_OK) and shutil.disk_usage(MEMORY).free > ROOM
    except OSError:
        return False


def _runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except OSError:  # it is somebody else's
        pass
    return True
