"""Requests of at most 16 MB that are made to cost much, each with another shape.

SHAPES is a list of (name, function that makes the request's text); of one that needs documents to
be there, the function that makes the text of the request before comes third. Those that are named
"ordinary" are none that mean harm, and must be answered with a result."""

SIZE = 16 * 1024 * 1024 - 4096
MIB = 1024 * 1024
ID = "j57000820c20a1g7104gm2rc1m70ynr8"
SMALL = '{"n":1}'


def times(piece, size=SIZE, between=","):
    """The piece so often that it has `size` bytes, and no more."""
    return between.join([piece] * ((size + len(between)) // (len(piece) + len(between))))


def numbered(form, size=SIZE):
    """The form with 0, 1, 2, … in its place, up to `size` bytes."""
    pieces, used = [], 0
    while used < size:
        pieces.append(form % len(pieces))
        used += len(pieces[-1]) + 1
    return ",".join(pieces[:-1])


def call(method, params):
    return f'{{"id":1,"method":"{method}","params":{params}}}'


def query(args="{}", steps="[]", result="null", method="query"):
    return call(method, f'{{"args":{args},"do":{steps},"return":{result}}}')


def over_list(verb, params):
    """A verb over a list of eight million numbers."""
    step = f'{{"let":"b","{verb}":{{"over":"$args.a"{params}}}}}'
    return query(f'{{"a":[{times("1")}]}}', f"[{step}]", '{"$size":"$b"}')


def for_each(expression):
    """An expression with a string of 8 MB and a list of 2 MB, for each of 20,000 items."""
    args = f'{{"text":"{"x" * (8 * MIB)}","list":[{times("1", 2 * MIB)}],' \
           f'"items":[{times("1", 40_000)}]}}'
    return query(args, f'[{{"asyncMap":{{"over":"$args.items","as":"i","return":{expression}}}}}]')


def batch(count, request):
    return "[" + ",".join(request(number) for number in range(count)) + "]"


def ordinary(table, size=60, total=SIZE - 100, last=""):
    """insertMany of documents of so many bytes each."""
    document = '{"n":123456,"t":"' + "x" * (size - 19) + '"}'
    return call("insertMany", f'["{table}",[{times(document, total)}{last}]]')


def in_a_loop(step, count=100_000, args="", last=""):
    """A mutation that does the same for each of so many numbers; $d is a document."""
    return query(f'{{"a":[{times("1", 2 * count - 1)}]{args}}}',
                 f'[{{"let":"d","first":["anything"]}},{{"asyncMap":{{"over":"$args.a","as":"x",'
                 f'"index":"i","do":[{step}],"return":1}}}}{last}]', method="mutation")


def large_document(text):
    return call("insert", f'["anything",{{"text":"{text}"}}]')


def slow_programs(count):
    """A batch of programs that take 10 ms or more."""
    text = "x" * 2000
    step = '{"value":{"$contains":["$args.s","y"]}}'
    return batch(count, lambda number: query(
        f'{{"s":"{text}","a":[{times("1", 40_000)}]}}',
        f'[{{"asyncMap":{{"over":"$args.a","as":"x","do":[{step}],"return":"{number}{text}"}}}}]'))



LARGE = "x" * (MIB - 200)
LARGE_ARG = f',"text":"{LARGE}"'
MANY_FIELDS = "{" + numbered('"%x":1', MIB - 200) + "}"
FAIL = ',{"assert":{"that":false,"message":"all for nothing"}}'


SHAPES = [
    # What the reader meets.
    ("small values", lambda: call("ping", f'[{times("1")}]')),
    ("empty arrays", lambda: call("ping", f'[{times("[]")}]')),
    ("empty objects", lambda: call("ping", f'[{times("{}")}]')),
    ("empty strings", lambda: call("ping", "[" + times('""') + "]")),
    ("arrays in arrays, 120 levels", lambda: call("ping", f'[{times("[" * 120 + "]" * 120)}]')),
    ("arrays in arrays, too deep", lambda: call("ping", "[" * (SIZE // 2) + "]" * (SIZE // 2))),
    ("objects in objects, 100 levels",
     lambda: call("ping", "[" + times('{"a":' * 100 + "1" + "}" * 100) + "]")),
    ("one object, a million names", lambda: call("ping", "{" + numbered('"%x":1') + "}")),
    ("the same, names escaped", lambda: call("ping", "{" + numbered('"\\u0061%x":1') + "}")),
    ("long names that begin alike",
     lambda: call("ping", "{" + numbered('"' + "a" * 70 + '%x":1') + "}")),
    ("objects of 17 names",
     lambda: call("ping", "[" + times("{" + ",".join(f'"{name}":1' for name in
                                                     "abcdefghijklmnopq") + "}") + "]")),
    ("a string of escapes", lambda: call("ping", '["' + times("\\u0041", between="") + '"]')),
    ("one number", lambda: call("ping", f'[0.{"1" * SIZE}]')),
    ("white space", lambda: " " * SIZE + call("ping", "[]")),
    ("a long id", lambda: f'{{"id":"{"x" * SIZE}","method":"ping"}}'),
    ("a long unknown param", lambda: call("count", f'{{"{"x" * SIZE}":1}}')),
    ("a long table", lambda: call("count", f'["{"x" * SIZE}"]')),
    # Programs.
    ("echo small values", lambda: query(f'{{"a":[{times("1")}]}}', result='"$args.a"')),
    ("echo names", lambda: query('{"a":{' + numbered('"%x":1') + "}}", result='"$args.a"')),
    ("a program of values", lambda: query(result=f'[{times("1")}]')),
    ("a program of operators", lambda: query(result="[" + times('{"$add":[1,1]}') + "]")),
    ("a program of steps", lambda: query(steps="[" + times('{"value":1}') + "]")),
    ("a program of 2 MB, values", lambda: query(result=f'[{times("1", 2 * MIB - 99)}]')),
    ("a program of 2 MB, operators",
     lambda: query(result="[" + times('{"$add":[1,1]}', 2 * MIB - 99) + "]")),
    ("a program of 2 MB, objects", lambda: query(result=f'[{times("{}", 2 * MIB - 99)}]')),
    ("a program of 2 MB, steps",
     lambda: query(steps="[" + times('{"value":1}', 2 * MIB - 99) + "]")),
    ("the same, explained",
     lambda: query(steps="[" + times('{"value":1}', 2 * MIB - 99) + "]", method="explain")),
    ("a program of 2 MB, one path",
     lambda: query('{"a":1}', result='"$args.a' + times("?.a", 2 * MIB - 99, "") + '"')),
    ("sort numbers", lambda: query('{"a":[' + numbered("%d") + "]}",
                                   '[{"sort":{"over":"$args.a","as":"x","by":[["$x","desc"]]}}]')),
    ("distinct numbers", lambda: query('{"a":[' + numbered("%d") + "]}",
                                       '[{"distinct":{"over":"$args.a"}}]')),
    ("group small values", lambda: over_list("group", ',"as":"x","by":"$x"')),
    ("asyncMap small values", lambda: over_list("asyncMap", ',"as":"x","return":"$x"')),
    ("strings that begin alike",
     lambda: query(f'{{"a":"{"x" * (10 * MIB)}","b":"{"x" * (5 * MIB)}y"}}',
                   result='{"$contains":["$args.a","$args.b"]}')),
    ("split", lambda: query(f'{{"a":"{"x," * (SIZE // 2)}"}}',
                            result='{"$size":{"$split":["$args.a",","]}}')),
    ("concat, doubling", lambda: query(
        f'{{"a":"{"x" * (SIZE // 2)}"}}',
        "[" + ",".join(f'{{"let":"b{n}","value":{{"$concat":["${p}","${p}"]}}}}'
                       for n, p in enumerate(["args.a"] + [f"b{n}" for n in range(8)])) + "]")),
    ("for each item $contains", lambda: for_each('{"$contains":["$args.text","y"]}')),
    ("for each item $in", lambda: for_each('{"$in":[2,"$args.list"]}')),
    ("for each item $lower", lambda: for_each('{"$size":{"$lower":"$args.text"}}')),
    ("for each item $eq", lambda: for_each('{"$eq":["$args.list","$args.list"]}')),
    # Reads.
    ("getAll of one id", lambda: call("getAll", '["users",[' + times(f'"{ID}"') + "]]")),
    ("getAll of nulls", lambda: call("getAll", f'["users",[{times("null")}]]')),
    ("getAll of no ids", lambda: call("getAll", '["users",[' + times('"x"') + "]]")),
    ("a filter of 2 MB", lambda: call(
        "collect", '{"table":"users","filter":{"$in":["$it.name",[' +
        times("1", 2 * MIB - 99) + "]]}}")),
    ("a select of many", lambda: call("collect", '{"table":"users","select":[' +
                                      numbered('"a%x"') + "]}")),
    ("a range of many", lambda: call("collect", '{"table":"users","range":[' +
                                     times('["eq","_creationTime",1]') + "]}")),
    ("a long value", lambda: call("getManyFrom",
                                  f'["authorProfiles","userId","{"x" * SIZE}"]')),
    ("a value of small values", lambda: call("getManyFrom",
                                             f'["authorProfiles","userId",[{times("1")}]]')),
    ("a long cursor", lambda: call("paginate", '{"table":"users","numItems":1,"cursor":"' +
                                   "A" * SIZE + '"}')),
    # Writes.
    ("a document too large", lambda: call("insert", f'["anything",{{"a":[{times("1")}]}}]')),
    ("insertMany, empty", lambda: call("insertMany", f'["anything",[{times("{}")}]]')),
    ("insertMany, small", lambda: call("insertMany", '["anything",[' + times('{"n":1}') + "]]")),
    ("insertMany, other names",
     lambda: call("insertMany", '["anything",[' + numbered('{"a%x":1}') + "]]")),
    ("insertMany, many names",
     lambda: call("insertMany", '["anything",[' +
                  times("{" + numbered('"%x":1', 1_000_000) + "}") + "]]")),
    ("inserts in a loop", lambda: query(
        f'{{"a":[{times("1")}]}}', '[{"asyncMap":{"over":"$args.a","as":"x","do":'
        '[{"insert":["anything",{}]}],"return":1}}]', method="mutation")),
    ("insertMany, the last one wrong", lambda: ordinary("checked", last=',{"n":"x"}')),
    ("insertMany, many indexes", lambda: call(
        "insertMany", '["indexed",[' + times('{"a":1,"b":2}') + "]]")),
    ("insertMany, short fields", lambda: call(
        "insertMany", '["checked",[' + times('{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1}') + "]]")),
    ("insertMany in a program", lambda: query(
        f'{{"a":[{times(SMALL)}]}}', '[{"insertMany":["anything","$args.a"]}]',
        method="mutation")),
    ("insertMany, 500,000", lambda: call(
        "insertMany", '["anything",[' + numbered('{"a%x":"abcdefghijklmnop"}') + "]]")),
    ("ordinary documents", lambda: ordinary("anything")),
    ("ordinary documents, checked", lambda: ordinary("checked")),
    ("documents of 80 bytes, three indexes", lambda: ordinary("indexed", 80)),
    ("ordinary documents, on disk", lambda: ordinary("anything")),
    ("inserts in a loop of 600,000", lambda: in_a_loop('{"insert":["anything",{}]}', 600_000)),
    ("the same, all for nothing",
     lambda: in_a_loop('{"insert":["anything",{}]}', 500_000, last=FAIL)),
    ("the same, other names", lambda: query(
        '{"a":[' + numbered('{"a%x":1}') + "]}", '[{"asyncMap":{"over":"$args.a","as":"x","do":'
        '[{"insert":["anything","$x"]}],"return":1}}]', method="mutation")),
    ("1 MiB inserted in a loop", lambda: in_a_loop(
        '{"insert":["anything",{"text":"$args.text"}]}', args=LARGE_ARG)),
    ("1 MiB patched in a loop",
     lambda: in_a_loop('{"patch":["$d._id",{"n":"$i"}]}'), lambda: large_document(LARGE)),
    ("1 MiB inserted in a loop, on disk", lambda: in_a_loop(
        '{"insert":["anything",{"text":"$args.text"}]}', 62, args=LARGE_ARG)),
    ("1 MiB patched in a loop, on disk",
     lambda: in_a_loop('{"patch":["$d._id",{"n":"$i"}]}', 31), lambda: large_document(LARGE)),
    ("a small document, patched in a loop, on disk", lambda: in_a_loop(
        '{"patch":["$d._id",{"n":"$i"}]}', 260_000), lambda: large_document("x")),
    ("1 MiB patched in a loop to what it is",
     lambda: in_a_loop('{"patch":["$d._id",{"text":"$d.text"}]}'), lambda: large_document(LARGE)),
    ("1 MiB replaced in a loop", lambda: in_a_loop(
        '{"replace":["$d._id",{"text":"$args.text","n":"$i"}]}', args=LARGE_ARG),
     lambda: large_document(LARGE)),
    ("1 MiB replaced in a loop by what it is", lambda: in_a_loop(
        '{"replace":["$d._id","$d"]}'), lambda: call("insert", f'["anything",{MANY_FIELDS}]')),
    ("many fields, patched in a loop", lambda: in_a_loop('{"patch":["$d._id",{"n":"$i"}]}'),
     lambda: call("insert", f'["anything",{MANY_FIELDS}]')),
    ("many fields, inserted in a loop", lambda: in_a_loop(
        '{"insert":["anything","$args.m"]}', args=f',"m":{MANY_FIELDS}')),
    ("a small document, patched in a loop", lambda: in_a_loop(
        '{"patch":["$d._id",{"n":"$i"}]}', 500_000), lambda: large_document("x")),
    ("all deleted, for nothing", lambda: query(
        steps='[{"let":"d","collect":["indexed"]},{"asyncMap":{"over":"$d","as":"x","do":['
        f'{{"delete":["$x._id"]}}],"return":1}}}}{FAIL}]', method="mutation"),
     lambda: ordinary("indexed", 80, 3 * MIB)),
    ("all patched, for nothing", lambda: query(
        steps='[{"let":"d","collect":["indexed"]},{"asyncMap":{"over":"$d","as":"x","do":['
        f'{{"patch":["$x._id",{{"n":1}}]}}],"return":1}}}}{FAIL}]', method="mutation"),
     lambda: ordinary("indexed", 80, 3 * MIB)),
    ("a long id that is none, of quotes",
     lambda: call("delete", '["' + times('\\"', between="") + '"]')),
    # Batches.
    ("a batch of a million", lambda: f'[{times("{}")}]'),
    ("a batch of 9,000, values",
     lambda: batch(9000, lambda number: call("ping", f'[{times("1", 1700)}]'))),
    ("a batch of 9,000, programs", lambda: batch(9000, lambda number: query(
        result=f"[{number}," + times('{"$add":[1,1]}', 1600) + "]"))),
    ("a batch of 9,000, discover",
     lambda: batch(9000, lambda number: '{"id":1,"method":"rpc.discover"}')),
    ("a batch of 9,000, info", lambda: batch(9000, lambda number: '{"id":1,"method":"info"}')),
    ("a batch of 9,000, schema", lambda: batch(9000, lambda number: '{"id":1,"method":"schema"}')),
    ("a batch of 9,000, slowlog",
     lambda: batch(9000, lambda number: '{"id":1,"method":"slowlog"}'), lambda: slow_programs(150)),
    ("a batch of 9,000, exports",
     lambda: batch(9000, lambda number: '{"id":1,"method":"exportOpen"}')),
    ("a batch of 9,000, notifications", lambda: batch(
        9000, lambda number: '{"method":"rpc.discover"}' if number else call("ping", "[]"))),
    ("a batch of 9,000, ids of quotes",
     lambda: batch(9000, lambda number: call("delete", '["' + '\\"' * 880 + '"]'))),
    ("a batch of 9,000, inserts", lambda: batch(9000, lambda number: call(
        "insert", '["anything",{"text":"' + "x" * 1700 + '"}]'))),
    ("a batch of 9,000, notified inserts", lambda: batch(9000, lambda number: call(
        "insert", '["anything",{"text":"' + "x" * 1700 + '"}]')[8 if number else 0:].replace(
            '"method"', '{"method"' if number else '"method"', 1))),
    ("a batch of 9,000, insertMany",
     lambda: batch(9000, lambda number: call("insertMany", f'["anything",[{times(SMALL, 1700)}]]'))),
    ("a batch of 9,000, patches of 1 MiB", lambda: batch(9000, lambda number: query(
        steps='[{"let":"d","first":["anything"]},{"patch":["$d._id",{"n":%d}]}]' % number,
        method="mutation")), lambda: large_document(LARGE)),
    ("a batch of 9,000, large reads",
     lambda: batch(9000, lambda number: call("collect", '["anything"]')),
     lambda: large_document(LARGE)),
]
