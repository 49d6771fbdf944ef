"""rusage.py REPORT COMMAND [ARGUMENT...]: runs the command and writes to REPORT, as JSON, what the kernel counted for it and for every
process that it waited for (wait4, getrusage): the same way for every contestant, on Linux and macOS. ru_maxrss of a tree of processes is
that of its largest one; a process begins with the resident set of this small one (about 10 MiB), below which nothing can be told."""

import json
import os
import resource
import sys
import time

report, command = sys.argv[1], sys.argv[2:]
# As many open files as are allowed: some tools open one for each event type.
_, most = resource.getrlimit(resource.RLIMIT_NOFILE)
files = 65536 if most == resource.RLIM_INFINITY else most
resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))
started = time.monotonic()
child = os.posix_spawnp(command[0], command, os.environ)
_, status, usage = os.wait4(child, 0)
wall = time.monotonic() - started
unit = 1 if sys.platform == "darwin" else 1024
with open(report, "w", encoding="utf-8") as file:
    json.dump(
        {
            "wall_seconds": wall,
            "user_seconds": usage.ru_utime,
            "system_seconds": usage.ru_stime,
            "peak_bytes": usage.ru_maxrss * unit,
        },
        file,
    )
sys.exit(max(0, os.waitstatus_to_exitcode(status)) or (1 if status else 0))
