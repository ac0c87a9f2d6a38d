package postgres

import (
	"time"

	"github.com/jackc/pgx/v5/pgtype"

	"github.com/ireneo-dev/ireneo/store"
)

// severalIn selects several streams, each above a version, in the order they are given, and
// severalLog in the order of the log. OFFSET 0 has PostgreSQL go to the index once a stream,
// however many records it thinks there are; bounds that no index helps with are hidden from
// it.
const (
	severalIn = several + `
		ORDER BY given.place, occurred_at, version
		LIMIT (SELECT $7::bigint)`

	severalLog = several + `
		ORDER BY position, ordinal
		LIMIT (SELECT $7::bigint)`

	several = `
		SELECT e.*
		FROM unnest($1::text[], $2::text[], $3::bigint[])
			WITH ORDINALITY AS given (type, id, above, place)
		CROSS JOIN LATERAL (` + columns + `
			WHERE stream_type = given.type
			AND stream_id = given.id
			AND version > given.above
			AND COALESCE(position <= $4, false)
			AND COALESCE(recorded_at <= $5, true)
			AND COALESCE(occurred_at <= $6, true)
			OFFSET 0
		) AS e`
)

func selectSeveral(q store.Query) (text string, args []any) {
	args = append(streamArgs(q.Several), upTo(q), until(q.RecordedUntil), until(q.OccurredUntil), limitOf(q))
	if q.Order == store.ByPosition {
		return severalLog, args
	}

	return severalIn, args
}

// until is NULL where there is no bound.
func until(t time.Time) pgtype.Timestamptz {
	return pgtype.Timestamptz{Time: micros(t), Valid: !t.IsZero()}
}
