package pgtest

import (
	"errors"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
)

// errNoBinaries says what would help.
var errNoBinaries = errors.New("found no initdb and pg_ctl; install PostgreSQL or set " + serverEnv)

// installation is where the programs of PostgreSQL are and who runs them.
type installation struct {
	bin   string
	owner *owner // nil is the user of this process
}

// places are where Debian and Homebrew put the programs, one directory a version.
var places = []string{
	"/usr/lib/postgresql/*/bin",
	"/opt/homebrew/opt/postgresql@*/bin",
	"/usr/local/opt/postgresql@*/bin",
}

// findInstallation prefers PATH, then the newest version in one of the usual places.
func findInstallation() (installation, error) {
	owner, err := serverOwner()
	if err != nil {
		return installation{}, err
	}
	for _, bin := range candidates() {
		if complete(bin) {
			return installation{bin: bin, owner: owner}, nil
		}
	}
	return installation{}, errNoBinaries
}

// candidates lists directories, the best first. Links are followed, because a link on PATH often
// stands without the rest of the installation beside it.
func candidates() []string {
	var dirs []string
	for _, pattern := range places {
		found, _ := filepath.Glob(pattern) // the patterns are well formed
		dirs = append(dirs, found...)
	}
	slices.SortStableFunc(dirs, func(a, b string) int { return version(b) - version(a) })

	if path, err := exec.LookPath("initdb"); err == nil {
		if real, err := filepath.EvalSymlinks(path); err == nil {
			dirs = slices.Insert(dirs, 0, filepath.Dir(real))
		}
	}
	return dirs
}

var versionPattern = regexp.MustCompile(`(\d+)/bin$`)

// version reads the version from a directory's name, and 0 from a name without one.
func version(bin string) int {
	match := versionPattern.FindStringSubmatch(bin)
	if match == nil {
		return 0
	}
	number, _ := strconv.Atoi(match[1])
	return number
}

// complete reports whether the directory holds all the programs a cluster needs.
func complete(bin string) bool {
	for _, program := range []string{"initdb", "pg_ctl", "postgres"} {
		if _, err := exec.LookPath(filepath.Join(bin, program)); err != nil {
			return false
		}
	}
	return true
}
