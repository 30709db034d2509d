"""An MLflow server that can be killed and started again and again at one port.

Loading MLflow takes seconds, so that is done once; every server is a process of its own that begins from there, with
nothing opened. `start` on standard input forks one and prints its pid; `reap`, once it was killed, waits for its end.
"""

import os
import signal
import sys
import threading

import uvicorn
from mlflow.server.fastapi_app import app

answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what servers print is log
assert threading.active_count() == 1, "only a process without threads may fork"
server = 0
for order in sys.stdin:
    if order.strip() == "start":
        server = os.fork()
        if server == 0:
            uvicorn.run(app, host="127.0.0.1", port=int(sys.argv[1]))
            os._exit(0)
        print(server, file=answers, flush=True)
    else:
        os.waitpid(server, 0)
        server = 0
        print("ended", file=answers, flush=True)
if server:
    os.kill(server, signal.SIGKILL)
