/**
 * A schema with everything that a dump which takes tables over can get wrong: what is no ordinary table, what is but has
 * odd columns, and values whose text depends on settings.
 */
export const torture = `
  CREATE EXTENSION IF NOT EXISTS postgres_fdw; CREATE EXTENSION IF NOT EXISTS hstore; CREATE EXTENSION IF NOT EXISTS citext;
  CREATE SCHEMA "Odd ""Schema"""; CREATE SCHEMA "схема";
  CREATE TYPE mood AS ENUM ('sad', 'it''s ok', 'happy'); CREATE TYPE pair AS (a int, b text);
  CREATE DOMAIN email AS text CHECK (VALUE ~ '@'); CREATE DOMAIN moods AS mood[];
  CREATE TYPE floatrange AS RANGE (subtype = float8);

  CREATE TABLE kinds (
    id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, b bool, i2 int2, i8 int8, f4 float4, f8 float8, n numeric, mo money, t text, c char(7), v varchar(9),
    by bytea, d date, ti time, tz timetz, ts timestamp, tstz timestamptz, iv interval, u uuid, j json, jb jsonb, ip inet, ci cidr, ma macaddr,
    bi bit(5), vb varbit, po point, ln line, ls lseg, bx box, pa path, pl polygon, ci2 circle, m mood, e email);
  INSERT INTO kinds (b, i2, i8, f4, f8, n, mo, t, c, v, by, d, ti, tz, ts, tstz, iv, u, j, jb, ip, ci, ma, bi, vb, po, ln, ls, bx, pa, pl, ci2, m, e)
    SELECT i % 2 = 0, i, i * 1000000007::int8, i / 3.0, i / 7.0::float8, i / 7.0::numeric, i, E'\\t\\\\N \\r\\n' || chr(233) || i, 'c' || i, 'v' || i,
      decode(md5(i::text), 'hex'), date '1999-01-01' + i, time '01:02:03.000004' + i * interval '1 second', timetz '01:02+03', timestamp '2020-02-29' + i * interval '1 min',
      timestamptz '2020-02-29 00:00+05' + i * interval '1 h', i * interval '1 day 2 hours', md5(i::text)::uuid, '{"a": 1,  "a": 2}', '{"b": [1, null]}', '10.0.0.1/8', '10.0.0.0/8',
      '08:00:2b:01:02:03', B'10101', B'1', point(i, -i), '{1,2,3}', '[(0,0),(1,1)]', '((0,0),(1,1))', '[(0,0),(1,1)]', '((0,0),(1,1),(2,0))', '<(0,0),2>', 'it''s ok', i || '@x'
    FROM generate_series(1, 300) i;
  INSERT INTO kinds (f4, f8, n, d, ts, tstz, t) VALUES ('NaN', 'Infinity', 'NaN', 'infinity', '-infinity', 'infinity', ''), ('-0', '1e-307', 1e100, '4713-01-01 BC', NULL, NULL, NULL);

  CREATE TABLE no_binary (x xml, tsv tsvector, tq tsquery, ms moods, ms2 mood[], p pair, r int4range, fr floatrange, h hstore, ct citext, rc regclass, ia int[], ta text[][], o oid, na name, ch "char");
  INSERT INTO no_binary SELECT ('<a>' || i || '</a>')::xml, to_tsvector('simple', 'a b c' || i), 'a & b', '{sad,"it''s ok"}', '{happy,NULL}', ROW(i, E'x"\\n'::text)::pair, int4range(i, i + 5), floatrange(i, i + 0.5), 'a=>"b"', 'CiTeXt', 'kinds'::regclass,
    ARRAY[i, NULL], ARRAY[['a', 'b'], ['c', NULL]], i, 'n' || i, 'x' FROM generate_series(1, 200) i;

  CREATE TABLE changed (a int, gone text, b text DEFAULT 'b', "select" int, gen int GENERATED ALWAYS AS (a * 2) STORED, "quo""te" text, "кол" text);
  INSERT INTO changed (a, gone, "select", "quo""te") SELECT i, repeat('x', 100), i, 'q' FROM generate_series(1, 500) i;
  ALTER TABLE changed DROP COLUMN gone; ALTER TABLE changed ADD COLUMN later jsonb DEFAULT '{"d": 1}';
  DELETE FROM changed WHERE a % 3 = 0;
  CREATE TABLE nothing (); INSERT INTO nothing DEFAULT VALUES; INSERT INTO nothing DEFAULT VALUES;
  CREATE TABLE empty (id int PRIMARY KEY);
  CREATE UNLOGGED TABLE unlogged (a int); INSERT INTO unlogged SELECT generate_series(1, 100);
  CREATE TABLE toasted (id serial, big text, ext text); ALTER TABLE toasted ALTER ext SET STORAGE EXTERNAL;
  INSERT INTO toasted (big, ext) SELECT string_agg(md5(i::text || j), ''), repeat(md5(j::text), 500) FROM generate_series(1, 400) i, generate_series(1, 20) j GROUP BY j;
  CREATE TABLE parent (id int, kind text); CREATE TABLE child (extra text) INHERITS (parent); CREATE TABLE grandchild () INHERITS (child);
  INSERT INTO parent SELECT i, 'p' FROM generate_series(1, 100) i; INSERT INTO child SELECT i, 'c', 'x' FROM generate_series(1, 200) i; INSERT INTO grandchild SELECT i, 'g', 'y' FROM generate_series(1, 50) i;
  CREATE TABLE parted (at date, region text, n int, PRIMARY KEY (at, region, n)) PARTITION BY RANGE (at);
  CREATE TABLE parted_a PARTITION OF parted FOR VALUES FROM ('2020-01-01') TO ('2021-01-01') PARTITION BY LIST (region);
  CREATE TABLE parted_a_eu PARTITION OF parted_a FOR VALUES IN ('eu'); CREATE TABLE parted_a_us PARTITION OF parted_a DEFAULT;
  CREATE TABLE parted_rest (n int NOT NULL, region text NOT NULL, at date NOT NULL); ALTER TABLE parted ATTACH PARTITION parted_rest DEFAULT;
  INSERT INTO parted SELECT date '2020-06-01' + i % 700, (ARRAY['eu', 'us', 'x'])[1 + i % 3], i FROM generate_series(1, 900) i;
  CREATE INDEX ON parted (n); CREATE TABLE refers (at date, region text, n int, FOREIGN KEY (at, region, n) REFERENCES parted);
  INSERT INTO refers SELECT at, region, n FROM parted LIMIT 50;
  CREATE TABLE rolled (n int, at date, PRIMARY KEY (n, at)) PARTITION BY RANGE (at);
  CREATE TABLE rolled_1 PARTITION OF rolled FOR VALUES FROM ('2020-01-01') TO ('2020-02-01'); CREATE TABLE rolled_2 PARTITION OF rolled FOR VALUES FROM ('2020-02-01') TO ('2020-03-01');
  CREATE TABLE refers_rolled (n int, at date, FOREIGN KEY (n, at) REFERENCES rolled); ALTER TABLE rolled DETACH PARTITION rolled_1; DROP TABLE rolled_1;
  CREATE TABLE rolled_0 PARTITION OF rolled FOR VALUES FROM ('2020-03-01') TO ('2020-04-01'); INSERT INTO rolled VALUES (1, '2020-03-03'); INSERT INTO refers_rolled TABLE rolled;
  CREATE TABLE secret (owner text, v int); ALTER TABLE secret ENABLE ROW LEVEL SECURITY; CREATE POLICY p ON secret USING (owner = current_user);
  INSERT INTO secret SELECT 'someone', i FROM generate_series(1, 100) i;
  CREATE TABLE cycle_a (id int PRIMARY KEY, b int); CREATE TABLE cycle_b (id int PRIMARY KEY, a int REFERENCES cycle_a DEFERRABLE INITIALLY DEFERRED);
  ALTER TABLE cycle_a ADD FOREIGN KEY (b) REFERENCES cycle_b; INSERT INTO cycle_a VALUES (1, NULL); INSERT INTO cycle_b VALUES (1, 1); UPDATE cycle_a SET b = 1;
  CREATE TABLE booked (during tsrange, room int, EXCLUDE USING gist (during WITH &&)); INSERT INTO booked VALUES ('[2020-01-01, 2020-01-02)', 1);
  CREATE TABLE indexed (a int, b text, c jsonb); INSERT INTO indexed SELECT i, 'b' || i, jsonb_build_object('k', i) FROM generate_series(1, 1000) i;
  CREATE UNIQUE INDEX "weird ""index""" ON indexed (lower(b)) WHERE a > 10; CREATE INDEX ON indexed USING gin (c); CREATE INDEX by_a ON indexed (a DESC NULLS LAST) INCLUDE (b);
  ALTER TABLE indexed CLUSTER ON by_a; ALTER TABLE indexed REPLICA IDENTITY FULL; CREATE STATISTICS st ON a, b FROM indexed;
  CREATE FUNCTION stamp() RETURNS trigger LANGUAGE plpgsql AS $f$ BEGIN NEW.b := NEW.b || ' touched;'; RETURN NEW; END $f$;
  CREATE TRIGGER t BEFORE INSERT ON indexed FOR EACH ROW EXECUTE FUNCTION stamp();
  CREATE FUNCTION atomic(x int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT CASE WHEN x > 1 THEN x ELSE 0 END; SELECT x + 1; END;
  CREATE TABLE ruled (a int); INSERT INTO ruled VALUES (1); CREATE RULE r AS ON INSERT TO ruled DO INSTEAD NOTHING;
  CREATE TABLE "Odd ""Schema"""."таб 'x' \\ $1" ("a;b" int, "$(touch x)" text); INSERT INTO "Odd ""Schema"""."таб 'x' \\ $1" SELECT i, 'v' FROM generate_series(1, 100) i;
  CREATE SEQUENCE lonely START 42 INCREMENT 7; SELECT nextval('lonely'), nextval('lonely');
  CREATE VIEW seen AS SELECT a, b FROM indexed WHERE a < 10; CREATE MATERIALIZED VIEW counted AS SELECT count(*) FROM indexed; CREATE INDEX ON counted (count);
  CREATE MATERIALIZED VIEW unpopulated AS SELECT 1 AS one WITH NO DATA;
  CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw OPTIONS (host 'nowhere.invalid'); CREATE FOREIGN TABLE abroad (a int) SERVER far;
  SELECT lo_from_bytea(4711, decode(repeat('00ff5c0a', 3000), 'hex')); COMMENT ON LARGE OBJECT 4711 IS 'lo';
  COMMENT ON TABLE kinds IS 'it''s a \\ comment'; COMMENT ON COLUMN kinds.t IS 'col';
  CREATE PUBLICATION pub FOR TABLE kinds;
`;
