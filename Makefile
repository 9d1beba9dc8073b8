# Everything a person or CI does here. `make help` lists it.
GO  ?= go
BIN := bin

# One set of flags for everything that is compiled here, the modules of tests among it: a package that is compiled with
# others is compiled again.
export CGO_ENABLED := 0
export GOFLAGS     := $(filter-out -trimpath,$(GOFLAGS)) -trimpath

# Tests find what they run beside our own commands on PATH.
TEST_PATH = PATH="$(CURDIR)/$(BIN):$$PATH"

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build gwc and gwproxy into bin/
	$(GO) build -ldflags='-s -w' -o $(BIN)/ ./cmd/gwc ./cmd/gwproxy

.PHONY: tools
tools: $(BIN)/promtool ## Build what tests run beside our own commands: promtool

.PHONY: lint
lint: $(BIN)/staticcheck ## Formatting, go vet and staticcheck
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w"; exit 1; }
	$(GO) vet ./...
	$(BIN)/staticcheck ./...

$(BIN)/staticcheck: testscripts/lint/go.mod testscripts/lint/go.sum
	$(GO) -C testscripts/lint build -o "$(CURDIR)/$@" honnef.co/go/tools/cmd/staticcheck

PROMTOOL := compiler/render/prometheus/promtool
$(BIN)/promtool: $(PROMTOOL)/go.mod $(PROMTOOL)/go.sum
	$(GO) -C $(PROMTOOL) build -tags remove_all_sd -ldflags='-s -w' -o "$(CURDIR)/$@" github.com/prometheus/prometheus/cmd/promtool

.PHONY: demo
demo: build ## The main job from CUE to served requests, in under a minute; KEEP=1 leaves it running
	$(GO) build -o $(BIN)/ ./cmd/gwc-demo
	$(BIN)/gwc-demo $(if $(KEEP),--keep)

.PHONY: test
test: tools conformance formats browser cosign ## Run every test, and the suites of others
	$(TEST_PATH) $(GO) test -timeout 20m ./...

.PHONY: race
race: ## Run the tests of what is concurrent under the race detector, which needs a C compiler
	CGO_ENABLED=1 $(GO) test -timeout 30m -race ./runtime/... ./schema/... ./compiler ./policy

# The suites of others that tests run, and one that takes minutes and is run by hand.
CONFORMANCE := h2spec grpc websocket chain
SUITES      := $(addprefix conformance-,$(CONFORMANCE) reload)

.PHONY: conformance
conformance: $(addprefix conformance-,$(CONFORMANCE)) ## Hold gwproxy to the suites of others, each a module in runtime/conformance

.PHONY: $(SUITES)
$(SUITES): conformance-%:
	$(GO) -C runtime/conformance/$* vet ./...
	$(GO) -C runtime/conformance/$* test -count=1 -timeout 20m ./...

.PHONY: formats
formats: ## Hold what gwc prints for programs to the schemas of those who read it
	$(GO) -C testscripts/formats vet ./...
	$(GO) -C testscripts/formats test -count=1 -timeout 10m ./...

.PHONY: browser
browser: ## Open the pages that gwc writes in Chromium
	$(GO) -C testscripts/browser vet ./...
	$(GO) -C testscripts/browser test -count=1 -timeout 20m ./...

.PHONY: cosign
cosign: ## Have cosign verify what gwc pushes
	$(GO) -C testscripts/cosign vet ./...
	$(GO) -C testscripts/cosign test -count=1 -timeout 20m ./...

# The programs of a cluster that a delivery goes through. They take ten minutes to build, so they are kept under the name of
# what they follow from: their versions, and Go's.
E2E        := testscripts/e2e
E2E_KEY     = $(shell { $(GO) version; cat $(E2E)/go.mod $(E2E)/go.sum; } | git hash-object --stdin)
E2E_BIN     = $(CURDIR)/$(BIN)/e2e-$(E2E_KEY)
E2E_PROGRAMS := go.etcd.io/etcd/server/v3=etcd k8s.io/kubernetes/cmd/kube-apiserver=kube-apiserver \
	github.com/fluxcd/source-controller=source-controller github.com/fluxcd/kustomize-controller=kustomize-controller

.PHONY: e2e
e2e: e2e-programs ## From a commit over a registry, Flux and an API server to proxies, and what may fail on the way
	$(GO) -C $(E2E) vet ./...
	E2E_BIN="$(E2E_BIN)" $(GO) -C $(E2E) test -count=1 -timeout 40m -v ./...

.PHONY: e2e-key
e2e-key:
	@echo $(E2E_KEY)

.PHONY: e2e-programs
e2e-programs:
	@for program in $(E2E_PROGRAMS); do \
		at="$(E2E_BIN)/$${program#*=}"; \
		test -x "$$at" && continue; \
		echo "building $${program#*=}"; \
		$(GO) -C $(E2E) build -ldflags='-s -w' -o "$$at.$$$$" "$${program%=*}" && mv "$$at.$$$$" "$$at" || exit 1; \
	done

.PHONY: check
check: lint test race ## What CI runs: linters, every test, and that rewriting goldens changes nothing
	$(MAKE) golden
	@test -z "$$(git status --porcelain)" || { git status --short; git diff; echo "the files above are not what is committed"; exit 1; }

.PHONY: golden
golden: tools ## Rewrite the expected outputs of tests
	$(TEST_PATH) GWC_UPDATE=1 $(GO) test -count=1 ./cmd/... ./compiler/... ./testscripts

.PHONY: bench
bench: ## Run the benchmarks that docs/performance.md quotes
	$(GO) test -run '^$$' -bench . -benchmem ./schema/... ./compiler/... ./runtime/... ./policy/...

.PHONY: bench-propagation
bench-propagation: e2e-programs ## Measure the time from a push to the last of 50 proxies that serve it
	E2E_BIN="$(E2E_BIN)" $(GO) -C $(E2E) test -timeout 40m -run '^$$' -bench Propagation -benchtime 10x .

.PHONY: bench-proxy
bench-proxy: ## Measure gwproxy beside nginx, HAProxy and Caddy; ONLY=plain,tls picks cases
	$(GO) -C runtime/bench run .

.PHONY: fuzz
fuzz: ## Fuzz everything that parses, FUZZTIME (default 30s) each
	@for pkg in $$($(GO) list ./...); do \
		for f in $$($(GO) test -list '^Fuzz' $$pkg | grep '^Fuzz' || true); do \
			$(GO) test -run '^$$' -fuzz "^$$f$$" -fuzztime $${FUZZTIME:-30s} $$pkg || exit 1; \
		done; \
	done

.PHONY: clean
clean: ## Remove what was built
	rm -rf $(BIN)
