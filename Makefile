# Tenon. `make demo` shows the main job, `make test` passes the tests, `make check` is all that CI
# runs; each of them installs what is missing first. `make help` lists the rest.

BUILD   ?= build
FOLDERS := base index storage relations protocol server cli

PACKAGES      := libuv libxxhash libcjson libedit openssl
TEST_PACKAGES := criterion

STANDARD := -std=c11 -D_POSIX_C_SOURCE=200809L -I.
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS   ?= -O2 -g

SOURCES         := $(foreach folder,$(FOLDERS),$(wildcard $(folder)/*.c))
HEADERS         := $(foreach folder,$(FOLDERS),$(wildcard $(folder)/*.h))
LIBRARY         := $(filter-out server/main.c,$(SOURCES))
SUPPORT_SOURCES := $(wildcard tests/support/*.c)
FUZZ_SOURCES    := $(filter-out %/libfuzzer.c,$(wildcard tests/fuzz/*.c))
UNIT_SOURCES    := $(wildcard tests/unit/*/*.c tests/transcripts/*.c) $(SUPPORT_SOURCES) \
                   $(FUZZ_SOURCES)
LIVE_SOURCES    := $(wildcard tests/live/*.c) $(SUPPORT_SOURCES)
TEST_SOURCES    := $(sort $(UNIT_SOURCES) $(LIVE_SOURCES))
ALL_FILES       := $(SOURCES) $(HEADERS) $(TEST_SOURCES) $(wildcard tests/*/*.h tests/unit/*/*.h)

# Asked when a recipe runs, for the packages may have been installed just before.
flags   = $(shell pkg-config --cflags $(PACKAGES) $(if $(filter tests/%,$(1)),$(TEST_PACKAGES)))
libs    = $(shell pkg-config --libs $(PACKAGES) $(1)) -lpthread -lm
compile = $(CC) $(STANDARD) $(WARNINGS) -MMD -MP $(call flags,$<) -c $< -o $@
objects = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

# Use every core, unless told otherwise.
ifeq ($(filter -j%,$(MAKEFLAGS)),)
MAKEFLAGS += -j$(shell nproc 2>/dev/null || echo 2)
endif

.PHONY: all
all: $(BUILD)/tenon ## build the server and its commands: build/tenon

# ---- What is built. The product is optimised as a whole, with its assertions on. Its objects hold
# machine code too, which `make layers` looks at; LTO= builds without.

LTO ?= -flto=auto -ffat-lto-objects

$(BUILD)/release/%.o: %.c $(BUILD)/release/flags | deps
	@mkdir -p $(@D)
	$(compile) $(CFLAGS) $(LTO)

# Changes when the flags do, so that no object is left that was made with others.
.PHONY: always
$(BUILD)/release/flags: always
	@mkdir -p $(@D)
	@echo '$(CC) $(CFLAGS) $(LTO)' | cmp -s - $@ || echo '$(CC) $(CFLAGS) $(LTO)' >$@

$(BUILD)/tenon: $(call objects,release,$(SOURCES))
	$(CC) $(CFLAGS) $(LTO) $^ -o $@ $(call libs,)

# The same with sanitizers: what the tests run.
$(BUILD)/sanitized/%.o: %.c | deps
	@mkdir -p $(@D)
	$(compile) -O1 -g $(SANITIZE)

$(BUILD)/tenon-sanitized: $(call objects,sanitized,$(SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call libs,)

$(BUILD)/unit: $(call objects,sanitized,$(LIBRARY) $(UNIT_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call libs,$(TEST_PACKAGES))

$(BUILD)/live: $(call objects,sanitized,$(LIBRARY) $(LIVE_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call libs,$(TEST_PACKAGES))

# And with tiny constants (fanout 4, segments of 8 slots), to give some bugs a chance.
$(BUILD)/tiny/%.o: %.c | deps
	@mkdir -p $(@D)
	$(compile) -O1 -g $(SANITIZE) -DTENON_TINY=1

$(BUILD)/unit-tiny: $(call objects,tiny,$(LIBRARY) $(UNIT_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call libs,$(TEST_PACKAGES))

# And with the sanitizer of threads. Criterion's processes cannot be run under it, a server can.
$(BUILD)/threads/%.o: %.c | deps
	@mkdir -p $(@D)
	$(compile) -O1 -g -fsanitize=thread

$(BUILD)/tenon-threads: $(call objects,threads,$(SOURCES))
	$(CC) -fsanitize=thread $^ -o $@ $(call libs,)

# And without sanitizers, for valgrind.
$(BUILD)/plain/%.o: %.c | deps
	@mkdir -p $(@D)
	$(compile) -O1 -g

$(BUILD)/unit-plain: $(call objects,plain,$(LIBRARY) $(UNIT_SOURCES))
	$(CC) $^ -o $@ $(call libs,$(TEST_PACKAGES))

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)

# ---- What is run.

.PHONY: deps
deps: ## install the compiler and libraries that are missing
	@tools/install-dependencies build

.PHONY: deps-check
deps-check: ## install these and what `make check` needs beside them
	@tools/install-dependencies check

.PHONY: demo
demo: $(BUILD)/tenon ## show the main job: start, import a blog, follow its references
	@tools/demo $(BUILD)/tenon

.PHONY: test
test: $(BUILD)/unit $(BUILD)/live $(BUILD)/tenon-sanitized ## all tests, under sanitizers
	tools/run-tests $(BUILD) $(BUILD)/unit $(BUILD)/live

.PHONY: test-tiny
test-tiny: $(BUILD)/unit-tiny ## the unit tests and transcripts once more, with tiny constants
	tools/run-tests $(BUILD) $(BUILD)/unit-tiny

.PHONY: test-tsan
test-tsan: $(BUILD)/live $(BUILD)/tenon-threads ## the live tests, with a server that finds races
	TENON_BINARY=$(BUILD)/tenon-threads tools/run-tests $(BUILD) $(BUILD)/live

# Those that are about time, and those of other programs, are left out; a test is a process, which
# valgrind follows, but not into Python and what starts it.
.PHONY: test-valgrind
test-valgrind: FILTER ?= !(budget|deadline|openrpc)/*
test-valgrind: $(BUILD)/unit-plain | deps-check ## the unit tests under valgrind
	FILTER='$(FILTER)' LIMIT=14400 RUNNER="valgrind -q --trace-children=yes \
	    --trace-children-skip=*/sh,*/python3* --log-file=$(abspath $(BUILD))/sanitizer.%p" \
	    tools/run-tests $(BUILD) $(BUILD)/unit-plain

.PHONY: check
check: deps-check ## everything: tests, style, layers, warnings of two compilers, clang-tidy
	@MAKE="$(MAKE)" BUILD="$(BUILD)" tools/run-checks test test-tiny style layers warnings bench-instructions tidy

# The random tests once more with other seeds (SEEDS of them), normal and tiny in turn; the tests
# under valgrind and the sanitizer of threads; then kills, power losses and flips by the thousands;
# then half an hour of CPU time for every fuzz target. It takes most of a day on two cores.
SEEDS       ?= 20
LONG        := $(BUILD)/unit $(BUILD)/unit-tiny $(BUILD)/live $(BUILD)/tenon-sanitized
LONG_FUZZ_S := 1800

.PHONY: check-long
check-long: check $(LONG) ## and races, valgrind, random tests with many seeds, kills, fuzzers
	@tools/run-seeds $(BUILD) $(SEEDS)
	@$(MAKE) --no-print-directory test-tsan
	@$(MAKE) --no-print-directory test-valgrind
	@$(MAKE) --no-print-directory test-durability
	@$(MAKE) --no-print-directory fuzz-all SECONDS=$(LONG_FUZZ_S)

.PHONY: test-durability
test-durability: $(LONG) ## a thousand kills, and power losses and flips by ten thousands
	TENON_LONG=1 LIMIT=14400 FILTER='store*/*' tools/run-tests $(BUILD) $(BUILD)/unit
	TENON_LONG=1 LIMIT=14400 FILTER='live_durability/kill_9_*' \
	    tools/run-tests $(BUILD) $(BUILD)/live

# What the tests run of the code, by clang's counters. Assertions have no branches of their own here.
COVERAGE := -O1 -g -fprofile-instr-generate -fcoverage-mapping

$(BUILD)/covered/%.o: %.c | deps-coverage
	@mkdir -p $(@D)
	clang $(STANDARD) $(WARNINGS) -MMD -MP $(call flags,$<) -c $< -o $@ $(COVERAGE)

$(BUILD)/tenon-covered: $(call objects,covered,$(SOURCES))
	clang $(COVERAGE) $^ -o $@ $(call libs,)

$(BUILD)/unit-covered: $(call objects,covered,$(LIBRARY) $(UNIT_SOURCES))
	clang $(COVERAGE) $^ -o $@ $(call libs,$(TEST_PACKAGES))

$(BUILD)/live-covered: $(call objects,covered,$(LIBRARY) $(LIVE_SOURCES))
	clang $(COVERAGE) $^ -o $@ $(call libs,$(TEST_PACKAGES))

.PHONY: deps-coverage
deps-coverage:
	@tools/install-dependencies coverage

.PHONY: coverage
coverage: $(addprefix $(BUILD)/,unit-covered live-covered tenon-covered) ## what tests leave out
	tools/coverage $(BUILD)

.PHONY: style
style: | deps-check
	clang-format --dry-run --Werror $(ALL_FILES)
	tools/check-style

.PHONY: layers
layers: $(call objects,release,$(SOURCES)) | deps-check ## direction of the includes, no globals
	tools/check-layers $(BUILD)/release

# Every build treats gcc's warnings as errors; clang has a look of its own.
.PHONY: warnings
warnings: $(call objects,release,$(SOURCES)) $(addprefix $(BUILD)/clang/,$(SOURCES) $(TEST_SOURCES))

$(BUILD)/clang/%.c: %.c | deps-check
	@mkdir -p $(@D)
	clang $(STANDARD) $(WARNINGS) $(call flags,$<) -MMD -MP -MT $@ -MF $@.d -fsyntax-only $<
	@touch $@

.PHONY: tidy
tidy: $(addprefix $(BUILD)/tidy/,$(SOURCES)) ## clang-tidy

$(BUILD)/tidy/%.c: %.c $(HEADERS) .clang-tidy | deps-check
	@mkdir -p $(@D)
	@echo clang-tidy $<
	@clang-tidy --quiet $< -- $(STANDARD) $(call flags,$<) >$@.log 2>&1 || { cat $@.log; exit 1; }
	@touch $@

.PHONY: format
format: | deps-check ## rewrite the tree in its style
	clang-format -i $(ALL_FILES)

.PHONY: clean
clean: ## remove what was built
	rm -rf $(BUILD)

.PHONY: help
help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# ---- What is measured.

BENCH_PROGRAMS := $(addprefix $(BUILD)/bench-,generate load floor stalls)
BENCH_BASE     := $(wildcard base/*.c)

$(BUILD)/bench-generate: $(call objects,release,bench/generate.c bench/blog.c bench/requests.c \
        bench/wire.c bench/request_file.c storage/id.c $(BENCH_BASE))
$(BUILD)/bench-load: $(call objects,release,bench/load.c bench/histogram.c bench/process_time.c \
        bench/reply_reader.c bench/request_file.c $(BENCH_BASE))
$(BUILD)/bench-floor: $(call objects,release,bench/floor.c $(BENCH_BASE))
$(BUILD)/bench-stalls: $(call objects,release,bench/stalls.c)

$(BUILD)/bench-inprocess: $(call objects,release,bench/inprocess.c bench/fixture.c bench/blog.c \
        bench/requests.c bench/wire.c bench/request_file.c $(LIBRARY))

$(BENCH_PROGRAMS) $(BUILD)/bench-inprocess:
	$(CC) $(CFLAGS) $(LTO) $^ -o $@ $(call libs,)

.PHONY: bench-deps
bench-deps:
	@tools/install-dependencies bench

.PHONY: bench
bench: $(BUILD)/tenon $(BENCH_PROGRAMS) $(BUILD)/bench-inprocess | bench-deps ## measure beside Redis, PostgreSQL, Tarantool
	bench/run $(BUILD) $(BENCH_OPTIONS)

.PHONY: bench-evaluate
bench-evaluate: $(BUILD)/bench-inprocess ## nanoseconds a request without socket and kernel
	$(BUILD)/bench-inprocess time

.PHONY: bench-instructions
bench-instructions: $(BUILD)/bench-inprocess | deps-check ## instructions a request, with a budget
	bench/instructions $(BUILD)/bench-inprocess

.PHONY: bench-memory
bench-memory: $(BUILD)/tenon $(BENCH_PROGRAMS) ## ten million documents: memory, longest turn
	bench/memory $(BUILD) $(BENCH_OPTIONS)

.PHONY: bench-durability
bench-durability: $(BUILD)/tenon $(BENCH_PROGRAMS) | bench-deps ## syncs, recovery, snapshots
	bench/durability $(BUILD) $(BENCH_OPTIONS)

.PHONY: bench-hostile
bench-hostile: $(BUILD)/tenon ## clients that mean harm: what they cost the server and others
	bench/hostile $(BUILD) $(BENCH_OPTIONS)

.PHONY: soak
soak: MINUTES ?= 60
soak: $(BUILD)/tenon ## a mixed load with restarts and kills for MINUTES: does memory grow?
	bench/soak $(BUILD) --minutes $(MINUTES)

# ---- Fuzzing: libFuzzer makes inputs for the targets of tests/fuzz. What it finds it writes to
# $(BUILD)/fuzz/found, what it learns to $(BUILD)/fuzz/learned; it begins with the transcripts and
# the committed corpora, which `make test` replays.

FUZZ_TARGETS := $(sort $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c)))
FUZZ_FLAGS   := -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all
TARGET       ?= requests
SECONDS      ?= 60
ALL_FILES    += tests/fuzz/libfuzzer.c

.PHONY: deps-fuzz
deps-fuzz:
	@tools/install-dependencies fuzz

$(BUILD)/fuzz/object/%.o: %.c | deps-fuzz
	@mkdir -p $(@D)
	clang $(STANDARD) $(WARNINGS) -MMD -MP $(call flags,$<) -c $< -o $@ \
	    $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link

$(addprefix $(BUILD)/fuzz/target-,$(FUZZ_TARGETS)): $(BUILD)/fuzz/target-%: \
    tests/fuzz/libfuzzer.c $(call objects,fuzz/object,$(LIBRARY) $(FUZZ_SOURCES))
	clang $(STANDARD) $(WARNINGS) -DFUZZ_TARGET=fuzz_$* $(FUZZ_FLAGS) -fsanitize=fuzzer $^ -o $@ \
	    $(call libs,)

.PHONY: fuzz
fuzz: $(BUILD)/fuzz/target-$(TARGET) ## fuzz one TARGET of tests/fuzz for SECONDS of CPU time
	tools/fuzz $(BUILD) $(SECONDS) $(TARGET)

.PHONY: fuzz-all
fuzz-all: $(addprefix $(BUILD)/fuzz/target-,$(FUZZ_TARGETS)) ## fuzz every target for SECONDS
	tools/fuzz $(BUILD) $(SECONDS) $(FUZZ_TARGETS)

# ---- Installing. DESTDIR is where a package is put together; PREFIX where it will live.

PREFIX    ?= /usr/local
BINDIR    ?= $(PREFIX)/bin
DATADIR   ?= $(PREFIX)/share
UNITDIR   ?= $(PREFIX)/lib/systemd/system
PROGRAM   ?= $(BUILD)/tenon
DOCUMENTS := README.md CHANGELOG.md LICENSE schema.example.json

.PHONY: install
install: $(PROGRAM) ## install the program, man pages, unit and completion below PREFIX
	install -d $(addprefix $(DESTDIR),$(BINDIR) $(UNITDIR) $(DATADIR)/man/man1 \
	    $(DATADIR)/man/man5 $(DATADIR)/bash-completion/completions $(DATADIR)/doc/tenon)
	install -m 755 $(PROGRAM) $(DESTDIR)$(BINDIR)/tenon
	install -m 644 packaging/tenon.1 $(DESTDIR)$(DATADIR)/man/man1/
	install -m 644 packaging/tenon-schema.5 $(DESTDIR)$(DATADIR)/man/man5/
	install -m 644 packaging/tenon.bash $(DESTDIR)$(DATADIR)/bash-completion/completions/tenon
	install -m 644 $(DOCUMENTS) $(DESTDIR)$(DATADIR)/doc/tenon/
	sed 's|@BINDIR@|$(BINDIR)|' packaging/tenon.service >$(DESTDIR)$(UNITDIR)/tenon.service
	chmod 644 $(DESTDIR)$(UNITDIR)/tenon.service

.PHONY: uninstall
uninstall: ## remove what install put there
	rm -f $(addprefix $(DESTDIR),$(BINDIR)/tenon $(UNITDIR)/tenon.service \
	    $(DATADIR)/man/man1/tenon.1 $(DATADIR)/man/man5/tenon-schema.5 \
	    $(DATADIR)/bash-completion/completions/tenon)
	rm -rf $(DESTDIR)$(DATADIR)/doc/tenon
