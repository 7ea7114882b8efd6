# kubemoat: clang -> object -> skeleton -> cc. Everything that is built lands in build/.
#
#   make            build/kubemoat            make demo     see it at work (installs what is missing)
#   make STATIC=1   the same, fully static    make test     every test (installs what is missing)
#   make arm64      the same for arm64, cross-built into build/arm64 (installs what is missing)
#   make lint       format, cppcheck, rooms   make bench    ratios to the no-op program and the peers
#   make plots      what it measured, as SVG  make image    container image and its SBOM
#   make dist       release archive           make e2e-kubernetes   the DaemonSet on a real cluster
#   make deb        Debian package            make test-deb tries it in a chroot
#   make kernels    Debian's, in an emulator  make soak, fuzz   minutes of kills and swaps; of random input
#   make release-test   all of these in their long form: hours
#   make install PREFIX=/usr DESTDIR=
#   V=1             shows the commands       ARCH=arm64   cross-builds a target: make ARCH=arm64 build/arm64/...
.DELETE_ON_ERROR:
MAKEFLAGS += --no-builtin-rules

PREFIX ?= /usr/local
UNITDIR ?= $(PREFIX)/lib/systemd/system
VERSION ?= $(shell scripts/version)
CLANG ?= clang
BPFTOOL ?= $(or $(shell command -v bpftool 2>/dev/null),/usr/sbin/bpftool)
CC := cc
AR := ar
B := build

# ARCH=arm64: cross-built and static, with the headers and libraries that scripts/setup laid apart from this machine's.
ifeq ($(origin ARCH),command line)
ifneq ($(ARCH),arm64)
$(error ARCH=$(ARCH) is not known: arm64 is; without ARCH it is what $(CC) builds for)
endif
SYSROOT := $(or $(KM_CACHE),/var/cache/kubemoat)/sysroot-$(ARCH)
ifeq ($(wildcard $(SYSROOT)/packages),)
$(error $(SYSROOT) is not there: scripts/setup $(ARCH) lays it)
endif
CC := aarch64-linux-gnu-gcc --sysroot=$(SYSROOT)
AR := aarch64-linux-gnu-ar
B := build/$(ARCH)
STATIC := 1
endif

Q := $(if $(V),,@)
say = $(if $(V),,@printf '  %-8s %s\n' '$(1)' '$(2)';)

WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wno-missing-field-initializers
# LAYOUT_TEST=1: another layout of what is pinned, for the tests of upgrade and downgrade.
LAYOUT := $(if $(LAYOUT_TEST),-DKM_LAYOUT_TEST)
CPPFLAGS := -D_GNU_SOURCE $(LAYOUT) -Iinclude -Iuser -I$(B)
CFLAGS ?= -O2 -g
# The same bytes wherever the tree stands.
NOWHERE := -ffile-prefix-map=$(CURDIR)=.
KM_CFLAGS := -std=gnu11 $(WARN) $(CFLAGS) $(NOWHERE) -fno-strict-aliasing -MMD -MP
LIBS := -lbpf -lelf -lz -lyaml -ljson-c -levent_core -lnettle
LDFLAGS_STATIC := $(if $(STATIC),-static)

BPF_CFLAGS := -O2 -g $(NOWHERE) -target bpf -mcpu=v3 -Wall -Wextra -Werror -Wno-unused-parameter $(LAYOUT) -Iinclude -Ibpf -Itests/bpf \
	-idirafter $(shell $(CC) -print-sysroot)/usr/include/$(shell $(CC) -dumpmachine) -MMD -MP

SRC := $(sort $(wildcard user/*.c user/*/*.c))
OBJ := $(SRC:%.c=$(B)/obj/%.o)
LIB_OBJ := $(filter-out $(B)/obj/user/main.o,$(OBJ))
SAN_OBJ := $(patsubst $(B)/obj/%,$(B)/san/%,$(LIB_OBJ))
SAN := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer

UNIT := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(wildcard tests/unit/test_*.c tests/unit/*/test_*.c tests/bpf/test_*.c)))
UNIT_HELPER_OBJ := $(patsubst %.c,$(B)/san/%.o,$(filter-out $(UNIT:$(B)/%=%.c),$(wildcard tests/unit/*.c tests/unit/*/*.c)))
TOOLS := $(patsubst tests/%.c,$(B)/tests/%,$(sort $(filter-out %.bpf.c,$(wildcard tests/tools/*.c))))
TEST_BPF := $(patsubst tests/%.bpf.c,$(B)/tests/%.bpf.o,$(sort $(wildcard tests/*/*.bpf.c)))

.PHONY: all
all: $(B)/kubemoat

# The linker's map says what came from which library: scripts/sbom.
$(B)/kubemoat: $(B)/obj/user/main.o $(B)/libkm.a
	$(call say,LINK,$@)$(CC) $(KM_CFLAGS) $(LDFLAGS_STATIC) $(LDFLAGS) -Wl,-Map=$@.map -o $@ $^ $(LIBS)

$(B)/libkm.a: $(LIB_OBJ)
	$(call say,AR,$@)rm -f $@; $(AR) rcs $@ $^

$(B)/libkm-san.a: $(SAN_OBJ)
	$(call say,AR,$@)rm -f $@; $(AR) rcs $@ $^

# The build's switches are part of what was built: other flags, other objects.
FLAGS := $(CC) $(KM_CFLAGS) $(STATIC) $(CLANG) $(BPF_CFLAGS)
$(B)/flags: FORCE
	@mkdir -p $(B); echo '$(FLAGS)' | cmp -s - $@ || echo '$(FLAGS)' > $@
$(B)/version.h: FORCE
	@mkdir -p $(B); echo '#define KM_VERSION "$(VERSION)"' | cmp -s - $@ || echo '#define KM_VERSION "$(VERSION)"' > $@
.PHONY: FORCE
FORCE:

$(B)/obj/%.o: %.c $(B)/flags | $(B)/kubemoat.skel.h $(B)/version.h
	$(call say,CC,$<)mkdir -p $(@D); $(CC) $(KM_CFLAGS) $(CPPFLAGS) -c -o $@ $<

$(B)/san/%.o: %.c $(B)/flags | $(B)/kubemoat.skel.h $(B)/version.h
	$(call say,CC,$< [san])mkdir -p $(@D); $(CC) $(KM_CFLAGS) -O1 $(SAN) $(CPPFLAGS) -c -o $@ $<

$(B)/kubemoat.bpf.o: bpf/kubemoat.bpf.c $(B)/flags
	$(call say,CLANG,$<)mkdir -p $(@D); $(CLANG) $(BPF_CFLAGS) -c -o $(B)/kubemoat.tmp.o -MF $(B)/kubemoat.bpf.d -MT $@ $< \
		&& $(BPFTOOL) gen object $@ $(B)/kubemoat.tmp.o

$(B)/kubemoat.skel.h: $(B)/kubemoat.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name kubemoat_bpf > $@

$(B)/tests/%.bpf.o: tests/%.bpf.c $(B)/flags
	$(call say,CLANG,$<)mkdir -p $(@D); $(CLANG) $(BPF_CFLAGS) -c -o $@ -MF $(@:.o=.d) -MT $@ $<

# Sources in tests/unit that are no test of their own: shared by tests.
$(B)/libunit.a: $(UNIT_HELPER_OBJ)
	$(call say,AR,$@)rm -f $@; $(AR) rcs $@ $^

# Unit tests and their code under test run with the sanitizers.
$(B)/tests/unit/%: tests/unit/%.c $(B)/libunit.a $(B)/libkm-san.a
	$(call say,TEST,$@)mkdir -p $(@D); $(CC) $(KM_CFLAGS) -O1 $(SAN) $(CPPFLAGS) -Ibpf -Itests -o $@ $< $(B)/libunit.a $(B)/libkm-san.a -lcmocka $(LIBS)

# Tests that put programs and images into the kernel.
$(B)/tests/bpf/test_%: tests/bpf/test_%.c $(B)/libunit.a $(B)/libkm-san.a | $(B)/tests/bpf/decide.skel.h
	$(call say,TEST,$@)mkdir -p $(@D); $(CC) $(KM_CFLAGS) -O1 $(SAN) $(CPPFLAGS) -Ibpf -Itests -o $@ $< $(B)/libunit.a $(B)/libkm-san.a -lcmocka $(LIBS)

# The property test as it runs on other kernels: static, without sanitizers.
$(B)/tests/kernels/property: tests/bpf/test_property.c tests/unit/policy/random_policy.c $(B)/libkm.a | $(B)/tests/bpf/decide.skel.h
	$(call say,TEST,$@)mkdir -p $(@D); $(CC) $(KM_CFLAGS) $(CPPFLAGS) -Ibpf -Itests -o $@ $^ $(LDFLAGS_STATIC) $(LIBS)

# Programs that the end-to-end tests and the bench use.
$(B)/tests/tools/%: tests/tools/%.c $(B)/libkm.a
	$(call say,TOOL,$@)mkdir -p $(@D); $(CC) $(KM_CFLAGS) $(CPPFLAGS) -Ibpf -o $@ $< $(B)/libkm.a $(LDFLAGS_STATIC) $(LIBS) -lm

.PHONY: tests
tests: all $(UNIT) $(TOOLS) $(TEST_BPF)

.PHONY: test
test:
	@scripts/setup test
	@scripts/test

.PHONY: demo
demo:
	@scripts/setup demo
	@$(MAKE) --no-print-directory
	@scripts/demo

# The bench: one program of several files, and the programs in the kernel that it measures.
BENCH_OBJ := $(patsubst %.c,$(B)/obj/%.o,$(filter-out %.bpf.c,$(sort $(wildcard tests/bench/*.c))))
BENCH_SKEL := $(patsubst tests/%.bpf.c,$(B)/tests/%.skel.h,$(sort $(wildcard tests/bench/*.bpf.c)))

$(B)/tests/%.skel.h: $(B)/tests/%.bpf.o
	$(call say,SKEL,$@)$(BPFTOOL) gen skeleton $< name $(notdir $*)_bpf > $@

$(BENCH_OBJ): | $(BENCH_SKEL)
$(B)/tests/bench/bench: $(BENCH_OBJ) $(B)/libkm.a
	$(call say,LINK,$@)$(CC) $(KM_CFLAGS) -o $@ $^ $(LIBS)
-include $(BENCH_OBJ:.o=.d)

# BENCH_ONLY=REGEX: only the measures whose id matches.
.PHONY: bench
bench:
	@scripts/setup bench
	@$(MAKE) --no-print-directory all $(B)/tests/bench/bench
	@scripts/bench '$(BENCH_ONLY)'

# What the last `make bench` measured, into docs/performance.md and the plots beside it.
.PHONY: plots
plots:
	@scripts/setup bench
	@scripts/plot

# The long forms of what `make test` runs short: minutes, not seconds.
.PHONY: soak
soak:
	@scripts/setup test
	@$(MAKE) --no-print-directory tests
	@KM_SOAK=full KM_KILLS=all bats --tap tests/e2e/soak.bats tests/e2e/kill.bats

.PHONY: fuzz
fuzz:
	@scripts/setup test
	@scripts/fuzz

.PHONY: arm64
arm64:
	@scripts/setup arm64
	@$(MAKE) --no-print-directory ARCH=arm64
	@stat -c '%n, %s bytes' build/arm64/kubemoat

# Debian's kernels from the oldest supported to the newest, in an emulator; minutes. Fetches them once.
.PHONY: kernels
kernels:
	@scripts/setup kernels
	@scripts/kernels

# What .ci/run tries of every change, in its long form, and what takes too long for that.
.PHONY: release-test
release-test:
	@.ci/run release

# The container image, as an OCI archive, and what is in it.
.PHONY: image
image:
	@scripts/setup image
	@scripts/image

# The DaemonSet on a real cluster in namespaces. Minutes; the first time builds Kubernetes, six more.
.PHONY: e2e-kubernetes
e2e-kubernetes:
	@scripts/setup kubernetes
	@scripts/e2e-kubernetes

.PHONY: lint
lint:
	@scripts/setup lint
	@scripts/lint

.PHONY: format
format:
	clang-format -i $$(git ls-files '*.c' '*.h')

# Manual pages carry the version.
MAN := $(patsubst docs/man/%,$(B)/man/%,$(wildcard docs/man/*.[58]))
$(B)/man/%: docs/man/% $(B)/version.h
	$(call say,MAN,$@)mkdir -p $(@D); sed 's/@VERSION@/$(VERSION)/' $< > $@

.PHONY: man
man: $(MAN)

.PHONY: install
install: all man
	install -D -m 0755 $(B)/kubemoat $(DESTDIR)$(PREFIX)/sbin/kubemoat
	install -d $(DESTDIR)$(UNITDIR)
	for unit in deploy/systemd/*.service; do \
		sed 's|@PREFIX@|$(PREFIX)|' $$unit > $(DESTDIR)$(UNITDIR)/$${unit##*/} || exit; done
	for page in $(MAN); do \
		install -D -m 0644 $$page $(DESTDIR)$(PREFIX)/share/man/man$${page##*.}/$${page##*/} || exit; done
	install -D -m 0644 deploy/completion/kubemoat.bash \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/kubemoat
	install -D -m 0644 LICENSE $(DESTDIR)$(PREFIX)/share/doc/kubemoat/LICENSE
	install -D -m 0644 README.md $(DESTDIR)$(PREFIX)/share/doc/kubemoat/README.md

DIST := $(B)/kubemoat-$(VERSION).tar.gz
.PHONY: dist
dist:
	@mkdir -p $(B)
	@scripts/dist $(DIST) $(VERSION)

.PHONY: deb
deb:
	@scripts/setup deb
	@$(MAKE) --no-print-directory dist >/dev/null
	@SOURCE_DATE_EPOCH=$$(scripts/version --time) scripts/deb $(DIST) $(VERSION)

# Installs, runs, upgrades and purges it in a chroot: fetches a Debian once.
.PHONY: test-deb
test-deb: deb
	@scripts/setup test-deb
	@scripts/test-deb build/kubemoat_$$(scripts/version --debian $(VERSION))-1_$$(dpkg --print-architecture).deb

.PHONY: clean
clean:
	rm -rf $(B)

-include $(OBJ:.o=.d) $(SAN_OBJ:.o=.d) $(B)/kubemoat.bpf.d $(UNIT:=.d) $(UNIT_HELPER_OBJ:.o=.d) $(TOOLS:=.d) $(TEST_BPF:.o=.d)
