# Everything a developer or CI runs. `make` alone prints this list.
export CGO_ENABLED := 0
GO      ?= go
ONLY    ?=
# Further flags of go test for make e2e, e.g. -v -run Scenarios/Bump.
E2EFLAGS ?=
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
BIN     := bin
# What the tests compare with, at the versions of go.mod.
TOOLS   := $(CURDIR)/$(BIN)/tools
# What a release of helm 3.21 is stamped with.
HELM_RELEASE := -X helm.sh/helm/v3/internal/version.version=$(shell $(GO) list -m -f "{{.Version}}" helm.sh/helm/v3) -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/chartutil.k8sVersionMinor=35

.DEFAULT_GOAL := help

.PHONY: help
help: ## print this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build sluice and sluice-cmp into bin/
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN)/ ./cmd/sluice ./cmd/sluice-cmp

.PHONY: tools
tools: ## build the stock kustomize and helm that the tests compare with
	@mkdir -p $(TOOLS)
	$(GO) build -ldflags='-s -w' -o $(TOOLS)/ sigs.k8s.io/kustomize/kustomize/v5
	$(GO) build -ldflags='-s -w $(HELM_RELEASE)' -o $(TOOLS)/ helm.sh/helm/v3/cmd/helm

.PHONY: test
test: tools ## run all tests except those on the local cluster
	PATH=$(TOOLS):$$PATH $(GO) test ./...

.PHONY: race
race: ## run the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(GO) test -race ./renderer/... ./plugin/...

.PHONY: lint
lint: ## check form, imports and static analysis
	@test -z "$$(gofmt -l cmd catalog environments plugin renderer)" || { gofmt -l cmd catalog environments plugin renderer; exit 1; }
	$(GO) vet ./...
	@if command -v golangci-lint >/dev/null; then golangci-lint run; else echo "golangci-lint is not installed; skipped"; fi

.PHONY: verify
verify: build ## regenerate everything that is generated and fail if that changes anything
	$(BIN)/sluice validate
	$(BIN)/sluice catalog lock --check
	$(BIN)/sluice render --from-git --check
	$(GO) test ./plugin/... -run 'Golden|Equal' -count=1
	git diff --exit-code

.PHONY: render
render: build ## render the example environments of this checkout anew
	$(BIN)/sluice render --from-git

.PHONY: demo
demo: ## run the whole way once: embedded etcd, render, push, clone, build
	$(GO) run ./cmd/sluice demo

.PHONY: bench
bench: ## print one line a figure; ONLY=<name> runs one
	$(GO) run ./cmd/internal/bench $(ONLY)

.PHONY: fuzz
fuzz: ## run every fuzz target for ten seconds
	@for p in $$($(GO) list ./...); do \
	  for f in $$($(GO) test -list '^Fuzz' $$p 2>/dev/null | grep '^Fuzz'); do \
	    echo "$$p $$f"; $(GO) test $$p -run '^$$' -fuzz "^$$f$$" -fuzztime 10s -fuzzminimizetime 5x || exit 1; \
	  done; \
	done

.PHONY: e2e
e2e: ## run the scenarios on a real Argo CD (cmd/lab builds it on first use; LAB_SET=v3 for the other)
	$(GO) test ./cmd/lab/... -tags e2e -timeout 80m -p 1 -parallel 4 $(E2EFLAGS)

.PHONY: image
image: build ## write both images as OCI layouts into dist/; AUTHORITIES=<pem> adds certificates
	$(GO) run ./cmd/internal/mkimage --program sluice-cmp --binary $(BIN)/sluice-cmp --output dist/sluice-cmp --version $(VERSION)
	$(GO) run ./cmd/internal/mkimage --program sluice --binary $(BIN)/sluice --output dist/sluice --version $(VERSION) --authorities "$(AUTHORITIES)"
