import { describe, expect, it } from 'vitest';
import { additions, besideName, columnSettings, copyIntoTable, createTable } from '../../../core/table/beside.js';
import { TableDefinitions } from '../../../core/table/definition.js';
import { readDefinition, readRows } from '../../../core/table/statements.js';

const as = { schema: 'public', name: 'back' };

/** The definition that the statements give a table, as pg_dump writes them. */
function definitionOf(name: string, ...statements: readonly string[]) {
  const definitions = new TableDefinitions();
  for (const sql of statements) {
    const statement = readDefinition(sql);
    if (statement) definitions.note(statement);
  }
  const definition = definitions.of({ schema: 'public', name });
  if (!definition) throw new Error('no such table');
  return definition;
}

/** One line, so that it can be compared. */
const create = (name: string, ...statements: readonly string[]) =>
  createTable(definitionOf(name, ...statements), as).replaceAll(/\s+/g, ' ');

describe('a table is made under another name', () => {
  it.each([
    {
      name: 'its columns, whatever their names and types hold',
      sql: [
        `--\n-- Name: t; Type: TABLE\n--\n\nCREATE TABLE public.t (\n    "a;b" integer,\n    "q""x, (" character varying(9) COLLATE "C" NOT NULL,\n    "default" numeric(12,2),\n    exclude pg_catalog."char"[]\n);\n`,
      ],
      made: `CREATE TABLE "public"."back" ( "a;b" integer, "q""x, (" character varying(9) COLLATE "C" NOT NULL, "default" numeric(12,2), "exclude" pg_catalog."char"[] )`,
    },
    {
      name: 'generated columns at once, constraints and defaults later',
      sql: [
        `CREATE UNLOGGED TABLE public.t (a integer DEFAULT NULL::integer NOT NULL, b integer GENERATED ALWAYS AS ((a * 2)) STORED, c text DEFAULT 'NOT NULL, '''::text, CONSTRAINT t_a CHECK ((a > 0)));`,
      ],
      made: 'CREATE TABLE "public"."back" ( "a" integer NOT NULL, "b" integer GENERATED ALWAYS AS ((a * 2)) STORED, "c" text )',
    },
    {
      name: 'a serial column gets a sequence of its own',
      sql: [
        'CREATE TABLE public.t (id bigint NOT NULL, n integer);',
        'CREATE SEQUENCE public.t_id_seq START WITH 1;',
        'ALTER SEQUENCE public.t_id_seq OWNED BY public.t.id;',
        `ALTER TABLE ONLY public.t ALTER COLUMN id SET DEFAULT nextval('public.t_id_seq'::regclass);`,
      ],
      made: 'CREATE TABLE "public"."back" ( "id" bigserial NOT NULL, "n" integer )',
    },
    {
      name: 'so does an identity column, with what its sequence was told but the name',
      sql: [
        'CREATE TABLE public.t (id integer NOT NULL);',
        'ALTER TABLE public.t ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (\n    SEQUENCE NAME public.t_id_seq\n    START WITH 10\n    INCREMENT BY -5\n    CACHE 1\n);',
      ],
      made: 'CREATE TABLE "public"."back" ( "id" integer GENERATED ALWAYS AS IDENTITY (START WITH 10 INCREMENT BY -5 CACHE 1) NOT NULL )',
    },
    {
      name: 'a table without columns',
      sql: ['CREATE TABLE public.t (\n);'],
      made: 'CREATE TABLE "public"."back" ( )',
    },
    {
      name: 'a typed table',
      sql: ['CREATE TABLE public.t OF public.pair (\n    a WITH OPTIONS NOT NULL\n);'],
      made: 'CREATE TABLE "public"."back" OF public.pair ( "a" WITH OPTIONS NOT NULL )',
    },
    {
      name: 'a child has the columns of its parents first',
      sql: [
        'CREATE TABLE public.p (id integer NOT NULL, kind text);',
        'CREATE TABLE public.q (kind text NOT NULL, more date);',
        'CREATE TABLE public.t (\n    own boolean\n)\nINHERITS (public.p, public.q);',
      ],
      made: 'CREATE TABLE "public"."back" ( "id" integer NOT NULL, "kind" text NOT NULL, "more" date, "own" boolean )',
    },
    {
      name: 'of an inherited column it says NOT NULL alone, from version 18 on',
      sql: [
        'CREATE TABLE public.p (id integer, kind text);',
        'CREATE TABLE public.t (\n    NOT NULL id,\n    own integer CONSTRAINT "nn, x" NOT NULL\n)\nINHERITS (public.p);',
      ],
      made: 'CREATE TABLE "public"."back" ( "id" integer, "kind" text, "own" integer NOT NULL )',
    },
    {
      name: 'a partition of before version 12 has those of its parent',
      sql: [
        'CREATE TABLE public.p (id integer NOT NULL)\nPARTITION BY RANGE (id);',
        'CREATE TABLE public.t PARTITION OF public.p\nFOR VALUES FROM (1) TO (9);',
      ],
      made: 'CREATE TABLE "public"."back" ( "id" integer NOT NULL )',
    },
  ])('$name', ({ sql, made }) => {
    expect(create('t', ...sql)).toBe(made);
  });

  it('of a partitioned table all partitions bring their rows, and a forged circle ends', () => {
    const { rowsOf, leftOut } = definitionOf(
      't',
      'CREATE TABLE public.t (id integer)\nPARTITION BY LIST (id);',
      'CREATE TABLE other.a (id integer)\nPARTITION BY LIST (id);',
      'CREATE TABLE public."Ы" (id integer);',
      'ALTER TABLE ONLY public.t ATTACH PARTITION other.a FOR VALUES IN (1);',
      'ALTER TABLE ONLY other.a ATTACH PARTITION public."Ы" DEFAULT;',
      'ALTER TABLE ONLY public."Ы" ATTACH PARTITION public.t DEFAULT;',
    );
    expect(rowsOf.map(({ schema, name }) => `${schema}.${name}`)).toEqual(['public.t', 'other.a', 'public.Ы']);
    expect(leftOut).toEqual(['partitions (the rows of all 2 are in one table)']);
    expect(create('t', 'CREATE TABLE public.t (a integer) INHERITS (public.t);')).toContain('"a" integer');
  });

  it('what stands over the rows comes after them, under names that are free', () => {
    const definition = definitionOf(
      't',
      `CREATE TABLE public.t (a integer DEFAULT 7 NOT NULL, "quo""te" text DEFAULT nextval('public.shared'::regclass), CONSTRAINT positive CHECK ((a > 0)));`,
      'ALTER TABLE ONLY public.t ALTER COLUMN "quo""te" SET STORAGE EXTERNAL;',
      'ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_pkey PRIMARY KEY (a);',
      'ALTER TABLE public.t\n    ADD CONSTRAINT later CHECK ((a < 9)) NOT VALID;',
      'ALTER TABLE ONLY public.t\n    ADD CONSTRAINT t_fk FOREIGN KEY (a) REFERENCES public.u(id);',
      'CREATE UNIQUE INDEX "weird ""i" ON ONLY public.t USING btree (lower(t.*::text)) WHERE (a > 10);',
      'CREATE INDEX of_another ON public.u USING btree (a);',
      'CREATE CONSTRAINT TRIGGER tr AFTER UPDATE OF a ON public.t DEFERRABLE FOR EACH ROW EXECUTE FUNCTION public.f();',
      "CREATE RULE r AS\n    ON INSERT TO public.t DO INSTEAD SELECT 'x;', 1;",
      'CREATE POLICY p ON public.t USING ((a = 1));',
      'CREATE STATISTICS public.st ON a, b FROM public.t;',
      'ALTER TABLE public.t ENABLE ROW LEVEL SECURITY;',
    );
    expect(additions(definition, as).map(({ sql }) => sql.replaceAll(/\s+/g, ' '))).toEqual([
      'ALTER TABLE "public"."back" ALTER COLUMN "a" SET DEFAULT 7',
      'ALTER TABLE "public"."back" ADD CONSTRAINT "positive" CHECK ((a > 0))',
      'ALTER TABLE "public"."back" ADD PRIMARY KEY (a)',
      'ALTER TABLE "public"."back" ADD CONSTRAINT "later" CHECK ((a < 9)) NOT VALID',
      'CREATE UNIQUE INDEX ON "public"."back" USING btree (lower("back".*::text)) WHERE (a > 10)',
    ]);
    expect(columnSettings(definition, as).map(({ sql }) => sql)).toEqual([
      'ALTER TABLE "public"."back" ALTER COLUMN "quo""te" SET STORAGE EXTERNAL',
    ]);
    expect(definition.rowSecurity).toBe(true);
    expect(definition.leftOut).toEqual([
      'default of column quo"te (it draws on a sequence of others)',
      'foreign key t_fk',
      'trigger tr',
      'rule r',
      'policy p',
      'statistics st',
    ]);
  });
});

describe('rows', () => {
  it.each([
    {
      sql: 'COPY public."t""x" (a, "b,(c", "кол") FROM stdin;',
      read: { type: 'copy', table: { schema: 'public', name: 't"x' }, columns: ['a', 'b,(c', 'кол'], unusual: false },
    },
    {
      sql: 'COPY public.nothing  FROM stdin;',
      read: { type: 'copy', table: { schema: 'public', name: 'nothing' }, columns: undefined, unusual: false },
    },
    {
      sql: 'COPY public.t (a) FROM stdin WITH CSV;',
      read: { type: 'copy', table: { schema: 'public', name: 't' }, columns: ['a'], unusual: true },
    },
    {
      sql: "INSERT INTO public.t (a) OVERRIDING SYSTEM VALUE VALUES (1, 'x;');\n",
      read: {
        type: 'insert',
        table: { schema: 'public', name: 't' },
        rest: "(a) OVERRIDING SYSTEM VALUE VALUES (1, 'x;')",
      },
    },
    { sql: 'COPY public.t (a) TO stdout;', read: undefined },
    { sql: 'CREATE TABLE public.t (a integer);', read: undefined },
  ])('$sql', ({ sql, read }) => {
    expect(readRows(sql)).toEqual(read);
  });

  it.each([
    { columns: ['a', 'b"c'], sql: 'COPY "public"."back" ("a", "b""c") FROM STDIN (FORMAT binary, FREEZE)' },
    { columns: [], sql: 'COPY "public"."back" FROM STDIN (FORMAT binary, FREEZE)' },
    {
      columns: ['é\\"😀'],
      sql: String.raw`COPY "public"."back" (U&"\+0000e9\\""\+01f600") FROM STDIN (FORMAT binary, FREEZE)`,
    },
  ])('are taken in by $sql', ({ columns, sql }) => {
    expect(copyIntoTable(as, columns, 'binary')).toBe(sql);
  });
});

it.each([
  { table: 'orders', name: 'orders_20260101_030000' },
  { table: 'x'.repeat(63), name: `${'x'.repeat(47)}_20260101_030000` },
  { table: 'ж'.repeat(31), name: `${'ж'.repeat(23)}_20260101_030000` },
])('$table comes back as $name', ({ table, name }) => {
  expect(besideName(table, '20260101_030000')).toBe(name);
});
