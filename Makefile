# Everything a developer or CI runs. `make` alone prints this list.
export CGO_ENABLED := 0
GO      ?= go
ONLY    ?=
# Further flags of go test for make e2e, e.g. -v -run Scenarios/Bump.
E2EFLAGS ?=
# Running tests: form vets, the scenarios' code too, and half of the linker's time
# goes into what only a debugger reads.
TEST    := $(GO) test -vet=off -ldflags='-s -w'
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo devel)
BIN     := bin
# Packages whose own code starts goroutines or is called by several. The rest
# is pure, or takes long under the detector and runs these packages anyway.
RACE    := ./renderer/argocd/... ./renderer/etcd/... ./renderer/git/... ./renderer/render ./renderer/render/guard ./renderer/render/pipeline ./renderer/run/... \
           ./renderer/ingest/caller ./renderer/ingest/query ./plugin ./plugin/cmpserver ./plugin/unpack ./cmd/sluice-cmp/... ./cmd/lab/internal/...
# Where programs lie that are built once: outside the tree, by version.
CACHE   := $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/sluice-tools
# The linter's module has a mod file of its own: its hundreds of dependencies
# are none of ours. It cannot lint for a newer Go than it is built with.
LINTER   = $(CACHE)/golangci-lint-$(shell awk '$$1 ~ /golangci-lint\/v2$$/ {print $$2}' .ci/tools/go.mod)-$(shell $(GO) env GOVERSION)/golangci-lint
VULN     = $(CACHE)/govulncheck-$(shell awk '$$1 == "golang.org/x/vuln" {print $$2}' .ci/tools/go.mod)-$(shell $(GO) env GOVERSION)/govulncheck
VULNDB  := $(or $(GOVULNDB),https://vuln.go.dev)

.DEFAULT_GOAL := help

.PHONY: help
help: ## print this list
	@awk -F':.*## ' '/^[a-z0-9-]+:.*## / {printf "  %-10s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: build
build: ## build sluice and sluice-cmp into bin/
	$(GO) build -trimpath -ldflags='-s -w' -o $(BIN)/ ./cmd/sluice ./cmd/sluice-cmp

.PHONY: form
form: ## check gofmt and go vet
	@files=$$(gofmt -l cmd catalog environments plugin renderer) && test -z "$$files" || { echo "gofmt would change:"; echo "$$files"; exit 1; }
	$(GO) vet -tags e2e ./...

.PHONY: lint
lint: ## run golangci-lint, which is built on first use
	@test -x $(LINTER) || { echo "building $(LINTER)"; cd .ci/tools && $(GO) build -ldflags='-s -w' -o $(LINTER) github.com/golangci/golangci-lint/v2/cmd/golangci-lint; }
	$(LINTER) run

.PHONY: vuln
vuln: ## look for known weaknesses in what our programs call; GOVULNDB names a copy of the database
	@if ! curl -fsS --max-time 20 -o /dev/null $(VULNDB)/index/db.json; then echo "vuln: skipped, $(VULNDB) cannot be reached"; exit; fi; \
	test -x $(VULN) || (cd .ci/tools && $(GO) build -ldflags='-s -w' -o $(VULN) golang.org/x/vuln/cmd/govulncheck) && \
	$(VULN) -db $(VULNDB) ./...

.PHONY: check
check: form ## form and the short tests: the quick loop, seconds where little changed
	$(TEST) -short ./...

.PHONY: tools
tools: ## build the released kustomize and helm that some tests compare with
	CI=true $(TEST) ./renderer/render/overlay/overlaytest -run '^TestReleased$$' -count=1

.PHONY: test
test: $(if $(CI),tools) ## run all tests except those on the local cluster
	$(TEST) -timeout 30m ./...

.PHONY: race
race: ## run the tests of concurrent packages under the race detector
	CGO_ENABLED=1 $(TEST) -race -short -timeout 30m $(RACE)

.PHONY: verify
verify: build ## regenerate everything that is generated and fail if that changes anything
	$(BIN)/sluice validate
	$(BIN)/sluice catalog lock --check
	$(BIN)/sluice render --from-git --check
	$(TEST) ./plugin/... -run 'Golden|Equal' -count=1
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
	$(TEST) ./cmd/lab/... -tags e2e -timeout 80m -p 1 -parallel 4 $(E2EFLAGS)

.PHONY: pictures
pictures: ## take the README's pictures of the page anew; PAGE=<address> is that of `go run ./cmd/lab demo`
	@test -n "$(PAGE)" || { echo "pictures: name the page: make pictures PAGE=http://127.0.0.1:8090"; exit 2; }
	SLUICE_PAGE=$(PAGE) $(GO) test ./renderer/run/web -run '^TestPictures$$' -count=1

.PHONY: image
image: build ## write both images, with their papers, as OCI layouts into dist/; AUTHORITIES=<pem> adds certificates
	$(GO) run ./cmd/internal/mkimage --program sluice-cmp --binary $(BIN)/sluice-cmp --output dist/sluice-cmp --version $(VERSION)
	$(GO) run ./cmd/internal/mkimage --program sluice --binary $(BIN)/sluice --output dist/sluice --version $(VERSION) --authorities "$(AUTHORITIES)"
