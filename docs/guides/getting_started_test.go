package guides_test

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// step is a block of the guide: commands, or a file.
var step = regexp.MustCompile("(?ms)^```(sh|go)\n(.*?)^```$")

// serve is the command that does not end by itself.
const serve = "go run ./cmd/server\n"

// A newcomer who does what the guide says, in its order, gets what it says.
func TestGettingStarted(t *testing.T) {
	text, err := os.ReadFile("getting-started.md")
	if err != nil {
		t.Fatal(err)
	}
	bin, dir := t.TempDir(), t.TempDir()
	run(t, "../..", "go", "build", "-o", filepath.Join(bin, "ireneo"), "./cmd/ireneo")
	t.Setenv("PATH", bin+string(os.PathListSeparator)+os.Getenv("PATH"))

	steps := step.FindAllSubmatch(text, -1)
	if len(steps) < 6 || !strings.HasPrefix(string(steps[0][2]), "git clone") {
		t.Fatalf("got %d steps, the first of which should get the command", len(steps))
	}
	for _, s := range steps[1:] {
		what := string(s[2])
		switch {
		case what == serve:
			answers(t, dir)
		case string(s[1]) == "go":
			first, file, _ := strings.Cut(what, "\n")
			write(t, filepath.Join(dir, strings.TrimPrefix(first, "// ")), []byte(file))
		default:
			run(t, dir, "bash", "-ec", what)
			if _, into, found := strings.Cut(what, "\ncd "); found {
				dir = filepath.Join(dir, strings.TrimSpace(into))
			}
		}
	}
}

// answers starts the server, asks for its first page, and stops it.
func answers(t *testing.T, dir string) {
	t.Helper()
	run(t, dir, "go", "build", "-o", "server", "./cmd/server")
	ctx, stop := context.WithCancel(t.Context())
	server := exec.CommandContext(ctx, filepath.Join(dir, "server"))
	server.Dir, server.Env, server.Stderr = dir, append(os.Environ(), "PORT=0"), t.Output()
	out, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		stop()
		_ = server.Wait() // it was killed
	}()

	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get("http://" + strings.TrimSpace(line[strings.LastIndex(line, "/")+1:]))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if page, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || !strings.Contains(string(page), "Library") {
		t.Errorf("got %d, %v\n%s", resp.StatusCode, err, page)
	}
}
