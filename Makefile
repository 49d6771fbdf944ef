# Every target is one line; what it does lives in package.json's tools and in scripts/. Needs only git, make, and any Node >= 20 with
# npm 10 or 11: the Node that the project runs on is pinned as the npm package `node`.
OWN_PATH := $(PATH)
# A prefix may have any character: the shell gets it as a variable, never as text of a command.
export EMULATOR STACK_PORT EMULATOR_ENDPOINT PREFIX
export PATH := $(CURDIR)/node_modules/.bin:$(PATH)
.DEFAULT_GOAL := help
.PHONY: help up down stack-status run-splitter run-loader backfill setup check fmt lint types dead docs wasm test coverage demo demo-aws chaos bench bench-quick bench-stages bench-peers ci clean

STAMP := node_modules/.stamp

$(STAMP): package.json package-lock.json
	@PATH='$(OWN_PATH)' npm ci --no-audit --no-fund --loglevel=error && touch $(STAMP)

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sort | awk -F ':.*## ' '{ printf "  \033[1m%-12s\033[0m %s\n", $$1, $$2 }'
setup: $(STAMP) ## install exactly what the lockfile names
check: $(STAMP) types lint dead ## types, lint, format, dead code and generated documents, without tests
	@oxfmt --check . && node scripts/generate-docs.ts --check
fmt: $(STAMP) ## format every file
	@oxfmt .
lint: $(STAMP) ## lint with type information
	@oxlint --type-aware --quiet
types: $(STAMP) ## type check
	@tsc -p .
dead: $(STAMP) ## code, files and dependencies that nothing uses
	@knip --no-progress
wasm: $(STAMP) ## compile the scanner's inner loop
	@node scripts/build-wasm.ts
docs: $(STAMP) ## write the generated documents
	@node scripts/generate-docs.ts
test: $(STAMP) ## the whole test suite
	@node scripts/run-tests.ts
.PHONY: test-aws
test-aws: $(STAMP) ## the suite for a real AWS account: docs/real-aws.md [ARGS="--keep | --clean"]
	@node test/real-aws/run.ts $(ARGS)
coverage: $(STAMP) ## the test suite with the coverage gate
	@NODE_V8_COVERAGE=coverage/tmp $(MAKE) --no-print-directory test && c8 report --check-coverage
demo: $(STAMP) ## route a sample of mixed logs and show the tables
	@node scripts/demo.ts
backfill: $(STAMP) ## load what is there already: make backfill PREFIX=s3://bucket/raw/ [ARGS=--dry-run]
	@$(if $(PREFIX),,$(error PREFIX is not set: make backfill PREFIX=s3://bucket/raw/)) \
	localstack/on-stack.sh --if-up node cli/main.ts backfill "$$PREFIX" $(ARGS)
up: $(STAMP) ## start the local stack: S3, SQS, Redshift stand-in [EMULATOR=localstack STACK_PORT=4566]
	@node localstack/stack.ts up
down: $(STAMP) ## stop the local stack
	@node localstack/stack.ts down
stack-status: $(STAMP) ## say what of the local stack runs, and where
	@node localstack/stack.ts status
run-splitter: $(STAMP) ## a splitter on the local stack
	@localstack/on-stack.sh node services/splitter/main.ts
run-loader: $(STAMP) ## a loader on the local stack
	@localstack/on-stack.sh node services/loader/main.ts
demo-aws: $(STAMP) ## the same through S3, SQS and the Redshift Data API on the local stack
	@node scripts/demo-aws.ts
chaos: $(STAMP) ## kill both workers at every point [POINT=name WORKER=name], or at random [DURATION=60 SEED=1]
	@node scripts/chaos.ts $(if $(POINT),--point $(POINT)) $(if $(WORKER),--worker $(WORKER)) $(if $(DURATION),--duration $(DURATION)) $(if $(SEED),--seed $(SEED)) $(ARGS)
bench: $(STAMP) bench-peers ## measure everything against other tools (20 min), for docs/performance.md [SUITES=split,peers,loading,small-files]
	@node bench/run.ts $(if $(SUITES),--suite $(SUITES)) && node bench/stages/run.ts && node scripts/generate-docs.ts
bench-quick: $(STAMP) ## a first look in under 2 minutes [ARGS='--suite split']
	@node bench/run.ts --quick $(ARGS)
bench-stages: $(STAMP) ## each stage of the splitter alone [ARGS='--types 5000']
	@node bench/stages/run.ts $(ARGS)
bench-peers: $(STAMP) ## polars and chdb in a virtual environment, for make bench
	@node bench/make-peers.ts
.PHONY: bench-aws bench-freshness
bench-aws: $(STAMP) ## objects of 1 MB over S3, SQS and the Redshift stand-in, and whose time it takes [EMULATOR=localstack ARGS=--gz]
	@node bench/throughput-aws.ts $(ARGS) && node scripts/generate-docs.ts
bench-freshness: $(STAMP) ## object put to rows queried, at batch ages of 1, 10 and 60 s [EMULATOR=localstack]
	@node bench/freshness.ts $(ARGS) && node scripts/generate-docs.ts
ci: ## everything that CI runs
	@.ci/run
clean: ## remove what was made here: node_modules, coverage, demo
	@rm -rf node_modules coverage demo
