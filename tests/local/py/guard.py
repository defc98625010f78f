"""Runs a program in a process group of its own and ends the whole group once this script's standard input closes.

The other end of that pipe is held by the process that wanted the program, so the group dies with it however it dies.
"""

import os
import select
import signal
import subprocess
import sys

grace, command = float(sys.argv[1]), sys.argv[2:]
# A Ctrl-C at the terminal reaches this script too; what counts is what its owner does about it.
signal.signal(signal.SIGINT, signal.SIG_IGN)
signal.signal(signal.SIGTERM, lambda *_: os.close(0))
child = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
try:
    while child.poll() is None:
        readable, _, _ = select.select([0], [], [], 0.2)
        if readable and not os.read(0, 4096):
            break
except OSError:
    pass
if child.poll() is None and grace > 0:
    child.terminate()
    try:
        child.wait(grace)
    except subprocess.TimeoutExpired:
        pass
try:
    os.killpg(child.pid, signal.SIGKILL)
except ProcessLookupError:
    pass
sys.exit(child.wait())
