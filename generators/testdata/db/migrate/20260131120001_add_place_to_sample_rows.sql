-- +goose Up
ALTER TABLE sample_rows ADD COLUMN place TEXT;
ALTER TABLE sample_rows ADD COLUMN "group" BIGINT;
CREATE INDEX sample_rows_place ON sample_rows (place);

-- +goose Down
DROP INDEX sample_rows_place;
ALTER TABLE sample_rows DROP COLUMN "group";
ALTER TABLE sample_rows DROP COLUMN place;
