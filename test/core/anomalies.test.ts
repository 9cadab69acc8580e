import { describe, expect, it } from 'vitest';
import { findAnomalies } from '../../core/anomalies.js';
import { type Manifest, parseManifest } from '../../core/manifest.js';
import { madeBackup } from '../support/catalog.js';

interface Change {
  readonly tables?: Record<string, number>;
  readonly objects?: Record<string, string>;
  readonly bytes?: number;
  readonly files?: number;
  readonly format?: Manifest['format'];
  readonly selection?: string[];
  readonly serverVersion?: string;
}

function manifest({ tables = {}, objects, bytes = 1000, files, format, selection, serverVersion }: Change): Manifest {
  const kind = files === undefined ? 'database' : 'media';
  const made = madeBackup({ time: new Date('2026-01-01T00:00:00Z'), kind });
  const [key = '', json = Buffer.alloc(0)] = Object.entries(made)[1] ?? [];
  const parsed = parseManifest(json, key);
  const file = parsed.files[0];
  return {
    ...parsed,
    ...(format ? { format } : {}),
    files: file ? [{ ...file, bytes }] : [],
    ...(parsed.database
      ? {
          database: {
            ...parsed.database,
            ...(selection ? { selection } : {}),
            ...(serverVersion ? { serverVersion } : {}),
            tables: Object.entries(tables).map(([name, rows]) => ({ schema: 'public', name, rows })),
            ...(objects ? { fingerprint: { sequences: {}, largeObjects: { count: 0, hash: '0' }, objects } } : {}),
          },
        }
      : {}),
    ...(files === undefined ? {} : { media: { source: '/media', files, bytes } }),
  };
}

describe('anomalies', () => {
  it.each<{ name: string; before: Change; now: Change; percent?: number; told: string[] }>([
    { name: 'nothing changed', before: { tables: { a: 100 } }, now: { tables: { a: 100 } }, told: [] },
    {
      name: 'more of everything',
      before: { tables: { a: 100 } },
      now: { tables: { a: 900, b: 1 }, bytes: 9000 },
      told: [],
    },
    { name: 'exactly half of the rows', before: { tables: { a: 100 } }, now: { tables: { a: 50 } }, told: [] },
    {
      name: 'less than half',
      before: { tables: { a: 100 } },
      now: { tables: { a: 49 } },
      told: ['table public.a has 49 rows, it had 100'],
    },
    { name: 'a small table', before: { tables: { a: 19 } }, now: { tables: { a: 0 } }, told: [] },
    {
      name: 'a table that is gone, however small',
      before: { tables: { a: 1 } },
      now: {},
      told: ['table public.a is gone; it had 1 rows'],
    },
    {
      name: 'a limit of one’s own',
      before: { tables: { a: 100 } },
      now: { tables: { a: 89 } },
      percent: 10,
      told: ['table public.a has 89 rows, it had 100'],
    },
    { name: 'turned off', before: { tables: { a: 100 } }, now: {}, percent: 0, told: [] },
    {
      name: 'half the size',
      before: { bytes: 1000 },
      now: { bytes: 400 },
      told: ['the backup has 400 bytes, the one before had 1000'],
    },
    { name: 'another format', before: { bytes: 1000 }, now: { bytes: 400, format: 'custom' }, told: [] },
    { name: 'fewer files', before: { files: 100 }, now: { files: 10 }, told: ['10 files are there, 100 were'] },
    { name: 'a selection', before: { tables: { a: 100 } }, now: { selection: ['--table=b'] }, told: [] },
    {
      name: 'another schema',
      before: { objects: { 'table a': '1', 'view b': '1', 'index c': '1' } },
      now: { objects: { 'table a': '2', 'index c': '1', 'index d': '1' } },
      told: ['the schema changed: 1 definitions new, 1 gone, 1 different (view b, table a, index d)'],
    },
    {
      name: 'another version of the server, which words it differently',
      before: { objects: { 'table a': '1' } },
      now: { objects: { 'table a': '2' }, serverVersion: '16.1' },
      told: [],
    },
  ])('$name', ({ before, now, percent = 50, told }) => {
    expect(findAnomalies(manifest(before), manifest(now), percent).map(({ text }) => text)).toEqual(told);
  });
});
