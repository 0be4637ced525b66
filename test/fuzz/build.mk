# Builds the fuzz targets: each test/fuzz/fuzz_<name>.c becomes <B>/bin/fuzz_<name>.
# Called by scripts/fuzz.sh, which sets B, CC and FUZZER: 1 for libFuzzer, 0 for
# a program that plays files (any compiler).
#
# The first comment of a target names what it links besides the core, and which
# functions of libc it puts its own __wrap_ functions in the place of:
#     /* links: sentinel/resp*.o test/fuzz/config_world.o
#      * wraps: open chdir */

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

B = build-fuzz/clang-14
CC = clang-14
FUZZER = 1
OPTIMISE = -O1

NAMES := $(patsubst test/fuzz/%.c,%,$(wildcard test/fuzz/fuzz_*.c))
ONLY = $(NAMES)

MODULES = libuv hiredis libcrypto
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
WARNINGS = -Wall -Wextra -Wshadow -Wconversion -Wno-comment
ifeq ($(FUZZER),1)
INSTRUMENT = -fsanitize=fuzzer-no-link
DRIVER = -fsanitize=fuzzer
REPLAY =
else
INSTRUMENT =
DRIVER =
REPLAY = $(B)/test/fuzz/replay.o
endif
ALL_CFLAGS := -std=c17 -D_GNU_SOURCE $(OPTIMISE) -g $(WARNINGS) $(SANITIZERS) \
	$(INSTRUMENT) $(shell pkg-config --cflags $(MODULES))
LIBS := $(shell pkg-config --libs $(MODULES))

LIB_OBJECTS := $(patsubst %.c,$(B)/%.o,$(wildcard lib/*.c))
LIBCORE = $(B)/libcore.a

.PHONY: all always
all: $(ONLY:%=$(B)/bin/%)

FLAGS = $(CC) $(shell $(CC) --version 2>&1 | head -n 1) $(ALL_CFLAGS)
$(B)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' '$(FLAGS)' | cmp -s - $@ || printf '%s\n' '$(FLAGS)' > $@

$(B)/%.o: %.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) -MMD -MP -c -o $@ $<

$(B)/libcore.list: always
	@mkdir -p $(@D)
	@echo $(LIB_OBJECTS) | cmp -s - $@ || echo $(LIB_OBJECTS) > $@

$(LIBCORE): $(LIB_OBJECTS) $(B)/libcore.list
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJECTS)

comment = sed '/\*\//q' test/fuzz/$(1).c
links = $(shell $(call comment,$(1)) | \
	grep -oE '(sentinel|test/fuzz)/[a-z0-9_*]+\.o')
sources = $(foreach object,$(call links,$(1)),\
	$(or $(wildcard $(object:.o=.c)),$(error test/fuzz/$(1).c: no $(object))))
wraps = $(foreach name,$(shell $(call comment,$(1)) | \
	sed -n 's/.*wraps: *\([a-z0-9_ ]*\).*/\1/p'),-Wl,--wrap=$(name))

define target
$(B)/bin/$(1): $(B)/test/fuzz/$(1).o $(patsubst %.c,$(B)/%.o,$(call sources,$(1))) \
		$(REPLAY) $(LIBCORE)
	@mkdir -p $$(@D)
	$$(CC) $$(ALL_CFLAGS) $$(DRIVER) $(call wraps,$(1)) -o $$@ \
	    $$(filter %.o %.a,$$^) $$(LIBS)
endef
$(foreach name,$(NAMES),$(eval $(call target,$(name))))

-include $(wildcard $(B)/lib/*.d $(B)/sentinel/*.d $(B)/test/fuzz/*.d)
