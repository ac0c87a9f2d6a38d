package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strconv"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgxpool"
)

// messageDB is message-db, the functions in PostgreSQL below Eventide, called through pgx. They are in
// a schema of a name of their own, hence in a database of their own.
var messageDB = peer{
	name: "message-db",
	ready: func(ctx context.Context) error {
		_, err := installed(ctx, "messagedb")
		return err
	},
	start: startMessageDB,
}

// messageDBParts are what its install.sh runs, in that order, but for the role and its privileges.
var messageDBParts = []string{
	"schema/message-store", "extensions/pgcrypto", "tables/messages", "types/message",
	"functions/message-store-version", "functions/hash-64", "functions/acquire-lock", "functions/category",
	"functions/is-category", "functions/id", "functions/cardinal-id", "functions/stream-version",
	"functions/write-message", "functions/get-stream-messages", "functions/get-category-messages",
	"functions/get-last-stream-message",
	"indexes/messages-id", "indexes/messages-stream", "indexes/messages-category",
}

func startMessageDB(t task) start {
	return func(ctx context.Context, s *site) (load, error) {
		pool, err := openMessageDB(ctx, s)
		if err != nil {
			return nil, err
		}
		if err := fillMessageDB(ctx, s, pool, t.depth()); err != nil {
			return nil, err
		}

		all := make(clients, s.clients)
		for i := range all {
			stream := &messageStream{pool: pool, name: streamID(i), version: -1}
			all[i].op = map[task]func(context.Context) error{
				appending: stream.append, replaying: stream.replay, deciding: stream.decide,
			}[t]
		}
		return all, nil
	}
}

func openMessageDB(ctx context.Context, s *site) (*pgxpool.Pool, error) {
	dir, err := installed(ctx, "messagedb")
	if err != nil {
		return nil, err
	}
	url, err := s.database(ctx)
	if err != nil {
		return nil, err
	}
	if url, err = withQuery(url, "options", "-c search_path=message_store,public -c client_min_messages=warning"); err != nil {
		return nil, err
	}
	for _, part := range messageDBParts {
		text, err := os.ReadFile(filepath.Join(dir, "node_modules/@eventide/message-db/database", part+".sql"))
		if err != nil {
			return nil, err
		}
		if err := execute(ctx, url, string(text)); err != nil {
			return nil, err
		}
	}

	if url, err = withQuery(url, "pool_max_conns", strconv.Itoa(s.clients)); err != nil {
		return nil, err
	}
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	s.later(func() error { pool.Close(); return nil })
	return pool, nil
}

// fillMessageDB gives each client its stream. It goes past write_message, which takes a message at a
// time.
func fillMessageDB(ctx context.Context, s *site, pool *pgxpool.Pool, depth int) error {
	data, meta := stored()
	_, err := pool.Exec(ctx, `
		INSERT INTO message_store.messages (stream_name, position, type, data, metadata)
		SELECT 'account-' || client, version - 1, 'account.deposited', $1, $2
		FROM generate_series(1, $3) AS version, generate_series(0, $4 - 1) AS client`,
		data, meta, depth, s.clients)
	if err != nil {
		return err
	}
	_, err = pool.Exec(ctx, "ANALYZE")
	return err
}

// messageStream is a client's stream.
type messageStream struct {
	pool    *pgxpool.Pool
	name    string
	version int64 // of the last message; those of message-db begin with 0
}

func (m *messageStream) append(ctx context.Context) error {
	data, dataErr := json.Marshal(deposited())
	metaData, metaErr := json.Marshal(meta)
	if err := errors.Join(dataErr, metaErr); err != nil {
		return err
	}
	return m.pool.QueryRow(ctx, "SELECT message_store.write_message($1, $2, $3, $4, $5, $6)",
		uuid.Must(uuid.NewV7()).String(), m.name, "account.deposited", data, metaData, m.version).Scan(&m.version)
}

func (m *messageStream) replay(ctx context.Context) error {
	_, err := m.read(ctx)
	return err
}

func (m *messageStream) decide(ctx context.Context) error {
	position, err := m.read(ctx)
	if err != nil {
		return err
	}
	position.deposit(deposited())
	return m.append(ctx)
}

// read folds all messages: -1 is message-db's word for a batch without bounds.
func (m *messageStream) read(ctx context.Context) (position *Position, err error) {
	rows, err := m.pool.Query(ctx, "SELECT position, data FROM message_store.get_stream_messages($1, 0, -1)", m.name)
	if err != nil {
		return nil, err
	}
	position, m.version, err = foldDeposits(rows)
	return position, err
}
