package test

import (
	_ "embed"
	"strings"

	"github.com/chromedp/chromedp"
)

// auditScript finds what a page keeps from people who do not see it as others do.
//
//go:embed testdata/audit.js
var auditScript string

// audit makes sure that everything on the page has a name, tables say what they are, ids
// are unique, and text can be told from what is behind it (WCAG 2.2 AA).
func (b *browser) audit(name string) {
	b.t.Helper()
	problems, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](auditScript))
	if err != nil {
		b.t.Fatal(err)
	}
	if len(problems) > 0 {
		b.t.Errorf("%s is not accessible:\n%s", name, strings.Join(problems, "\n"))
	}
}
