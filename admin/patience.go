package admin

import (
	"time"

	"github.com/ireneo-dev/ireneo/internal/refusal"
)

// How long a page may compute states: at first, and when whoever asks will wait for it.
const (
	usualPatience    = 2 * time.Second
	longPatience     = 30 * time.Second
	greatestPatience = time.Minute
)

// patienceParam asks for another time, such as 30s.
const patienceParam = "patience"

// patience is how long this page may compute states.
func (v *visit) patience() (time.Duration, error) {
	text := v.URL.Query().Get(patienceParam)
	if text == "" {
		return usualPatience, nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d <= 0 || d > greatestPatience {
		return 0, refusal.BadRequest("patience=%s cannot be had: write a time of up to 60s, such as 30s.", text)
	}
	return d, nil
}

// waits reports whether whoever asks will wait longer than usual.
func (v *visit) waits() bool {
	d, err := v.patience()
	return err == nil && d > usualPatience
}

// longer is the time to offer where patience was too short, zero where there is no more.
func (v *visit) longer() time.Duration {
	d, err := v.patience()
	switch {
	case err != nil || d >= greatestPatience:
		return 0
	case d >= longPatience:
		return greatestPatience
	default:
		return longPatience
	}
}
