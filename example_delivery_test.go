package ireneo_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"testing/fstest"
	"time"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/store/sqlite"
)

// Demand is a row over all books: how often each is lent at once.
type Demand struct {
	Copies string `gorm:"primaryKey"`
	Times  int
}

func (Demand) TableName() string { return "demand" }

var Demands = ireneo.NewProjection("demand",
	ireneo.OnBy(func(e *Lent) string { return fmt.Sprint(e.Copies, " at once") },
		func(d *Demand, _ *Lent, _ time.Time) { d.Times++ }),
)

var demandTable = fstest.MapFS{"00001_demand.sql": {Data: []byte(
	"-- +goose Up\nCREATE TABLE demand (copies TEXT PRIMARY KEY, times BIGINT NOT NULL);\n")}}

func ExampleLog_Follow() {
	ctx, l, done := library()
	defer done()
	if err := Book.For("moby-dick").AppendAll(ctx, []ireneo.AnyEvent{&Received{Copies: 2}, &Lent{Copies: 1}}); err != nil {
		log.Fatal(err)
	}

	lent := ireneo.Filter{Types: []string{"copies.lent"}, Streams: []string{"book/*"}}
	for batch, err := range l.Follow(ctx, ireneo.Matching(lent)) {
		if err != nil {
			log.Fatal(err)
		}
		if len(batch.Events) == 0 { // the end of the history: what follows is live
			break
		}
		for _, ev := range batch.Events {
			fmt.Println(ev.Type(), ev.StreamID())
		}
	}
	// Output: copies.lent moby-dick
}

func ExampleLog_Run() {
	reminded := make(chan string)
	reminders := &ireneo.Subscription{
		Name:    "reminders",
		Filters: []ireneo.Filter{{Types: []string{"copies.lent"}}},
		Handle: func(_ context.Context, b ireneo.Batch) error {
			for _, ev := range b.Events {
				reminded <- "bring back " + ev.StreamID()
			}
			return nil
		},
	}
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = os.RemoveAll(dir) }()
	st, err := sqlite.Open(context.Background(), filepath.Join(dir, "library.sqlite3"))
	if err != nil {
		log.Fatal(err)
	}
	defer func() { _ = st.Close() }()
	l, err := ireneo.Open(st, ireneo.Config{
		Streams: []*ireneo.Stream{Book}, Projections: []ireneo.AnyProjection{Demands}, Migrations: demandTable,
		Subscriptions: []*ireneo.Subscription{reminders},
	})
	if err != nil {
		log.Fatal(err)
	}
	ctx, stop := context.WithCancel(ireneo.WithLog(context.Background(), l))
	if err := l.Migrate(ctx); err != nil {
		log.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { l.Run(ctx); close(ended) }()
	defer func() { stop(); <-ended }()

	noting, last := ireneo.LastAppended(ctx)
	if err := Book.For("moby-dick").AppendAll(noting, []ireneo.AnyEvent{&Received{Copies: 2}, &Lent{Copies: 1}}); err != nil {
		log.Fatal(err)
	}
	fmt.Println(<-reminded)
	if err := l.WaitFor(ctx, last(), Demands); err != nil {
		log.Fatal(err)
	}
	demand, err := Demands.Find(ctx, "1 at once")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(demand.Copies, demand.Times)
	// Output:
	// bring back moby-dick
	// 1 at once 1
}
