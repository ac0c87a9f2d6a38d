package postgres

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/ireneo-dev/ireneo/store"
)

// shape is all of a table that another one must have to take its place.
type shape struct {
	oid     int64
	schema  string
	options string // its storage parameters
	columns []string
	parts   []part
}

// part is a constraint or an index. The name of an index, and so of the constraint that
// rests on it, is unique in its schema; that of other constraints only in its table.
type part struct {
	name       string
	index      bool
	definition string // without the names of table and index
	made       string // the statement that makes it of name and table; empty: LIKE does
}

// renamed is the shape of a table beside, whose indexes have other names.
func (s shape) renamed(name func(string) string) shape {
	s.parts = slices.Clone(s.parts)
	for i, p := range s.parts {
		if p.index {
			s.parts[i].name = name(p.name)
		}
	}

	return s
}

func (s shape) equal(other shape) bool {
	byName := func(a, b part) int { return cmp.Compare(a.name, b.name) }

	return slices.Equal(s.columns, other.columns) &&
		slices.Equal(slices.SortedFunc(slices.Values(s.parts), byName), slices.SortedFunc(slices.Values(other.parts), byName))
}

const (
	columnsOf = `
		SELECT concat_ws(' ',
			quote_ident(a.attname), format_type(a.atttypid, a.atttypmod), NULLIF(a.attcollation, 0)::regcollation,
			CASE WHEN a.attnotnull THEN 'NOT NULL' END, pg_get_expr(d.adbin, d.adrelid), a.attidentity, a.attgenerated)
		FROM pg_attribute AS a
		LEFT JOIN pg_attrdef AS d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
		WHERE a.attrelid = $1
		AND a.attnum > 0
		AND NOT a.attisdropped
		ORDER BY a.attnum`

	constraintsOf = `
		SELECT conname, contype IN ('p', 'u', 'x'), contype IN ('p', 'u', 'x', 'f'), pg_get_constraintdef(oid), ''
		FROM pg_constraint
		WHERE conrelid = $1
		ORDER BY contype <> 'p', conname`

	// indexesOf are those that no constraint rests on. The text of each begins with what
	// is named after it: its own name and its table's.
	indexesOf = `
		SELECT
			c.relname, true, true, pg_get_indexdef(i.indexrelid),
			format('CREATE %sINDEX %I ON %I.%I', CASE WHEN i.indisunique THEN 'UNIQUE ' END, c.relname, n.nspname, t.relname)
		FROM pg_index AS i
		JOIN pg_class AS c ON c.oid = i.indexrelid
		JOIN pg_class AS t ON t.oid = i.indrelid
		JOIN pg_namespace AS n ON n.oid = t.relnamespace
		WHERE i.indrelid = $1
		AND NOT EXISTS (
			SELECT 1
			FROM pg_constraint
			WHERE conrelid = i.indrelid
			AND conindid = i.indexrelid
			AND contype IN ('p', 'u', 'x'))
		ORDER BY c.relname`
)

func shapeOf(ctx context.Context, conn gorm.ConnPool, table string) (s shape, err error) {
	row := conn.QueryRowContext(ctx, `
		SELECT c.oid, n.nspname, COALESCE(array_to_string(c.reloptions, ', '), '')
		FROM pg_class AS c
		JOIN pg_namespace AS n ON n.oid = c.relnamespace
		WHERE c.oid = $1::text::regclass`, quoteTable(table))
	if err := row.Scan(&s.oid, &s.schema, &s.options); err != nil {
		return s, err
	}

	if s.columns, err = texts(ctx, conn, columnsOf, s.oid); err != nil {
		return s, err
	}
	for _, text := range []string{constraintsOf, indexesOf} {
		rows, err := conn.QueryContext(ctx, text, s.oid)
		if err != nil {
			return s, err
		}
		parts, err := scanParts(rows)
		if err != nil {
			return s, err
		}
		s.parts = append(s.parts, parts...)
	}

	return s, nil
}

func scanParts(rows *sql.Rows) (parts []part, err error) {
	defer rows.Close()

	for rows.Next() {
		var p part
		var made bool
		var prefix string
		if err := rows.Scan(&p.name, &p.index, &made, &p.definition, &prefix); err != nil {
			return nil, err
		}
		if made {
			if p.made, err = p.statement(prefix); err != nil {
				return nil, err
			}
		}
		p.definition = strings.TrimPrefix(p.definition, prefix)
		parts = append(parts, p)
	}

	return parts, rows.Err()
}

// statement makes the part on a table: %[1]s is its name, %[2]s the table's.
func (p part) statement(prefix string) (string, error) {
	definition, ok := strings.CutPrefix(p.definition, prefix)
	if !ok {
		return "", fmt.Errorf("%w: index %s reads %s", store.ErrNotSwappable, p.name, p.definition)
	}
	definition = strings.ReplaceAll(definition, "%", "%%")

	switch {
	case prefix == "":
		return "ALTER TABLE %[2]s ADD CONSTRAINT %[1]s " + definition, nil
	case strings.HasPrefix(prefix, "CREATE UNIQUE"):
		return "CREATE UNIQUE INDEX %[1]s ON %[2]s" + definition, nil
	}

	return "CREATE INDEX %[1]s ON %[2]s" + definition, nil
}

// hangers are what would stay with the old table when another takes its place.
const hangers = `
	WITH live AS (
		SELECT *
		FROM pg_class
		WHERE oid = $1::text::regclass
	)
	SELECT 'it is no ordinary table'
	FROM live
	WHERE relkind <> 'r' OR relispartition OR EXISTS (
		SELECT 1
		FROM pg_inherits
		WHERE live.oid IN (inhrelid, inhparent))
	UNION ALL
	SELECT format('row-level security is on: ALTER TABLE %s DISABLE ROW LEVEL SECURITY and drop its policies', oid::regclass)
	FROM live
	WHERE relrowsecurity OR EXISTS (SELECT 1 FROM pg_policy WHERE polrelid = live.oid)
	UNION ALL
	SELECT format('it has the trigger %I: drop it, and create it again after the rebuild', tgname)
	FROM live
	JOIN pg_trigger ON tgrelid = live.oid AND NOT tgisinternal
	UNION ALL
	SELECT format('%s refers to it by the foreign key %I: drop that constraint', conrelid::regclass, conname)
	FROM live
	JOIN pg_constraint ON confrelid = live.oid
	UNION ALL
	SELECT format('%s depends on it: drop that, and create it again after the rebuild',
		pg_describe_object('pg_class'::regclass, ev_class, 0))
	FROM live
	JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = live.oid AND classid = 'pg_rewrite'::regclass
	JOIN pg_rewrite ON pg_rewrite.oid = objid
	UNION ALL
	SELECT format('%s depends on it: drop that, and create it again after the rebuild', pg_describe_object(classid, objid, 0))
	FROM live
	JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = live.oid AND classid = 'pg_proc'::regclass
	UNION ALL
	SELECT format('publication %I holds it: drop the table from it', pubname)
	FROM live
	JOIN pg_publication_rel ON prrelid = live.oid
	JOIN pg_publication ON pg_publication.oid = prpubid
	LIMIT 1`

// hangsOn refuses a table on which something hangs that a swap would tear off.
func hangsOn(ctx context.Context, conn gorm.ConnPool, table string) error {
	found, err := texts(ctx, conn, hangers, quoteTable(table))
	if err != nil || len(found) == 0 {
		return err
	}

	return fmt.Errorf("%w: %s", store.ErrNotSwappable, found[0])
}

// dressing are the statements that give replacement what table has but LIKE does not
// copy: owner, grants, comment and the sequences of its columns. $1 is table, $2
// replacement.
func dressing(ctx context.Context, conn gorm.ConnPool, table, replacement string) ([]string, error) {
	return texts(ctx, conn, `
		WITH live AS (
			SELECT *
			FROM pg_class
			WHERE oid = $1::text::regclass
		), made AS (
			SELECT *
			FROM pg_class
			WHERE oid = $2::text::regclass
		), granted AS (
			SELECT grantee, format('GRANT %s ON %s TO ', privilege_type, made.oid::regclass) AS start, is_grantable
			FROM live, made, aclexplode(live.relacl)
			WHERE grantee <> live.relowner
			UNION ALL
			SELECT grantee, format('GRANT %s (%I) ON %s TO ', privilege_type, attname, made.oid::regclass), is_grantable
			FROM live, made, pg_attribute, aclexplode(attacl)
			WHERE attrelid = live.oid
			AND grantee <> live.relowner
		)
		SELECT statement
		FROM (
			SELECT 1 AS step, format('ALTER TABLE %s OWNER TO %I', made.oid::regclass, pg_get_userbyid(live.relowner)) AS statement
			FROM live, made
			WHERE live.relowner <> made.relowner
			UNION
			SELECT 2, format('REVOKE ALL ON %s FROM %s', made.oid::regclass, COALESCE(quote_ident(rolname), 'PUBLIC'))
			FROM made, aclexplode(made.relacl)
			LEFT JOIN pg_roles ON pg_roles.oid = grantee
			WHERE grantee <> made.relowner
			UNION
			SELECT 3, start || COALESCE(quote_ident(rolname), 'PUBLIC') || CASE WHEN is_grantable THEN ' WITH GRANT OPTION' ELSE '' END
			FROM granted
			LEFT JOIN pg_roles ON pg_roles.oid = grantee
			UNION
			SELECT 4, format('COMMENT ON TABLE %s IS %L', made.oid::regclass, obj_description(live.oid, 'pg_class'))
			FROM live, made
			UNION
			SELECT 5, format('ALTER SEQUENCE %s OWNED BY %s.%I', objid::regclass, made.oid::regclass, attname)
			FROM live
			JOIN pg_depend ON refclassid = 'pg_class'::regclass AND refobjid = live.oid AND deptype = 'a'
			JOIN pg_class AS sequence ON classid = 'pg_class'::regclass AND sequence.oid = objid AND sequence.relkind = 'S'
			JOIN pg_attribute ON attrelid = live.oid AND attnum = refobjsubid, made
		) AS statements
		ORDER BY step, statement`, quoteTable(table), quoteTable(replacement))
}

func texts(ctx context.Context, conn gorm.ConnPool, query string, args ...any) (all []string, err error) {
	rows, err := conn.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()

	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, err
		}
		all = append(all, text)
	}

	return all, rows.Err()
}
