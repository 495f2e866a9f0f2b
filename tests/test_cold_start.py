"""What an instance of the app loads before it can answer: a customer waits for it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def test_a_library_that_few_runs_need_is_not_loaded_at_the_start() -> None:
    code = "import sys, function_app; sys.exit('openpyxl' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0
