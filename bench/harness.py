"""What bench/run and bench/memory share: processes, load, and ratios of alternated pairs."""

import json
import os
import signal
import socket
import statistics
import subprocess
import sys
import time

SERVER_CORE, LOAD_CORE = 0, 1


def pinned(core, command):
    """The command, kept to one core where there are two."""
    if os.cpu_count() < 2:
        return command
    return ["taskset", "-c", str(core)] + command


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def end_by_signal(number, _frame):
    """Ends as Ctrl-C does, so that what was started is stopped."""
    sys.exit(128 + number)


signal.signal(signal.SIGTERM, end_by_signal)


def resident_bytes(pid):
    with open(f"/proc/{pid}/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGESIZE")


class Process:
    """A server that is stopped at the end, whatever happened."""

    def __init__(self, command, ready=None, **options):
        self.child = subprocess.Popen(pinned(SERVER_CORE, command), stdout=subprocess.PIPE,
                                      text=True, start_new_session=True, **options)
        self.pid = self.child.pid
        self.first_line = self.child.stdout.readline().strip() if ready else ""
        if ready and ready not in self.first_line:
            self.stop()
            raise RuntimeError(f"{command[0]} did not start: {self.first_line}")

    def stop(self):
        if self.child.poll() is None:
            self.child.send_signal(signal.SIGTERM)
            try:
                self.child.wait(20)
            except subprocess.TimeoutExpired:
                self.child.kill()
                self.child.wait()
        self.child.stdout.close()


class Load:
    """Runs the load generator."""

    def __init__(self, build):
        self.program = os.path.join(build, "bench-load")

    def run(self, file, port, **options):
        command = [self.program, "--file", file, "--port", str(port)]
        for name, value in options.items():
            option = "--" + name.replace("_", "-")
            command += [option] if value is True else [option, str(value)]
        run = subprocess.run(pinned(LOAD_CORE, command), check=False, capture_output=True, text=True)
        if run.returncode != 0:
            raise RuntimeError(f"{' '.join(command)}: {run.stderr.strip()}")
        result = json.loads(run.stdout)
        if result["errors"] > 0:
            raise RuntimeError(f"{result['errors']} of {result['requests']} replies to {file} "
                               "are errors")
        return result


def median_of(results):
    """One result whose every number is the median of the results' numbers."""
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def compare(pairs, run_tenon, run_peer):
    """Runs both in turn; returns medians of each and the ratios: median, first and last quarter.
    A ratio above 1 is for Tenon."""
    ours, theirs = [], []
    for pair in range(pairs):
        for run, results in ((run_tenon, ours), (run_peer, theirs))[::1 if pair % 2 else -1]:
            results.append(run())
    speed = sorted(a["perSecond"] / b["perSecond"] for a, b in zip(ours, theirs))
    cpu = sorted(b["cpuUsPerRequest"] / max(a["cpuUsPerRequest"], 1e-9)
                 for a, b in zip(ours, theirs))
    return median_of(ours), median_of(theirs), spread(speed), spread(cpu)


def spread(ratios):
    count = len(ratios)
    return statistics.median(ratios), ratios[count // 4], ratios[count - 1 - count // 4]


def ask(port, request, end):
    """Sends one request as it stands and returns the reply up to where `end` says it ends."""
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(request)
        reply = b""
        while (size := end(reply)) is None:
            piece = connection.recv(1 << 20)
            if not piece:
                raise RuntimeError("the server closed the connection")
            reply += piece
        return reply[:size]


def ask_tenon(port, method, params=None):
    request = {"jsonrpc": "2.0", "id": 1, "method": method}
    if params is not None:
        request["params"] = params
    line = ask(port, json.dumps(request).encode() + b"\n", line_end)
    reply = json.loads(line)
    if "error" in reply:
        raise RuntimeError(f"{method}: {reply['error']['message']}")
    return reply["result"]


def line_end(reply):
    place = reply.find(b"\n")
    return None if place < 0 else place + 1


def machine():
    """The kind of machine, in a line."""
    model = "unknown processor"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":")[1].strip()
                break
    with open("/proc/meminfo") as file:
        memory = int(file.readline().split()[1]) / 1024 / 1024
    return f"{model}, {os.cpu_count()} cores, {memory:.0f} GiB, {os.uname().sysname} " \
           f"{os.uname().release.split('-')[0]}"


def commit():
    return subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                          text=True).stdout.strip()


def today():
    return time.strftime("%Y-%m-%d")
