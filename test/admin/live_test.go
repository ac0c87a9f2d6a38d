package admin

import (
	"testing"

	"cloud.google.com/go/civil"
	"github.com/chromedp/chromedp"

	streams "github.com/ireneo-dev/ireneo/app/event_streams"
	"github.com/ireneo-dev/ireneo/app/events/customer"
	"github.com/ireneo-dev/ireneo/server"
)

// live opens a page and marks it, so that a reload would be noticed, and waits until it is
// told what happens.
func (b *browser) live(path string) {
	b.t.Helper()
	b.open(path)
	b.do(chromedp.Evaluate[chromedp.Void]("window.unmoved = true"))
	b.becomes("document.querySelector('[data-live-state]').textContent === 'Live'")
}

// shows waits for words in the page's content, as it was opened.
func (b *browser) shows(words string) {
	b.t.Helper()
	b.becomes("window.unmoved && document.querySelector('main').innerText.includes('" + words + "')")
}

// register makes somebody a customer.
func (s *site) register(id, name string) {
	s.t.Helper()
	e := &customer.Registered{Name: name, On: civil.Date{Year: 2026, Month: 11, Day: 1}}
	s.must(streams.Customer.In(s.log).For(id).Append(s.t.Context(), e))
}

func TestBrowser_TailShowsWhatIsAppended(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	b.live("/admin/tail")
	s.register("vera", "Vera")
	b.shows("customer/vera")

	pause := chromedp.Click("[data-live-pause]")
	b.do(pause)
	b.shows("Paused")
	s.register("oskar", "Oskar")
	s.heldInTab(b)
	if eval[bool](b, "document.querySelector('main').innerText.includes('customer/oskar')") {
		t.Error("it goes on while it is paused")
	}
	b.do(pause)
	b.shows("customer/oskar")
	b.quiet("the tail")
}

// heldInTab waits until another page has been told of an event that this one holds.
func (s *site) heldInTab(b *browser) {
	s.t.Helper()
	tab, closeTab := chromedp.NewContext(b.tab)
	defer closeTab()
	other := &browser{site: s, tab: tab}
	if err := chromedp.Do(tab, chromedp.EmulateViewport(1200, 900)); err != nil { // the tab lasts as long as this context
		s.t.Fatal(err)
	}
	other.live("/admin/tail")
	s.register("greta", "Greta")
	other.shows("customer/greta")
}

func TestBrowser_RebuildMovesByItself(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	s.run()
	release := s.rebuilding("customers")
	b.live("/admin/rebuilds/customers")
	b.shows("0 %")
	release()
	b.shows("100 %")
	b.becomes("document.querySelector('progress').value === document.querySelector('progress').max")
	b.shows("Done")
	b.quiet("the rebuild")
}

// A page whose connection is lost comes back by itself, and lacks nothing.
func TestBrowser_TailComesBack(t *testing.T) {
	s := serve(t, server.Options{})
	b := browse(t, s)
	b.live("/admin/tail")
	s.CloseClientConnections()
	b.becomes("document.querySelector('[data-live-state]').textContent === 'Connecting again …'")
	s.register("vera", "Vera")
	b.shows("customer/vera")
}
