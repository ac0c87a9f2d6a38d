package list_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo"
	"github.com/ireneo-dev/ireneo/ireneotest"
	"github.com/ireneo-dev/ireneo/list"
)

var orders = map[string]func(a, b Book) int{
	"title":   func(a, b Book) int { return cmp.Compare(a.Title, b.Title) },
	"pages":   func(a, b Book) int { return cmp.Compare(a.Pages, b.Pages) },
	"printed": func(a, b Book) int { return a.Printed.Compare(b.Printed) },
	"lent":    func(a, b Book) int { return a.Lent.Compare(b.Lent) },
}

func TestRows_EverySortPagesThroughEverythingOnce(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		for key, compare := range orders {
			want := slices.SortedFunc(slices.Values(shelved()), func(a, b Book) int {
				return cmp.Or(compare(a, b), cmp.Compare(a.ID, b.ID))
			})
			checkPages(t, ctx, key, want)
			slices.Reverse(want)
			checkPages(t, ctx, "-"+key, want)
		}
		if got := find(t, ctx, list.Query{}); got.Sort != "-printed" || got.Rows[0].ID != "b08" {
			t.Errorf("usually it begins with %s, sorted by %s", got.Rows[0].ID, got.Sort)
		}
	})
}

// checkPages reads a list in pages of three, of which the fourth is the last, and in one go.
func checkPages(t *testing.T, ctx context.Context, sort string, want []Book) {
	t.Helper()
	var got []Book
	var sizes []int
	for q := (list.Query{Sort: sort, Limit: 3}); len(sizes) == 0 || q.After != ""; {
		found := find(t, ctx, q)
		if found.Sort != sort {
			t.Errorf("%s: got the sort %s", sort, found.Sort)
		}
		got, sizes, q.After = append(got, found.Rows...), append(sizes, len(found.Rows)), found.Next
	}
	if diff := gocmp.Diff(want, got); diff != "" || !slices.Equal(sizes, []int{3, 3, 3, 1}) {
		t.Errorf("%s: pages of %d differ (-want +got):\n%s", sort, sizes, diff)
	}

	var ids []string
	for _, book := range want {
		ids = append(ids, book.ID)
	}
	if diff := gocmp.Diff(ids, all(t, ctx, list.Query{Sort: sort, After: "not a page", Limit: 1})); diff != "" {
		t.Errorf("%s: the whole list differs (-want +got):\n%s", sort, diff)
	}
}

// A page that is full to its last row is the last one where there are no more.
func TestRows_Limits(t *testing.T) {
	books := make([]Book, 201)
	for i := range books {
		books[i] = Book{ID: fmt.Sprintf("%03d", i), Printed: newYear, Lent: noon}
	}
	each(t, books, func(t *testing.T, ctx context.Context) {
		for limit, want := range map[int]int{0: 50, -1: 50, 1: 1, 3: 3, 200: 200, 201: 50, 1 << 40: 50} {
			found := find(t, ctx, list.Query{Limit: limit})
			if len(found.Rows) != want || found.Next == "" {
				t.Errorf("limit %d: got %d rows, next %q, want %d", limit, len(found.Rows), found.Next, want)
			}
		}
		first := find(t, ctx, list.Query{Limit: 1})
		if rest := find(t, ctx, list.Query{Limit: 200, After: first.Next}); len(rest.Rows) != 200 || rest.Next != "" {
			t.Errorf("got %d rows, next %q", len(rest.Rows), rest.Next)
		}
		if none := find(t, ctx, list.Query{Text: "nothing"}); len(none.Rows) != 0 || none.Next != "" || none.Sort != "-printed" {
			t.Errorf("nothing: got %+v", none)
		}
	})
}

// More rows than are read at a time come whole and in order, and a loop may stop.
func TestRows_AllOfManyPages(t *testing.T) {
	const n = 10_001
	books := make([]Book, n)
	for i := range books {
		books[i] = Book{ID: fmt.Sprintf("%05d", i), Title: "same", Printed: newYear, Lent: noon}
	}
	each(t, books, func(t *testing.T, ctx context.Context) {
		got := all(t, ctx, list.Query{Sort: "title"})
		if len(got) != n || !slices.IsSorted(got) || len(slices.Compact(got)) != n {
			t.Errorf("got %d rows, or not in order, want %d", len(got), n)
		}
		seen := 0
		for _, err := range catalog.All(ctx, list.Query{}) {
			if err != nil {
				t.Fatal(err)
			}
			if seen++; seen == 7 {
				break
			}
		}
		if seen != 7 {
			t.Errorf("saw %d rows, want to stop at 7", seen)
		}
		checkBreaksOnce(t, ctx, 10_000)
	})
}

// checkBreaksOnce lets all be read until the database breaks after n rows.
func checkBreaksOnce(t *testing.T, ctx context.Context, n int) {
	t.Helper()
	broken, queries := errors.New("broken"), 0
	rows := catalog
	rows.Query = func(ctx context.Context) (*gorm.DB, error) {
		if queries++; queries > 1 {
			return nil, broken
		}
		return catalog.Query(ctx)
	}
	seen := 0
	for _, err := range rows.All(ctx, list.Query{}) {
		if seen++; (err != nil) != (seen > n) || seen > n+1 {
			t.Fatalf("row %d: got error %v", seen, err)
		}
	}
	if seen != n+1 {
		t.Errorf("saw %d rows and no error", seen)
	}
}

func TestRows_AllYieldsAnErrorOnce(t *testing.T) {
	broken := errors.New("broken")
	rows := catalog
	rows.Query = func(context.Context) (*gorm.DB, error) { return nil, broken }
	times := 0
	for book, err := range rows.All(t.Context(), list.Query{}) {
		if times++; !errors.Is(err, broken) || book != (Book{}) {
			t.Errorf("got %+v, error %v", book, err)
		}
	}
	if _, err := rows.Where(t.Context(), list.Query{}); times != 1 || !errors.Is(err, broken) {
		t.Errorf("yielded %d times; the query itself: %v", times, err)
	}
}

func TestRows_TextIsNoPattern(t *testing.T) {
	titles := map[string]string{
		"back": `back\slash`, "ines": "inês duarte", "percent": "100% cotton", "plain": "100 cotton", "under": "snake_case",
	}
	var books []Book
	for id, title := range titles {
		books = append(books, Book{ID: id, Title: title, Author: "by " + id, Shelf: "left", Printed: newYear, Lent: noon})
	}
	each(t, books, func(t *testing.T, ctx context.Context) {
		for text, want := range map[string][]string{
			`\`:           {"back"},
			`\s`:          {"back"},
			"%":           {"percent"},
			"100%":        {"percent"},
			"100_":        {},
			"_":           {"under"},
			"0 cot":       {"plain"},
			"inês DUARTE": {"ines"},
			"'":           {},
			"nobody":      {},
			"BY under":    {"under"}, // in the other column
			"":            {"back", "ines", "percent", "plain", "under"},
		} {
			if got := all(t, ctx, list.Query{Text: text, Sort: "pages"}); !slices.Equal(got, want) {
				t.Errorf("%q: got %q, want %q", text, got, want)
			}
		}
		right := list.Query{Text: "by", Filters: map[string]string{"shelf": "right"}}
		if got := all(t, ctx, right); len(got) != 0 {
			t.Errorf("a search leaves its filter: got %q", got)
		}

		unsearched := catalog
		unsearched.Search = nil
		if found, err := unsearched.Find(ctx, list.Query{Text: "nobody"}); err != nil || len(found.Rows) != 5 {
			t.Errorf("nothing to search in: got %+v, error %v", found, err)
		}
	})
}

func TestRows_Filters(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		for _, tt := range []struct {
			filters map[string]string
			want    []string
		}{
			{map[string]string{"shelf": "left"}, []string{"b00", "b02", "b04", "b06", "b08"}},
			{map[string]string{"author": "bo"}, []string{"b05", "b06", "b07", "b08", "b09"}},
			{map[string]string{"author": "bo", "shelf": "left"}, []string{"b06", "b08"}},
			{map[string]string{"author": "B0' OR '1'='1"}, []string{}},
			{map[string]string{"author": "b_"}, []string{}},
		} {
			got := all(t, ctx, list.Query{Filters: tt.filters})
			if slices.Sort(got); !slices.Equal(got, tt.want) {
				t.Errorf("%v: got %q, want %q", tt.filters, got, tt.want)
			}
		}

		first := find(t, ctx, list.Query{Filters: map[string]string{"shelf": "left"}, Sort: "pages", Limit: 3})
		next := find(t, ctx, list.Query{Filters: map[string]string{"shelf": "left"}, Sort: "pages", Limit: 3, After: first.Next})
		if len(next.Rows) != 2 || next.Rows[0].Shelf != "left" || next.Rows[1].Shelf != "left" {
			t.Errorf("the next page leaves its filter: %+v", next.Rows)
		}
	})
}

// Sums are about all rows, whatever page is shown.
func TestRows_WhereIsForSums(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		first := find(t, ctx, list.Query{Limit: 1})
		for _, tt := range []struct {
			q    list.Query
			want string
		}{
			{list.Query{Limit: 1, Sort: "title", After: first.Next}, "10 18014398509482014"},
			{list.Query{Filters: map[string]string{"author": "ana"}}, "5 9007199254741007"},
			{list.Query{Text: "A~B", Filters: map[string]string{"shelf": "left"}}, "2 9"},
			{list.Query{Text: "nothing"}, "0 0"},
		} {
			db, err := catalog.Where(ctx, tt.q)
			if err != nil {
				t.Fatal(err)
			}
			var sums struct{ Books, Pages int64 }
			if err := db.Select("COUNT(*) AS books, CAST(COALESCE(SUM(pages), 0) AS BIGINT) AS pages").Scan(&sums).Error; err != nil {
				t.Fatal(err)
			}
			if got := fmt.Sprint(sums.Books, " ", sums.Pages); got != tt.want {
				t.Errorf("%+v: got %s, want %s", tt.q, got, tt.want)
			}
		}
	})
}

func TestRows_RefusesWhatIsNotDeclared(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		noSort := "The list cannot be sorted by that. Use one of: lent, pages, printed, title."
		for name, tt := range map[string]struct {
			q        list.Query
			sentence string
		}{
			"sort":          {list.Query{Sort: "nothing"}, noSort},
			"minus alone":   {list.Query{Sort: "-"}, noSort},
			"two minuses":   {list.Query{Sort: "--title"}, noSort},
			"sort in SQL":   {list.Query{Sort: "title DESC"}, noSort},
			"column's SQL":  {list.Query{Sort: "id"}, noSort},
			"filter":        {list.Query{Filters: map[string]string{"id": "b01"}}, "The list has no filter id."},
			"filter in SQL": {list.Query{Filters: map[string]string{"1=1 OR\x00 id": "b01"}}, "The list has no filter 1=1 OR id."},
			"value":         {list.Query{Filters: map[string]string{"shelf": "Left"}}, "There is no such shelf. Use one of: left, right."},
			"no value":      {list.Query{Filters: map[string]string{"shelf": ""}}, "There is no such shelf. Use one of: left, right."},
		} {
			_, err := catalog.Find(ctx, tt.q)
			wantRefusal(t, err, tt.sentence, name)
			times := 0
			for _, err := range catalog.All(ctx, tt.q) {
				times++
				wantRefusal(t, err, tt.sentence, name+" of all")
			}
			if times != 1 {
				t.Errorf("%s of all: yielded %d times", name, times)
			}
		}
	})
}

// The same mistakes are told with the same words, and no value at all may be allowed.
func TestRows_RefusesInOrder(t *testing.T) {
	ctx := ireneo.WithLog(t.Context(), ireneotest.SQLite(t, config))
	for range 20 {
		_, err := catalog.Find(ctx, list.Query{Filters: map[string]string{"z": "", "y": "", "shelf": "middle", "x": ""}})
		wantRefusal(t, err, "There is no such shelf. Use one of: left, right.", "four mistakes")
	}
	closed := catalog
	closed.Filters = map[string]list.Filter{"shelf": {Column: "shelf", Allowed: []string{}}}
	if found, err := closed.Find(ctx, list.Query{Filters: map[string]string{"shelf": "left"}}); err == nil {
		t.Errorf("nothing is allowed: got %+v", found)
	}
}

// cursor writes a cursor as somebody would who found out how.
func cursor(parts ...string) string {
	place, err := json.Marshal(parts)
	if err != nil {
		panic(err)
	}
	return base64.RawURLEncoding.EncodeToString(place)
}

// No cursor reaches the database that is not of its sort, or holds another kind of value.
func TestRows_RefusesPagesThatDoNotExist(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		refuses := func(sort, after string) {
			t.Helper()
			_, err := catalog.Find(ctx, list.Query{Sort: sort, After: after})
			wantRefusal(t, err, "There is no such page of the list. Begin at its first page.", sort+" after "+after)
		}
		for key := range orders {
			next := find(t, ctx, list.Query{Sort: key, Limit: 1}).Next
			for other := range orders {
				if refuses("-"+other, next); other != key {
					refuses(other, next)
				}
			}
			for _, after := range []string{
				"x", "=", "2026-01-01~1", next[:len(next)-2], next + next, next + "=",
				cursor(), cursor(key), cursor(key, "1"), cursor(key, "1", "1", "1"), cursor(key, "\x00", "1"),
				cursor(key, "2026-01-01", "\x00"), cursor(key, "5", "\x00"), cursor(key, "2026-01-01T00:00:00Z", "\x00"),
				base64.RawURLEncoding.EncodeToString([]byte("null")), base64.RawURLEncoding.EncodeToString([]byte(`{"a":1}`)),
			} {
				refuses(key, after)
			}
		}
		for key, values := range map[string][]string{
			"printed": {"", "5", "ana", "0000-01-01", "2026-02-30", "-001-01-01"},
			"pages":   {"", "ana", "2026-01-01", "1.5", "9223372036854775808"},
			"lent":    {"", "5", "2026-01-01", "2026-02-30T00:00:00Z", "-001-01-01T00:00:00Z"},
		} {
			for _, value := range values {
				refuses(key, cursor(key, value, "1"))
			}
		}
		refuses("", cursor("", "2026-01-01", "1"))
	})
}

// Values that no row has are places all the same, however far away.
func TestRows_PagesMayBeginAnywhere(t *testing.T) {
	each(t, shelved(), func(t *testing.T, ctx context.Context) {
		for key, values := range map[string]map[string]int{
			"printed": {"0001-01-01": 10, "9999-12-31": 0},
			"pages":   {"-9223372036854775808": 10, "9223372036854775807": 0},
			"title":   {"": 10, "\U0010ffff": 0},
			"lent":    {"0000-01-01T00:00:00Z": 10, "0001-01-01T00:00:00Z": 10, "9999-12-31T23:59:59.999999999Z": 0, "2026-03-01T13:00:00+01:00": 8},
		} {
			for value, want := range values {
				if found := find(t, ctx, list.Query{Sort: key, After: cursor(key, value, "")}); len(found.Rows) != want {
					t.Errorf("%s after %s: got %d rows, want %d", key, value, len(found.Rows), want)
				}
			}
		}
	})
}
