import { describe, expect, it } from 'vitest';
import { copyTarget } from '../../../container/postgres/copy-target.js';

const comment = '--\n-- Data for Name: orders; Type: TABLE DATA; Schema: public; Owner: me\n--\n\n';

describe('the table that a statement takes rows into', () => {
  it.each([
    { sql: 'COPY public.orders (id, name) FROM stdin;', schema: 'public', name: 'orders' },
    { sql: `${comment}COPY public.orders (id) FROM stdin;`, schema: 'public', name: 'orders' },
    { sql: 'COPY public.nothing  FROM stdin;', schema: 'public', name: 'nothing' },
    {
      sql: 'COPY "Shop 1"."Order""s (id) FROM stdin;" (id) FROM stdin;',
      schema: 'Shop 1',
      name: 'Order"s (id) FROM stdin;',
    },
    { sql: 'COPY public."a.b" ("x""y") FROM stdin;', schema: 'public', name: 'a.b' },
    { sql: 'COPY "."." " ("id") FROM stdin;', schema: '.', name: ' ' },
    { sql: 'COPY public."two\nCOPY lines (id)" (id) FROM stdin;', schema: 'public', name: 'two\nCOPY lines (id)' },
    { sql: 'COPY public."за́каз" (id) FROM stdin;', schema: 'public', name: 'за́каз' },
  ])('$sql', ({ sql, schema, name }) => {
    const hex = (text: string) => Buffer.from(text).toString('hex');
    expect(copyTarget(Buffer.from(sql))).toEqual({ schema: hex(schema), name: hex(name) });
  });

  it('keeps bytes that are no UTF-8', () => {
    const latin1 = Buffer.from('COPY public."\xe9t\xe9" (id) FROM stdin;', 'latin1');
    expect(copyTarget(latin1)?.name).toBe('e974e9');
  });

  it.each(['SELECT 1;', 'COPY (SELECT 1) TO stdout;', `${comment}CREATE TABLE public.copy ();`])(
    'is none in %s',
    (sql) => {
      expect(copyTarget(Buffer.from(sql))).toBeUndefined();
    },
  );
});
