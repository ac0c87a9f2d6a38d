// Package cli gives an application's binary its subcommands: serve and work, what its
// database needs, and what an operator asks of its log.
package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/internal/headroom"
)

// Program is a binary before its settings are read.
type Program struct {
	Name    string // as in the first line of the help
	Summary string // one sentence: what it is
	Version string // Defaults to what the build says of itself.

	// Settings describes the environment variables, for the help.
	Settings string

	// Boot reads the settings and opens the database.
	Boot func(ctx context.Context) (*App, error)

	// Database reads the settings and says which database it is, without opening it.
	Database func() (*Database, error)
}

// App is an application ready to be worked with.
type App struct {
	Log        *ireneo.Log // its subscriptions are run beside Serve
	Production bool        // never migrate on the way

	// Serve answers HTTP until ctx ends. ready is told the address.
	Serve func(ctx context.Context, ready func(addr string)) error

	// Routes are what Serve answers.
	Routes []Route

	// Seed adds sample data and says how many events were new. Nil: there is none.
	Seed func(ctx context.Context) (added int, err error)

	// Close releases what Boot opened.
	Close func() error
}

// Route is one thing that is answered.
type Route struct {
	Method  string `json:"method"`
	Path    string `json:"path"`    // with :parameters
	Handler string `json:"handler"` // the function that answers
}

// Database is where an application keeps its log. It may not exist yet.
type Database struct {
	Name       string // is typed before it is dropped
	Production bool   // is not dropped

	// Create makes it and Drop removes it. They report whether there was anything to do.
	Create func(ctx context.Context) (made bool, err error)
	Drop   func(ctx context.Context) (dropped bool, err error)
}

// Exit codes.
const (
	exitOK      = 0
	exitFailure = 1
	exitUsage   = 2
)

// Main runs the program on the process's own arguments, until it is done or the
// process is asked to stop, and returns the exit code: 0 for success, 1 for a failure,
// 2 where the command line is not understood. Garbage is collected less often in it than Go
// would have it, which takes 16 MiB of memory at most; GOGC and GOMEMLIMIT are as ever.
func Main(p Program) int {
	defer headroom.Reserve()()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return Run(ctx, p, os.Args[1:], os.Stdout, os.Stderr)
}

// Run is Main with everything given.
func Run(ctx context.Context, p Program, args []string, stdout, stderr io.Writer) int {
	root := newRoot(p)
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)

	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitOK
	case errors.As(err, new(usageError)):
		fmt.Fprintf(stderr, "%s: %v\nsee: %s --help\n", p.Name, err, invocation())
		return exitUsage
	default:
		fmt.Fprintf(stderr, "%s: %v\n", p.Name, withRemedy(err))
		return exitFailure
	}
}

func newRoot(p Program) *cobra.Command {
	root := &cobra.Command{
		Use:           p.Name,
		Short:         p.Summary,
		Long:          p.Summary + "\n\nWithout a command it serves.\n\n" + p.Settings,
		Example:       examples("serve", "db migrate", "db seed", "tail --type 'debt.*'", "subscriptions list"),
		Version:       version(p.Version),
		Args:          noArgs,
		RunE:          p.serve,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetVersionTemplate("{{.Name}} {{.Version}}\n")
	root.SuggestionsMinimumDistance = 2
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return usageError{err} })
	root.AddCommand(
		&cobra.Command{
			Use: "serve", Short: "Answer HTTP requests until asked to stop",
			Long: "Answer HTTP requests until asked to stop, and run subscriptions and projections meanwhile.\n\n" + preparation,
			Args: noArgs, RunE: p.serve, Example: examples("serve"),
		},
		p.work(),
		p.subscriptions(),
		p.projections(),
		p.streams(),
		p.tail(),
		p.database(),
		p.routes(),
		p.types(),
		p.check(),
	)
	return root
}

// usageError says that the command line is not understood.
type usageError struct{ error }

// noArgs refuses arguments, and guesses what was meant.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	err := fmt.Errorf("unknown command %q", args[0])
	if near := cmd.SuggestionsFor(args[0]); len(near) > 0 {
		err = fmt.Errorf("%w, did you mean %q?", err, near[0])
	}
	return usageError{err}
}

func examples(commands ...string) string {
	var text string
	for _, c := range commands {
		text += "  " + invocation() + " " + c + "\n"
	}
	return text[:len(text)-1]
}

// with boots the application, does something with it, and closes it.
func (p Program) with(ctx context.Context, do func(*App) error) (err error) {
	app, err := p.Boot(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, app.Close()) }()
	return do(app)
}
