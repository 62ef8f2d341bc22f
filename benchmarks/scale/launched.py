"""Runs a command from a process of its own, which is small, and prints what it took, in JSON.

Linux counts as peak memory of a program also that of the process which started it, up to then: so that has to be small.

python -m benchmarks.scale.launched COMMAND WORDS…
"""

import json
import os
import subprocess
import sys
import time

_EVERY = 0.02
"""Seconds between two looks at a process."""


def main() -> int:
    """Run it; return its exit status."""
    begun = time.perf_counter()
    process = subprocess.Popen(sys.argv[1:], stdout=subprocess.DEVNULL)
    own = mapped = 0.0
    while True:
        ended, status, usage = os.wait4(process.pid, os.WNOHANG)
        if ended:
            break
        held = _held(process.pid)
        own, mapped = max(own, held.get("RssAnon", 0)), max(mapped, held.get("RssFile", 0) + held.get("RssShmem", 0))
        time.sleep(_EVERY)
    found = {"seconds": time.perf_counter() - begun, "processor": usage.ru_utime + usage.ru_stime}
    print(json.dumps(found | {"peak": usage.ru_maxrss / 1024, "own": own, "mapped": mapped}))
    return os.waitstatus_to_exitcode(status)


def _held(process: int) -> dict[str, float]:
    """Return the memory of a process in MB, by what it is; nothing of one that ends."""
    try:
        with open(f"/proc/{process}/status", encoding="ascii", errors="replace") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    found = (line.partition(":") for line in lines if line.startswith("Rss"))
    return {name: int(rest.split()[0]) / 1024 for name, _, rest in found}


if __name__ == "__main__":
    sys.exit(main())
