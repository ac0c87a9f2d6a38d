package commands_test

import (
	"strings"
	"testing"

	"github.com/ireneo-dev/ireneo/generators/testdata/app/commands"
	"github.com/ireneo-dev/ireneo/ireneotest"
)

// validCommands is one that nothing is wrong with.
func validCommands() *commands.Commands {
	return &commands.Commands{Reason: "Some words"}
}

func TestCommands_Rejected(t *testing.T) {
	for name, tt := range map[string]struct {
		breakIt        func(*commands.Commands)
		field, message string
	}{
		"no reason":   {func(c *commands.Commands) { c.Reason = "" }, "reason", "Reason is required"},
		"long reason": {func(c *commands.Commands) { c.Reason = strings.Repeat("a", 10_001) }, "reason", "Reason must be a maximum of 10,000 characters in length"},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := validCommands()
			tt.breakIt(cmd)
			ireneotest.Commands(t, application).When(cmd).ThenRejected(tt.field, tt.message)
		})
	}
}

// Once Handle appends something, say here what: Then(stream, event).
func TestCommands_Accepted(t *testing.T) {
	ireneotest.Commands(t, application).When(validCommands()).ThenNothing()
}
