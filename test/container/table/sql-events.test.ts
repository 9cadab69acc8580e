import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { sqlEvents } from '../../../container/table/sql-events.js';

const script = `--
-- PostgreSQL database dump
--

SET client_encoding = 'UTF8';

--
-- Name: t; Type: TABLE; Schema: public
--

CREATE TABLE public.t (n integer, t text DEFAULT ';');
COMMENT ON TABLE public.t IS 'not; told';

--
-- Data for Name: t; Type: TABLE DATA
--

COPY public.t (n, t) FROM stdin;
1\ta
2\t-- b
\\.

/* an index; of
   its own */
CREATE INDEX t_n_idx ON public.t USING btree (n);
ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (n);

--
-- PostgreSQL database dump complete
--
`;

async function told(...pieces: readonly Buffer[]): Promise<{ statements: string[]; rows: string }> {
  const statements: string[] = [];
  let rows = '';
  for await (const event of sqlEvents(Readable.from(pieces))) {
    if (event.type === 'statement') statements.push(event.text.toString().trim());
    else rows += event.bytes.toString();
  }
  return { statements, rows };
}

describe('what a script tells of its tables', () => {
  it('is the same wherever the script was cut on its way, in comments too', async () => {
    const bytes = Buffer.from(script);
    const whole = await told(bytes);
    expect(whole.statements.map((text) => /^[A-Z]+ [A-Za-z]+/m.exec(text.replace(/^--.*$/gm, ''))?.[0])).toEqual([
      ...['SET client', 'CREATE TABLE', 'COPY public', 'CREATE INDEX', 'ALTER TABLE'],
    ]);
    for (let at = 1; at < bytes.length; at += 1) {
      const { statements, rows } = await told(bytes.subarray(0, at), bytes.subarray(at));
      expect(statements, JSON.stringify(script.slice(at - 20, at))).toEqual(whole.statements);
      expect(rows).toBe(whole.rows);
    }
  });
});
