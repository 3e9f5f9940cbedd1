# Tenon. `make demo` shows the main job, `make test` passes the tests, `make check` is all that CI
# runs; each of them installs what is missing first. `make help` lists the rest.

BUILD   ?= build
CC      ?= cc
FOLDERS := base index storage relations protocol server cli

PACKAGES      := libuv libxxhash libcjson
TEST_PACKAGES := criterion
package_flags  = $(shell pkg-config --cflags $(1) 2>/dev/null)
package_libs   = $(shell pkg-config --libs $(1) 2>/dev/null)

STANDARD := -std=c11 -D_POSIX_C_SOURCE=200809L -I.
WARNINGS := -Wall -Wextra -Wpedantic -Wconversion -Wshadow -Wstrict-prototypes \
            -Wmissing-prototypes -Werror
SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
CFLAGS   ?= -O2 -g

compile = $(CC) $(STANDARD) $(WARNINGS) -MMD -MP $(call package_flags,$(PACKAGES)) -c

SOURCES      := $(foreach folder,$(FOLDERS),$(wildcard $(folder)/*.c))
LIBRARY      := $(filter-out server/main.c,$(SOURCES))
TEST_SOURCES := $(wildcard tests/unit/*/*.c tests/support/*.c tests/transcripts/*.c)
LIVE_SOURCES := $(wildcard tests/live/*.c tests/support/*.c)

objects = $(patsubst %.c,$(BUILD)/$(1)/%.o,$(2))

.PHONY: all
all: $(BUILD)/tenon

# The product: optimised, assertions on.
$(BUILD)/release/%.o: %.c
	@mkdir -p $(@D)
	$(compile) $(CFLAGS) $< -o $@

$(BUILD)/tenon: $(call objects,release,$(SOURCES))
	$(CC) $(CFLAGS) $^ -o $@ $(call package_libs,$(PACKAGES)) -lpthread -lm

# The same with sanitizers: what tests run.
$(BUILD)/sanitized/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -O1 -g $(SANITIZE) $(if $(filter tests/%,$<),$(call package_flags,$(TEST_PACKAGES))) $< -o $@

$(BUILD)/tenon-sanitized: $(call objects,sanitized,$(SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call package_libs,$(PACKAGES)) -lpthread -lm

$(BUILD)/unit: $(call objects,sanitized,$(LIBRARY) $(TEST_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call package_libs,$(PACKAGES) $(TEST_PACKAGES)) -lpthread -lm

# And with tiny constants (fanout 4, segments of 8 slots), to give some bugs a chance.
$(BUILD)/tiny/%.o: %.c
	@mkdir -p $(@D)
	$(compile) -O1 -g $(SANITIZE) -DTENON_TINY=1 $(if $(filter tests/%,$<),$(call package_flags,$(TEST_PACKAGES))) $< -o $@

$(BUILD)/unit-tiny: $(call objects,tiny,$(LIBRARY) $(TEST_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call package_libs,$(PACKAGES) $(TEST_PACKAGES)) -lpthread -lm

$(BUILD)/live: $(call objects,sanitized,$(LIBRARY) $(LIVE_SOURCES))
	$(CC) $(SANITIZE) $^ -o $@ $(call package_libs,$(PACKAGES) $(TEST_PACKAGES)) -lpthread -lm

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
