package main

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// patience is how long a script waits for what should happen at once, on a machine that
// compiles other things meanwhile.
const patience = 3 * time.Minute

// shop puts a small application into the working directory, and a folder where binaries
// of it are kept.
func shop(ts *testscript.TestScript, _ bool, _ []string) {
	checkout := ts.Getenv("CHECKOUT")
	ts.Check(os.CopyFS(ts.MkAbs("."), os.DirFS(filepath.Join(checkout, "cmd", "ireneo", "testdata", "shop"))))
	for _, name := range []string{"go.mod", "go.sum"} { // where templ is a tool
		text, err := os.ReadFile(filepath.Join(checkout, "tools", name))
		ts.Check(err)
		ts.Check(os.MkdirAll(ts.MkAbs("tools"), 0o755))
		ts.Check(os.WriteFile(ts.MkAbs("tools/"+name), text, 0o644))
	}
	ts.Setenv("HOME", ts.MkAbs(".home"))
	ts.Setenv("XDG_CACHE_HOME", ts.MkAbs(".home/cache"))
}

// haveTempl reports whether templ can be built without a network.
var haveTempl = sync.OnceValue(func() bool {
	cmd := exec.Command("go", "tool", "-modfile=tools/go.mod", "templ", "version")
	cmd.Dir, cmd.Env = "../..", append(os.Environ(), "GOPROXY=off")
	return cmd.Run() == nil
})

func condition(name string) (bool, error) {
	if name != "templ" {
		return false, fmt.Errorf("unknown condition %q", name)
	}
	return haveTempl(), nil
}

// freePort sets PORT to a port that is free.
func freePort(ts *testscript.TestScript, _ bool, _ []string) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer func() { _ = listener.Close() }()
	ts.Setenv("PORT", strconv.Itoa(listener.Addr().(*net.TCPAddr).Port))
}

// answers waits until the application answers as it should: answers page / 200 'one'. The
// method page is a GET as a browser sends it for a page.
func answers(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 4 {
		ts.Fatalf("usage: answers get|page|post PATH STATUS REGEXP")
	}
	want := regexp.MustCompile("(?s)" + args[3])
	var last string
	eventually(ts, &last, func() bool {
		status, body, err := request(ts, args[0], args[1])
		last = fmt.Sprint(status, " ", body, " ", err)
		return err == nil && strconv.Itoa(status) == args[2] && want.MatchString(body)
	})
}

// remember sets a variable to what the application answers: remember FIRST /where.
func remember(ts *testscript.TestScript, _ bool, args []string) {
	_, body, err := request(ts, "get", args[1])
	ts.Check(err)
	ts.Setenv(args[0], body)
}

// gone waits until nobody listens at an address.
func gone(ts *testscript.TestScript, _ bool, args []string) {
	last := args[0] + " still answers"
	eventually(ts, &last, func() bool {
		conn, err := net.Dial("tcp", args[0])
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
}

// eventually asks until something happened; last is what there was instead.
func eventually(ts *testscript.TestScript, last *string, happened func() bool) {
	deadline := time.Now().Add(patience)
	again := time.NewTicker(50 * time.Millisecond)
	defer again.Stop()
	for !happened() {
		if time.Now().After(deadline) {
			ts.Fatalf("it did not happen in %s: %s", patience, *last)
		}
		<-again.C
	}
}

func request(ts *testscript.TestScript, method, path string) (status int, body string, err error) {
	verb := strings.ToUpper(method)
	if method == "page" {
		verb = http.MethodGet
	}
	r, err := http.NewRequest(verb, "http://127.0.0.1:"+ts.Getenv("PORT")+path, http.NoBody)
	ts.Check(err)
	if method == "page" {
		r.Header.Set("Accept", "text/html,application/xhtml+xml")
		r.Header.Set("Sec-Fetch-Dest", "document")
	}
	client := http.Client{Timeout: patience}
	resp, err := client.Do(r)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}
