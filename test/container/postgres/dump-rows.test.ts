import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import xxhash from 'xxhash-wasm';
import { temporaryFolder } from '../../support/folders.js';

/** Sends a dump through the program in pieces, as pg_dump does. */
async function filter(dump: string, mode: 'full' | 'counts', pieceBytes = dump.length) {
  const path = join(await temporaryFolder(), 'rows');
  const file = await open(path, 'wx');
  const child = spawn(process.execPath, ['dist/dump-rows.js', mode], { stdio: ['pipe', 'pipe', 'pipe', file.fd] });
  const { stdin, stdout, stderr } = child as ChildProcessByStdio<Writable, Readable, Readable>;
  stdin.on('error', () => {}); // it may end before it has read all
  const closed = once(child, 'close');
  const bytes = Buffer.from(dump);
  const reading = Promise.all([buffer(stdout), text(stderr)]);
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    stdin.write(bytes.subarray(at, at + pieceBytes));
    if (pieceBytes < bytes.length) await new Promise(setImmediate);
  }
  stdin.end();
  const [output, said] = await reading;
  const [exitCode] = await closed;
  await file.close();
  const tables = (await readFile(path, 'utf8')).split('\n').slice(0, -1);
  return { exitCode, isSame: bytes.equals(output), said, tables: tables.map((line) => JSON.parse(line)) };
}

const hex = (name: string) => Buffer.from(name).toString('hex');
const head = "--\n-- PostgreSQL database dump\n--\n\nSET client_encoding = 'UTF8';\n";
const tail = '\n--\n-- PostgreSQL database dump complete\n--\n\n';
const rows = ['1\tone', '2\t\\\\.', '3\tCOPY public.other (id) FROM stdin;', '4\t\\N', '5\t'];
const dump = [
  head,
  "CREATE FUNCTION public.f() RETURNS text LANGUAGE sql AS $_$\nSELECT 'COPY public.never (id) FROM stdin;\n1\n\\.\n'$_$;\n",
  `--\n-- Data for Name: orders; Type: TABLE DATA\n--\n\nCOPY public.orders (id, name) FROM stdin;\n${rows.join('\n')}\n\\.\n\n\n`,
  'COPY public."em""pty" (id) FROM stdin;\n\\.\n\n',
  'COPY public.bare  FROM stdin;\n\n\n\n\\.\n\n',
  "SELECT pg_catalog.setval('public.s', 1, true);\n",
  tail,
].join('');

describe('the program that a plain dump passes through', () => {
  it.each([{ pieceBytes: dump.length }, { pieceBytes: 1 }, { pieceBytes: 7 }])(
    'lets every byte through and tells what each table has, $pieceBytes bytes at a time',
    { timeout: 120_000 },
    async ({ pieceBytes }) => {
      const { h64Raw } = await xxhash();
      const sum = (lines: readonly string[]) =>
        String(
          BigInt.asUintN(
            64,
            lines.reduce((total, line) => total + h64Raw(Buffer.from(`${line}\n`)), 0n),
          ),
        );
      const { said, exitCode, isSame, tables } = await filter(dump, 'full', pieceBytes);
      expect({ said, exitCode, isSame }).toEqual({ said: '', exitCode: 0, isSame: true });
      expect(tables).toEqual([
        { schema: hex('public'), name: hex('orders'), rows: 5, sum: sum(rows) },
        { schema: hex('public'), name: hex('em"pty'), rows: 0, sum: '0' },
        { schema: hex('public'), name: hex('bare'), rows: 3, sum: sum(['', '', '']) },
      ]);
    },
  );

  it('only counts where that is all that is wanted', async () => {
    const { tables } = await filter(dump, 'counts');
    expect(tables.map(({ rows, sum }) => ({ rows, sum }))).toEqual([5, 0, 3].map((rows) => ({ rows, sum: '0' })));
  });

  it.each([
    {
      what: 'is cut within rows',
      text: dump.slice(0, dump.indexOf('3\tCOPY')),
      says: 'in the midst of a table’s rows',
    },
    {
      what: 'is cut within a statement',
      text: dump.slice(0, dump.indexOf('setval')),
      says: 'in the midst of a statement',
    },
    { what: 'lacks its last line', text: dump.slice(0, -tail.length), says: 'before pg_dump’s last line' },
    { what: 'has a command of psql', text: `${head}\\! touch x\n${tail}`, says: '\\! touch x' },
    { what: 'is not there', text: '', says: 'before pg_dump’s last line' },
  ])('fails on a dump that $what', async ({ text, says }) => {
    const { exitCode, said } = await filter(text, 'full');
    expect(exitCode).toBe(1);
    expect(said).toContain(says);
  });
});
