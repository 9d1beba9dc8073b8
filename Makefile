# Everything a person or CI does here. `make help` lists it.
GO  ?= go
BIN := bin

.DEFAULT_GOAL := help

.PHONY: help
help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## Build gwc and gwproxy into bin/
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags='-s -w' -o $(BIN)/ ./cmd/gwc ./cmd/gwproxy

.PHONY: tools
tools: $(BIN)/promtool ## Build what tests run beside our own commands: promtool

PROMTOOL := compiler/render/prometheus/promtool
$(BIN)/promtool: $(PROMTOOL)/go.mod $(PROMTOOL)/go.sum
	CGO_ENABLED=0 $(GO) -C $(PROMTOOL) build -tags remove_all_sd -ldflags='-s -w' -o "$(CURDIR)/$@" github.com/prometheus/prometheus/cmd/promtool

.PHONY: demo
demo: build ## The main job from CUE to served requests, in under a minute; KEEP=1 leaves it running
	CGO_ENABLED=0 $(GO) build -trimpath -o $(BIN)/ ./cmd/gwc-demo
	$(BIN)/gwc-demo $(if $(KEEP),--keep)

.PHONY: test
test: tools ## Run every test
	$(GO) vet ./...
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m ./...
	PATH="$(CURDIR)/$(BIN):$$PATH" $(GO) test -timeout 20m -race ./runtime/...

.PHONY: check
check: ## What CI runs: formatting, every test, and goldens that rewriting would change
	@test -z "$$(gofmt -l $$(git ls-files '*.go'))" || { gofmt -l $$(git ls-files '*.go'); echo "run gofmt -w"; exit 1; }
	$(MAKE) test
	$(MAKE) golden
	git diff --exit-code

.PHONY: golden
golden: tools ## Rewrite the expected outputs of tests
	PATH="$(CURDIR)/$(BIN):$$PATH" GWC_UPDATE=1 $(GO) test -count=1 ./testscripts/... ./compiler/... ./docs/...

.PHONY: bench
bench: ## Run the benchmarks that docs/performance.md quotes
	$(GO) test -run '^$$' -bench . -benchmem ./compiler/... ./runtime/... ./policy/...

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
