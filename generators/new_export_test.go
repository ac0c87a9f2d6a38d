package generators

import "context"

// Ledger writes the reference application over what is in a folder already. It differs
// from others in a few words, its first page and its sample data.
func Ledger(ctx context.Context, app *App, summary string) (*Result, error) {
	name, err := ParseApp("ledger")
	if err != nil {
		return nil, err
	}
	n := &NewApp{Name: name, Module: app.Module, Database: Databases()[0], Now: app.Now, Check: app.Check}
	d := n.data()
	d.Summary, d.Home, d.Seed = summary, "web.Home", true
	plan, err := n.plan(app, d)
	if err != nil {
		return nil, err
	}
	return app.Apply(ctx, plan, Options{Force: true})
}
