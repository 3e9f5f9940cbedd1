#!/usr/bin/env python3
"""An ordinary client: asks one thing after the other and says how long the answers took.

    bench/probe.py PORT PID SECONDS

Says it on the clock, and in CPU time of the server's main thread from the question to the answer:
that is how long the client waits where the server has a core of its own. Prints
{"count": …, "ms": {"first": …, "p50": …, "p99": …, "longest": …}, "cpuMs": {…}}."""

import json
import socket
import sys
import time

REQUEST = b'{"id":1,"method":"count","params":["users"]}\n'


def summary(values):
    ordered = sorted(values)
    return {"first": values[0], "p50": ordered[len(values) // 2],
            "p99": ordered[len(values) * 99 // 100], "longest": ordered[-1]}


def main():
    port, pid, seconds = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    took, worked = [], []
    schedule = open(f"/proc/{pid}/task/{pid}/schedstat", "rb", buffering=0)

    def cpu_ms():
        schedule.seek(0)
        return int(schedule.read(64).split()[0]) / 1e6

    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.settimeout(30)
        end = time.perf_counter() + seconds
        while time.perf_counter() < end:
            before, begin = cpu_ms(), time.perf_counter()
            connection.sendall(REQUEST)
            reply = connection.recv(4096)
            took.append((time.perf_counter() - begin) * 1000)
            worked.append(cpu_ms() - before)
            if b'"result":' not in reply:
                raise RuntimeError(f"the probe is answered {reply!r}")
    print(json.dumps({"count": len(took), "ms": summary(took), "cpuMs": summary(worked)}))


if __name__ == "__main__":
    main()
