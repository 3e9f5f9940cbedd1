"""The peers: how each is started, filled, asked and measured.

Every peer keeps its data in memory as far as it can, in a folder that goes away, without waiting
for a disk, as Tenon without --data does. Each is filled with the whole blog, indexes included, in
the way that its users would take, and remembers the seconds: Tenon by `tenon import`, Redis by
pipelines as for redis-cli --pipe, PostgreSQL by COPY, Tarantool by Lua that reads the files."""

import glob
import json
import os
import pwd
import shutil
import struct
import subprocess
import time

import harness

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "peers")
TABLES = ("users", "authorProfiles", "posts", "comments", "categories", "postCategories")


def seconds_of(function):
    start = time.monotonic()
    function()
    return time.monotonic() - start


class Tenon:
    name = "Tenon"
    protocol = "lines"

    def __init__(self, context):
        self.context = context
        self.process = harness.Process(
            [os.path.join(context.build, "tenon"), "serve", "--schema", "bench/schema.json",
             "--listen", "127.0.0.1:0"], ready="listening", stderr=subprocess.DEVNULL)
        self.port = int(self.process.first_line.rsplit(":", 1)[1])
        before = harness.resident_bytes(self.process.pid)
        self.fill_seconds = seconds_of(self.fill)
        self.memory = harness.resident_bytes(self.process.pid) - before

    def fill(self):
        files = [f"{table}={os.path.join(self.context.data_folder, table)}.jsonl"
                 for table in TABLES]
        command = [os.path.join(self.context.build, "tenon"), "import", "--server",
                   f"127.0.0.1:{self.port}"] + files
        subprocess.run(harness.pinned(harness.LOAD_CORE, command), check=True,
                       capture_output=True)

    def script(self, kind, variant):
        return ""

    def ask(self, request):
        return json.loads(harness.ask(self.port, request, harness.line_end))["result"]

    def answer(self, kind):
        return self.ask(self.context.first_request(kind, "tenon"))

    def run(self, kind, **options):
        return self.context.load.run(self.context.requests(kind, "tenon"), self.port,
                                     pid=self.process.pid, protocol="lines", **options)

    def stop(self):
        self.process.stop()


class Floor:
    """Answers as many bytes without looking at the request; with `pieces`, gathered from so many
    random places of `memory` MiB."""

    def __init__(self, context, name, request_size, reply_size, pieces=0, memory=0):
        self.context, self.name, self.size = context, name, request_size
        command = [os.path.join(context.build, "bench-floor"), "0", str(request_size),
                   str(reply_size)] + ([str(pieces), str(memory)] if pieces else [])
        self.process = harness.Process(command, ready="")
        self.port = int(self.process.child.stdout.readline())

    def run(self, **options):
        file = self.context.requests("blank", "tenon", size=self.size)
        return self.context.load.run(file, self.port, pid=self.process.pid, **options)

    def stop(self):
        self.process.stop()


class Redis:
    """Commands where one does it, all else by Lua scripts (EVALSHA)."""

    name = "Redis"
    protocol = "redis"

    def __init__(self, context):
        self.context = context
        self.port = harness.free_port()
        self.folder = context.make_folder("redis")
        self.process = harness.Process(
            ["redis-server", "--port", str(self.port), "--bind", "127.0.0.1", "--save", "",
             "--appendonly", "no", "--dir", self.folder, "--daemonize", "no"],
            stderr=subprocess.DEVNULL)
        self.wait()
        before = self.resident()
        self.fill_seconds = context.fill_by_requests(self)
        self.memory = self.resident() - before
        self.scripts = {}
        for path in glob.glob(os.path.join(SCRIPTS, "*.redis.lua")):
            kind = os.path.basename(path)[:-len(".redis.lua")]
            with open(path) as file:
                self.scripts[kind] = self.command("SCRIPT", "LOAD", file.read())

    def wait(self):
        for _ in range(200):
            try:
                self.command("PING")
                return
            except OSError:
                time.sleep(0.05)
        raise RuntimeError("redis-server did not start")

    def command(self, *words):
        request = f"*{len(words)}\r\n".encode()
        for word in words:
            request += f"${len(word.encode())}\r\n{word}\r\n".encode()
        return self.parse(harness.ask(self.port, request, self.end))

    @classmethod
    def take(cls, reply, at=0):
        """The value that begins at `at`, and where it ends: None if it is not whole."""
        line = reply.find(b"\r\n", at)
        if line < 0:
            return None, None
        kind, head, at = reply[at:at + 1], reply[at + 1:line].decode(), line + 2
        if kind == b"*":
            items = []
            while len(items) < int(head) and at is not None:
                item, at = cls.take(reply, at)
                items.append(item)
            return items, at
        if kind != b"$" or head == "-1":
            return (head if kind != b"$" else None), at
        end = at + int(head)
        return (reply[at:end].decode(), end + 2) if len(reply) >= end + 2 else (None, None)

    @classmethod
    def end(cls, reply):
        return cls.take(reply)[1]

    @classmethod
    def parse(cls, reply):
        if reply[:1] == b"-":
            raise RuntimeError(reply.decode())
        return cls.take(reply)[0]

    def resident(self):
        return harness.resident_bytes(self.process.pid)

    def script(self, kind, variant):
        if kind == "linkbench":
            return ",".join(self.scripts[name] for name in (f"mix-patch.{variant}", "mix-insert",
                                                            "mix-delete"))
        return self.scripts.get(f"{kind.removesuffix('-hot')}.{variant}", "")

    def ask(self, request):
        value = self.parse(harness.ask(self.port, request, self.end))
        texts = value if isinstance(value, list) else [value]
        answers = [text and json.loads(text) for text in texts]
        return answers if texts is value else answers[0]

    def answer(self, kind, variant):
        return self.ask(self.context.first_request(kind, "redis",
                                                   script=self.script(kind, variant)))

    def run(self, kind, variant="text", **options):
        file = self.context.requests(kind, "redis", script=self.script(kind, variant))
        return self.context.load.run(file, self.port, pid=self.process.pid, protocol="redis",
                                     **options)

    def stop(self):
        self.process.stop()


class Tarantool:
    """Requests to a space where one does it, stored Lua procedures for all else."""

    name = "Tarantool"
    protocol = "tarantool"

    def __init__(self, context):
        self.context = context
        self.port = harness.free_port()
        self.folder = context.make_folder("tarantool")
        self.process = harness.Process(
            ["tarantool", os.path.join(SCRIPTS, "tarantool.lua"), str(self.port),
             context.data_folder, self.folder], ready="ready", stderr=subprocess.DEVNULL)
        self.fill_seconds = float(self.process.first_line.split()[1])
        self.memory = int(self.value("memory_used", ""))

    def script(self, kind, variant):
        return ("patch" if kind == "linkbench" else kind.removesuffix("-hot")) + "_" + variant

    @staticmethod
    def end(reply):
        if len(reply) < 133:
            return None
        size = 133 + struct.unpack(">I", reply[129:133])[0]
        return size if len(reply) >= size else None

    @classmethod
    def parse(cls, reply):
        header, at = unpack(reply, 133)
        body, _ = unpack(reply, at)
        if header[0] != 0:
            raise RuntimeError(body[0x31])
        return body[0x30]

    def value(self, function, argument):
        call = bytes([0x82, 0, 0x0a, 1, 0, 0x82, 0x22]) + pack_text(function) + \
            bytes([0x21, 0x91]) + pack_text(argument)
        request = b"\xce" + struct.pack(">I", len(call)) + call
        return self.parse(harness.ask(self.port, request, self.end))[0]

    def ask(self, request):
        """What came first, or all of it if the request is a select of as many as ten."""
        found = []
        for value in self.parse(harness.ask(self.port, request, self.end)):
            if isinstance(value, list) and len(value) > 1 and isinstance(value[1], str):
                value = value[1]  # the text in a tuple
            found.append(json.loads(value) if isinstance(value, str) else value)
        return found if b"\x12\x0a" in request else found[0] if found else None

    def answer(self, kind, variant):
        return self.ask(self.context.first_request(kind, "tarantool",
                                                   script=self.script(kind, variant)))

    def run(self, kind, variant="text", **options):
        file = self.context.requests(kind, "tarantool", script=self.script(kind, variant))
        return self.context.load.run(file, self.port, pid=self.process.pid, protocol="tarantool",
                                     **options)

    def stop(self):
        self.process.stop()


class PostgreSQL:
    """Prepared statements with json_agg, by pgbench."""

    name = "PostgreSQL"

    def __init__(self, context):
        self.context = context
        self.port = harness.free_port()
        self.folder = context.make_folder("postgresql")
        self.programs = sorted(glob.glob("/usr/lib/postgresql/*/bin"))[-1]
        self.process = None
        self.initialise()
        self.start()
        for statement in self.script_text("schema.sql").split(";\n"):
            self.sql(statement)
        self.fill_seconds = seconds_of(self.fill)
        self.memory = int(self.sql(
            "SELECT sum(pg_total_relation_size(oid)) FROM pg_class WHERE relkind = 'r' AND "
            "relnamespace = 'public'::regnamespace"))

    def initialise(self):
        """PostgreSQL refuses to run as root, who becomes the package's user for it."""
        self.user = {}
        if os.geteuid() == 0:
            entry = pwd.getpwnam("postgres")
            self.user = {"user": entry.pw_uid, "group": entry.pw_gid, "extra_groups": []}
            shutil.chown(self.folder, "postgres")
        self.user["cwd"] = "/"
        subprocess.run([os.path.join(self.programs, "initdb"), "-D", self.folder, "-U", "bench",
                        "--locale=C.UTF-8", "--auth=trust"], check=True, capture_output=True,
                       **self.user)

    def start(self):
        settings = {"port": self.port, "listen_addresses": "127.0.0.1",
                    "unix_socket_directories": self.folder, "shared_buffers": "1GB",
                    "work_mem": "64MB", "fsync": "off", "synchronous_commit": "off",
                    "full_page_writes": "off", "wal_level": "minimal", "max_wal_senders": "0",
                    "max_parallel_workers_per_gather": "0", "jit": "off"}
        command = [os.path.join(self.programs, "postgres"), "-D", self.folder]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.process = harness.Process(command, stderr=subprocess.DEVNULL, **self.user)
        for _ in range(200):
            if subprocess.run([os.path.join(self.programs, "pg_isready"), "-q", "-h", "127.0.0.1",
                               "-p", str(self.port)], check=False).returncode == 0:
                return
            time.sleep(0.05)
        raise RuntimeError("postgres did not start")

    def sql(self, text, stdin=None):
        return subprocess.run(
            [os.path.join(self.programs, "psql"), "-h", "127.0.0.1", "-p", str(self.port), "-U",
             "bench", "-d", "postgres", "-qAt", "-v", "ON_ERROR_STOP=1", "-c", text],
            check=True, stdin=stdin, capture_output=True, text=True).stdout

    def script_text(self, name):
        with open(os.path.join(SCRIPTS, name)) as file:
            return file.read()

    def fill(self):
        for table in TABLES:
            name = "".join("_" + c.lower() if c.isupper() else c for c in table)
            columns = self.sql("SELECT column_name FROM information_schema.columns WHERE "
                               f"table_name = '{name}' ORDER BY ordinal_position").split()[3:]
            fields = [c.split("_")[0] + "".join(w.title() for w in c.split("_")[1:])
                      for c in columns]
            with open(os.path.join(self.context.data_folder, table + ".jsonl")) as file:
                self.sql("COPY raw FROM STDIN (FORMAT csv, QUOTE e'\\x01', DELIMITER e'\\x02')",
                         stdin=file)
            values = ", ".join(f"document->>'{field}'" for field in fields)
            self.sql(f"INSERT INTO {name} SELECT (document->>'_creationTime')::float8 - "
                     "1750000000000, document->>'_id', (document->>'_creationTime')::float8, "
                     f"{values} FROM raw")
            self.sql("TRUNCATE raw")
        for statement in self.script_text("indexes.sql").split(";\n"):
            self.sql(statement)

    def variables(self):
        blog = self.context.blog
        posts = blog["authors"] * blog["posts"]
        return {"authors": blog["authors"], "users": blog["users"], "posts": posts,
                "comments": posts * blog["comments"]}

    def answer(self, kind, number):
        statement = self.script_text(kind + ".pgbench").split("\n", 1)[1]
        return json.loads(self.sql(statement.replace(":n", str(number))))

    def cpu_seconds(self):
        """Of all its processes: those that have ended are counted by the first one."""
        ticks = 0
        for path in glob.glob("/proc/[0-9]*/stat"):
            try:
                with open(path) as file:
                    fields = file.read().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if path == f"/proc/{self.process.pid}/stat":
                ticks += sum(map(int, fields[11:15]))
            elif int(fields[1]) == self.process.pid:
                ticks += int(fields[11]) + int(fields[12])
        return ticks / os.sysconf("SC_CLK_TCK")

    def run(self, scripts, clients=8, seconds=1):
        """`scripts`: names of .pgbench files, with @WEIGHT for a mix."""
        log = os.path.join(self.context.folder, "pgbench-log")
        command = [os.path.join(self.programs, "pgbench"), "-h", "127.0.0.1", "-p",
                   str(self.port), "-U", "bench", "-n", "-M", "prepared", "-c", str(clients),
                   "-j", "1", "-T", str(max(1, round(seconds))), "-l", "--log-prefix", log]
        for name, value in self.variables().items():
            command += ["-D", f"{name}={value}"]
        for script in scripts:
            name, _, weight = script.partition("@")
            command += ["-f", os.path.join(SCRIPTS, name + ".pgbench") + ("@" + weight
                                                                         if weight else "")]
        before = self.cpu_seconds()
        subprocess.run(harness.pinned(harness.LOAD_CORE, command + ["postgres"]), check=True,
                       capture_output=True)
        return self.summary(log, self.cpu_seconds() - before, seconds)

    @staticmethod
    def summary(log, cpu_seconds, seconds):
        """From pgbench's log: a line a transaction, whose third word is its microseconds."""
        times = []
        for path in glob.glob(log + "*"):
            with open(path) as file:
                times += [int(line.split()[2]) for line in file]
            os.remove(path)
        times.sort()
        count = len(times)
        return {"requests": count, "seconds": max(1, round(seconds)),
                "perSecond": count / max(1, round(seconds)),
                "p50us": times[count // 2], "p99us": times[count * 99 // 100],
                "p999us": times[count * 999 // 1000], "bytesPerReply": 0,
                "cpuUsPerRequest": cpu_seconds * 1e6 / count, "errors": 0, "nulls": 0}

    def stop(self):
        self.process.child.send_signal(2)
        self.process.stop()


def pack_text(text):
    data = text.encode()
    return bytes([0xd9, len(data)]) + data


def unpack(data, at):
    """Reads one value of MessagePack. Returns it and where it ends."""
    kind = data[at]
    at += 1
    if kind < 0x80:
        return kind, at
    if kind >= 0xe0:
        return kind - 256, at
    if kind < 0xa0 or kind in (0xde, 0xdf, 0xdc, 0xdd):
        if kind < 0xa0:
            count, is_map = kind & 15, kind < 0x90
        else:
            width = 2 if kind in (0xde, 0xdc) else 4
            count, is_map = int.from_bytes(data[at:at + width], "big"), kind >= 0xde
            at += width
        items = []
        for _ in range(2 * count if is_map else count):
            item, at = unpack(data, at)
            items.append(item)
        return (dict(zip(items[::2], items[1::2])) if is_map else items), at
    if kind < 0xc0 or 0xd9 <= kind <= 0xdb:
        width = 0 if kind < 0xc0 else 1 << (kind - 0xd9)
        size = kind & 31 if kind < 0xc0 else int.from_bytes(data[at:at + width], "big")
        at += width
        return data[at:at + size].decode(), at + size
    if kind in (0xc0, 0xc2, 0xc3):
        return {0xc0: None, 0xc2: False, 0xc3: True}[kind], at
    if kind in (0xca, 0xcb):
        size, form = (4, ">f") if kind == 0xca else (8, ">d")
        return struct.unpack(form, data[at:at + size])[0], at + size
    width = 1 << (kind & 3)
    return int.from_bytes(data[at:at + width], "big", signed=kind >= 0xd0), at + width
