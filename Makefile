# make check does what continuous integration does, and looks for races everywhere; .ci/run is that
# with its packages and timings, and looks for them where they are made.

tool  = go tool -modfile=tools/go.mod
# What is generated and committed. A new kind of generated file goes here and into .golangci.yml's
# and internal/archtest's exceptions by its name.
generated = '*_templ.go' '*_gen.go'

.PHONY: check generate drift lint format vet test race race-short bench bench-check bench-once

check: drift lint vet race

generate:
	$(tool) templ generate -ignore-pattern testdata/ # golden files have a root of their own
	go generate ./...

# drift fails when generated files are not those of their sources. Stage them first.
drift: generate
	git diff --exit-code -- $(generated)
	@test -z "$$(git ls-files --others --exclude-standard -- $(generated) | tee /dev/stderr)"

lint:
	$(tool) golangci-lint run ./...

format:
	$(tool) golangci-lint fmt ./...

vet:
	go vet ./...

test:
	go test ./...

# The detector leaves SQLite's own code alone: it is C made into Go, of which it would watch each access
# to memory, for half of the time of all tests.
detector = -race -gcflags=modernc.org/sqlite/lib=-race=false

race:
	go test $(detector) -timeout 30m ./...

# race-short looks at what is concurrent itself, and repeats itself less often.
race-short:
	go test $(detector) -short . ./internal/... ./store/... ./server/...

# bench measures against the limit and the peers; compare two runs with
# go tool -modfile=tools/go.mod benchstat old.txt new.txt
bench:
	cd bench && go run .

# bench-check fails where a target is missed by more than the noise of the run, and says so where
# the machine was too noisy to tell. It takes about nine minutes.
bench-check:
	cd bench && go run . -check

# bench-once runs every benchmark once, so that they keep compiling.
bench-once:
	go test -run '^$$' -bench . -benchtime 1x ./...
	if [ -f bench/go.mod ]; then cd bench && go build -o /dev/null ./... && go test -run '^$$' -bench . -benchtime 1x ./...; fi
