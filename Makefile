# Builds sentineld and its tests.
#
#   make                 the daemon: build/sentineld
#   make check           unit tests, scenarios, a hundred seeds, check scripts
#   make check-asan      the same under AddressSanitizer and UBSan
#   make test-integration  the daemon beside real redis-server processes
#   make test-golden     the daemon against recorded replies of Redis Sentinel
#   make swarm SEEDS=1000 FROM=1 JOBS=2   more seeds of the simulator
#   make fuzz TIME=60    every parser, the server and the core (needs clang)
#   make mutants         does all this find bugs? (half an hour)
#   make soak MINUTES=60   random faults on real processes
#   make install         to PREFIX (default /usr/local), below DESTDIR
#   make help            all targets
#
# SANITIZE=1 builds into build-asan/, beside build/.

.DELETE_ON_ERROR:
.SUFFIXES:
MAKEFLAGS += --no-builtin-rules

.PHONY: all
all: daemon

# ---- Configuration: made by itself in a fresh clone ----

SETUP_FREE = clean distclean format fuzz help mutants
ifneq ($(filter-out $(SETUP_FREE),$(or $(MAKECMDGOALS),all)),)
include config.mak
endif

configure: configure.ac
	autoconf --force

config.mak: config.mak.in configure
	@if [ -x config.status ] && ./config.status --recheck && \
	    ./config.status; then :; else ./configure; fi
	@test -s config.mak

# ---- What is built from what ----

ifneq ($(filter-out 0 no,$(SANITIZE)),)
B = build-asan
SANITIZERS = -fsanitize=address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
else
B = build
SANITIZERS =
endif

WARNINGS = -Wall -Wextra -Wshadow -Wconversion
ALL_CFLAGS = -std=c17 -D_GNU_SOURCE $(WARNINGS) $(CFLAGS) $(SANITIZERS)
DAEMON_CFLAGS = $(UV_CFLAGS) $(HIREDIS_CFLAGS) $(OPENSSL_CFLAGS) \
	$(SYSTEMD_CFLAGS) -DVERSION='"$(VERSION)"'
DAEMON_LIBS = $(UV_LIBS) $(HIREDIS_LIBS) $(OPENSSL_LIBS) $(SYSTEMD_LIBS)
LINK = $(CC) $(ALL_CFLAGS) $(LDFLAGS) -Wl,--as-needed

objects = $(patsubst %.c,$(B)/%.o,$(wildcard $(1)))

LIB_OBJECTS := $(call objects,lib/*.c)
DAEMON_OBJECTS := $(call objects,sentinel/*.c)
SIM_OBJECTS := $(filter-out %/swarm.o %/workers.o %/attempt.o %/blocks.o,\
	$(call objects,test/sim/*.c))
SWARM_OBJECTS := $(filter-out %/main.o $(B)/test/sim/scenario_%,\
	$(call objects,test/sim/*.c))
UNIT_NAMES := $(patsubst test/unit/%.c,%,$(wildcard test/unit/test_*.c))
UNIT_TESTS := $(UNIT_NAMES:%=$(B)/test/unit/%)

LIBCORE = $(B)/libcore.a
TEST_SIM = $(B)/test/sim/test_sim
SWARM = $(B)/test/sim/swarm

.PHONY: daemon lib tests
daemon: $(B)/sentineld
lib: $(LIBCORE)
tests: $(UNIT_TESTS) $(TEST_SIM) $(SWARM)

# ---- Rules ----

# Everything is compiled anew when the compiler or a flag has changed, not
# merely because configure ran again.
FLAGS = $(CC) $(shell $(CC) -dumpfullversion 2>&1) $(ALL_CFLAGS) \
	$(CPPFLAGS) $(DAEMON_CFLAGS) $(CHECK_CFLAGS) $(LDFLAGS) $(LIBS) \
	$(DAEMON_LIBS) $(CHECK_LIBS)

.PHONY: always
$(B)/flags: always
	@mkdir -p $(@D)
	@printf '%s\n' '$(subst ','\'',$(FLAGS))' | cmp -s - $@ || \
	    printf '%s\n' '$(subst ','\'',$(FLAGS))' > $@

$(B)/lib/%.o: lib/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

$(B)/sentinel/%.o: sentinel/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(DAEMON_CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# The first comment of a unit test may hold lib/*.o, and so a slash and a star.
$(B)/test/%.o: test/%.c $(B)/flags
	@mkdir -p $(@D)
	$(CC) $(ALL_CFLAGS) $(DAEMON_CFLAGS) $(CHECK_CFLAGS) $(CPPFLAGS) \
	    -Wno-comment -MMD -MP -c -o $@ $<

# Lists of files that change when a source file comes or goes, so that what is
# linked from a wildcard is linked anew then.
$(B)/%.list: always
	@mkdir -p $(@D)
	@echo $(LISTED) | cmp -s - $@ || echo $(LISTED) > $@
$(B)/libcore.list: LISTED = $(LIB_OBJECTS)
$(B)/sentineld.list: LISTED = $(DAEMON_OBJECTS)
$(B)/test_sim.list: LISTED = $(SIM_OBJECTS)
$(B)/swarm.list: LISTED = $(SWARM_OBJECTS)

$(LIBCORE): $(LIB_OBJECTS) $(B)/libcore.list
	@rm -f $@
	$(AR) rcs $@ $(LIB_OBJECTS)

$(B)/sentineld: $(DAEMON_OBJECTS) $(LIBCORE) $(B)/sentineld.list
	$(LINK) -o $@ $(DAEMON_OBJECTS) $(LIBCORE) $(DAEMON_LIBS) $(LIBS)

$(TEST_SIM): $(SIM_OBJECTS) $(LIBCORE) $(B)/test_sim.list
	$(LINK) -o $@ $(SIM_OBJECTS) $(LIBCORE) $(CHECK_LIBS) $(LIBS)

COUNT_BLOCKS = $(addprefix -Wl$(comma)--wrap=,malloc calloc realloc free)
comma = ,

$(SWARM): $(SWARM_OBJECTS) $(LIBCORE) $(B)/swarm.list
	$(LINK) $(COUNT_BLOCKS) -o $@ $(SWARM_OBJECTS) $(LIBCORE) \
	    $(CHECK_LIBS) $(LIBS)

# A unit test links the objects of the daemon that its first comment names, and
# of the core what they need.
links = $(patsubst %,$(B)/%,$(shell scripts/links.sh test/unit/$(1).c))$(if \
	$(filter-out 0,$(.SHELLSTATUS)),$(error test/unit/$(1).c: no links))
define unit_test
$(B)/test/unit/$(1): $(B)/test/unit/$(1).o $(call links,$(1)) $(LIBCORE)
	$$(LINK) -o $$@ $$(filter %.o %.a,$$^) $$(CHECK_LIBS) $$(DAEMON_LIBS) $$(LIBS)
endef
ifneq ($(filter-out $(SETUP_FREE) all daemon install,$(MAKECMDGOALS)),)
$(foreach name,$(UNIT_NAMES),$(eval $(call unit_test,$(name))))
endif

-include $(wildcard $(B)/lib/*.d $(B)/sentinel/*.d $(B)/test/*/*.d)

# ---- Tests ----

SEEDS = 100
FROM = 1
JOBS = $(shell nproc)

.PHONY: check unit sim swarm check-scripts check-asan test-integration
check: unit sim check-swarm check-scripts

unit: $(UNIT_TESTS)
	@scripts/run-unit $(UNIT_TESTS)

sim: $(TEST_SIM)
	$(TEST_SIM)

.PHONY: check-swarm
check-swarm: $(SWARM)
	$(SWARM) --from 1 --seeds 100 --jobs $(JOBS)

swarm: $(SWARM)
	$(SWARM) --from $(FROM) --seeds $(SEEDS) --jobs $(JOBS)

check-scripts: $(LIBCORE)
	scripts/check-layers.sh $(LIBCORE)
	scripts/check-size.sh
	scripts/check-coverage.py
	scripts/mutants --check
	test/golden/compare --self-test
	scripts/format.sh --check

check-asan:
	$(MAKE) SANITIZE=1 unit sim check-swarm

test-integration: daemon
	SENTINELD=$(B)/sentineld scripts/run-integration

# What Redis Sentinel was recorded to say, against what the daemon says.
.PHONY: test-golden
test-golden: daemon
	SENTINELD=$(B)/sentineld test/golden/compare

.PHONY: mutants
mutants:
	scripts/mutants --jobs $(JOBS) --seeds 300

MINUTES = 10
.PHONY: soak
soak: daemon
	scripts/soak --minutes $(MINUTES)

TIME = 60
.PHONY: fuzz
fuzz:
	scripts/fuzz.sh $(TIME)

# ---- Installation ----

.PHONY: install uninstall
DOCUMENTS = README.md LICENSE docs/compatibility.md docs/reliability.md $(wildcard etc/*)

install: $(B)/sentineld
	$(INSTALL) -d $(DESTDIR)$(bindir) $(DESTDIR)$(docdir)
	$(INSTALL) -m 755 $(B)/sentineld $(DESTDIR)$(bindir)/sentineld
	$(INSTALL) -m 644 $(DOCUMENTS) $(DESTDIR)$(docdir)
	$(INSTALL) -d $(DESTDIR)$(mandir)/man5 $(DESTDIR)$(mandir)/man8
	$(INSTALL) -m 644 doc/sentinel.conf.5 $(DESTDIR)$(mandir)/man5
	$(INSTALL) -m 644 doc/sentineld.8 $(DESTDIR)$(mandir)/man8

uninstall:
	rm -f $(DESTDIR)$(mandir)/man5/sentinel.conf.5
	rm -f $(DESTDIR)$(mandir)/man8/sentineld.8
	rm -f $(DESTDIR)$(bindir)/sentineld
	rm -f $(addprefix $(DESTDIR)$(docdir)/,$(notdir $(DOCUMENTS)))
	-rmdir $(DESTDIR)$(docdir)

# ---- Housekeeping ----

.PHONY: clean distclean format tidy help
clean:
	rm -rf build build-asan build-fuzz

distclean: clean
	rm -rf configure configure~ config.mak config.log config.status \
	    autom4te.cache .pytest_cache test/integration/__pycache__ \
	    test/integration/.pytest_cache test/golden/__pycache__

format:
	scripts/format.sh --fix

tidy: config.mak
	scripts/tidy.sh $(ALL_CFLAGS) $(DAEMON_CFLAGS) $(CHECK_CFLAGS)

help:
	@sed -n 's/^#   \(make\)/\1/p' Makefile
	@echo "also: lib tests unit sim check-scripts uninstall clean distclean"
	@echo "      format tidy"
