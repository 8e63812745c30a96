"""The pure parts of static/js under Node's own test runner; Playwright brings a Node where the machine has none."""

import asyncio
import shutil
from pathlib import Path

import playwright

HERE = Path(__file__).parent


def node() -> str:
    """A Node that can run tests: the machine's, or the one inside Playwright's wheel."""
    return shutil.which("node") or str(Path(playwright.__file__).parent / "driver" / "node")


async def test_the_pure_parts_of_the_scripts() -> None:
    run = await asyncio.create_subprocess_exec(
        node(), "--test", *sorted(str(p) for p in HERE.glob("*.test.mjs")),
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    out, _ = await asyncio.wait_for(run.communicate(), 240)
    assert run.returncode == 0, out.decode()
