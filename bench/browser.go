package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// browser is one client of a web application: it keeps its connection and its cookies, and sends the
// form of one account again and again, each time with a new key and at the version it knows of.
type browser struct {
	client  *http.Client
	page    string // URL of the account
	header  http.Header
	fields  string // of the form, encoded, but for key and version
	version int64
}

// browsers gives every client a browser for an account of its own.
func browsers(s *site, address string) []*browser {
	transport := &http.Transport{MaxIdleConns: s.clients, MaxIdleConnsPerHost: s.clients}
	s.later(func() error { transport.CloseIdleConnections(); return nil })
	client := &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}

	all := make([]*browser, s.clients)
	for i := range all {
		page := "http://" + address + "/accounts/" + streamID(i)
		all[i] = &browser{client: client, page: page, header: headers("http://"+address, page), fields: typedDeposit().Encode()}
	}
	return all
}

// headers are what a browser says when somebody sends a form.
func headers(origin, page string) http.Header {
	return http.Header{
		"Accept":                    {"text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"},
		"Accept-Language":           {"en-GB,en;q=0.9"},
		"Cache-Control":             {"max-age=0"},
		"Content-Type":              {"application/x-www-form-urlencoded"},
		"Origin":                    {origin},
		"Referer":                   {page},
		"Sec-Fetch-Dest":            {"document"},
		"Sec-Fetch-Mode":            {"navigate"},
		"Sec-Fetch-Site":            {"same-origin"},
		"Sec-Fetch-User":            {"?1"},
		"Upgrade-Insecure-Requests": {"1"},
		"User-Agent":                {"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36"},
	}
}

// typedDeposit is the event of deposited as somebody types it.
func typedDeposit() url.Values {
	ev := deposited()
	return url.Values{
		"amount":     {strconv.FormatInt(ev.Amount, 10)},
		"rate":       {ev.Rate.String()},
		"value_date": {ev.ValueDate.Format(typedTime)},
		"reference":  {ev.Reference},
		"note":       {ev.Note},
	}
}

// typedTime is how browsers send a date with a time.
const typedTime = "2006-01-02T15:04"

// visit opens the page of the account, and keeps its form token and its cookies.
func (b *browser) visit(ctx context.Context) error {
	got, err := b.send(ctx, http.MethodGet, b.page, "")
	if err != nil {
		return err
	}
	if got.status != http.StatusOK {
		return fmt.Errorf("visit %s: %d: %s", b.page, got.status, got.text)
	}
	var cookies []string
	for _, c := range got.cookies {
		cookies = append(cookies, c.Name+"="+c.Value)
	}
	b.header.Set("Cookie", strings.Join(cookies, "; "))
	b.fields += "&_token=" + url.QueryEscape(got.text)
	return nil
}

// post sends the form and is led back to the page, which it does not open.
func (b *browser) post(ctx context.Context) error {
	fields := b.fields + "&_key=" + uuid.NewString() + "&_version=" + strconv.FormatInt(b.version, 10)
	got, err := b.send(ctx, http.MethodPost, b.page+"/deposits", fields)
	if err != nil {
		return err
	}
	if got.status != http.StatusSeeOther {
		return fmt.Errorf("post to %s: %d: %s", b.page, got.status, got.text)
	}
	b.version++
	return nil
}

// answer is what a browser gets.
type answer struct {
	status  int
	cookies []*http.Cookie
	text    string
}

// send reads the answer to its end, so that the connection can be used again.
func (b *browser) send(ctx context.Context, method, address, fields string) (_ *answer, err error) {
	req, err := http.NewRequestWithContext(ctx, method, address, strings.NewReader(fields))
	if err != nil {
		return nil, err
	}
	req.Header = b.header
	res, err := b.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, res.Body.Close()) }()
	text, err := io.ReadAll(res.Body)
	return &answer{res.StatusCode, res.Cookies(), string(text)}, err
}
