"""MLflow servers that can be killed and started again and again, each at a port of its own.

Loading MLflow takes seconds, and so does making its tables: both are done once, when the first server is asked for.
Every server is a process of its own that begins from there, with nothing opened, on a copy of the empty database.
Orders come over a Unix socket, one line of JSON a connection: `{"start": {port, folder, environment}}` answers with a
pid, `{"kill": pid}` once that process has ended. When standard input ends, so do the servers, and the folder with
socket and database is removed.
"""

import json
import os
import select
import shutil
import signal
import socket
import sys
import threading

servers: set[int] = set()


def load(folder: str) -> None:
    """Loads MLflow, and makes the empty database in a process of its own, which may open things."""
    import mlflow.server.fastapi_app  # noqa: F401

    assert threading.active_count() == 1, "only a process without threads may fork"
    maker = os.fork()
    if maker == 0:
        from mlflow.store.tracking.sqlalchemy_store import SqlAlchemyStore

        SqlAlchemyStore(f"sqlite:///{folder}/empty.db", "mlflow-artifacts:/")
        os._exit(0)
    _, status = os.waitpid(maker, 0)
    assert status == 0, "no database was made"


def start(loaded: str, port: int, folder: str, environment: dict[str, str]) -> int:
    database = os.path.join(folder, "mlflow.db")
    if not os.path.exists(database):
        shutil.copyfile(os.path.join(loaded, "empty.db"), database)
    pid = os.fork()
    if pid:
        servers.add(pid)
        return pid
    os.closerange(3, 1024)  # the loader's sockets
    os.environ.update(environment)
    os.chdir(folder)
    log = os.open("log.txt", os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    os.dup2(log, 1)
    os.dup2(log, 2)

    import uvicorn
    from mlflow.server.fastapi_app import app

    uvicorn.run(app, host="127.0.0.1", port=port)
    os._exit(0)


def kill(pid: int) -> None:
    if pid in servers:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        servers.discard(pid)


def main(folder: str) -> None:
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(os.path.join(folder, "socket"))
    listener.listen(64)
    print("listens", flush=True)
    loaded = False
    while sys.stdin not in select.select([sys.stdin, listener], [], [])[0]:
        connection, _ = listener.accept()
        with connection, connection.makefile("rw") as lines:
            order = json.loads(lines.readline())
            if "start" in order:
                if not loaded:
                    load(folder)
                    loaded = True
                answer = start(folder, **order["start"])
            else:
                answer = kill(order["kill"])
            lines.write(f"{json.dumps(answer)}\n")
    for pid in list(servers):
        kill(pid)
    shutil.rmtree(folder)


main(sys.argv[1])
