import { describe, expect, it } from 'vitest';
import type { Manifest } from '../../../core/manifest.js';
import { chooseTable } from '../../../core/table/choose.js';

const tables = [
  { schema: 'public', name: 'orders', rows: 1 },
  { schema: 'sales', name: 'orders', rows: 2 },
  { schema: 'public', name: 'a*b', rows: 0 },
  { schema: 'public', name: 'axb', rows: 0 },
  { schema: 'Odd "S"', name: 'таб.', rows: 3 },
  { schema: 'public', name: 'emptied' },
];
const objects = {
  'table public.parted': 'x',
  'table "Odd ""S"""."P q"': 'x',
  'table public.emptied': 'x',
  'index public.i': 'x',
};

function manifest(fingerprint: boolean): Manifest {
  const selection = ['--exclude-table-data=emptied'];
  return {
    database: { tables, selection, ...(fingerprint ? { fingerprint: { objects } } : {}) },
  } as unknown as Manifest;
}

describe('the one table that is meant', () => {
  it.each([
    { name: 'public.orders', found: { schema: 'public', name: 'orders' } },
    { name: 'таб.', found: { schema: 'Odd "S"', name: 'таб.' } },
    { name: 'sales.*', found: { schema: 'sales', name: 'orders' } },
    { name: 'a*b', found: { schema: 'public', name: 'a*b' } },
    { name: 'parted', found: { schema: 'public', name: 'parted' } },
    { name: 'Odd "S".P q', found: { schema: 'Odd "S"', name: 'P q' } },
  ])('$name', ({ name, found }) => {
    expect(chooseTable(name, manifest(true), 'b')).toEqual(found);
  });

  it.each([
    { name: 'orders', says: /"orders" names 2 tables of b: public.orders, sales.orders/ },
    { name: 'public.*', says: /names 4 tables/ },
    { name: 'Orders', says: /b has no rows of a table "Orders"/ },
    { name: 'public.emptied', says: /the rows of "public.emptied" were left out of b \(--exclude-table-data\)/ },
    { name: 'emptied', says: /the rows of "public.emptied" were left out of b/ },
    { name: 'public.i', says: /b has no rows of a table/ },
  ])('$name is refused', ({ name, says }) => {
    expect(() => chooseTable(name, manifest(true), 'b')).toThrow(says);
  });

  it('is found where nothing was counted', () => {
    const uncounted = { database: { tables: [{ schema: 'public', name: 'orders' }] } } as unknown as Manifest;
    expect(chooseTable('orders', uncounted, 'b')).toEqual({ schema: 'public', name: 'orders' });
    expect(() => chooseTable('bills', uncounted, 'b')).toThrow(/has no rows of a table "bills"/);
  });

  it('what the manifest cannot know is taken as it is, with its schema', () => {
    for (const unknowing of [manifest(false), undefined]) {
      expect(chooseTable('public.parted', unknowing, 'b')).toEqual({ schema: 'public', name: 'parted' });
      expect(() => chooseTable('parted', unknowing, 'b')).toThrow(/has no rows of a table "parted"/);
    }
    expect(() => chooseTable('public.emptied', manifest(false), 'b')).toThrow(/were left out/);
  });

  it('is found where nothing was counted and rows of others were left out', () => {
    const both = {
      database: {
        tables: [
          { schema: 'public', name: 'orders' },
          { schema: 'public', name: 'log' },
        ],
        selection: ['--exclude-table-data=log'],
        withoutRows: [{ schema: 'public', name: 'log' }],
      },
    } as unknown as Manifest;
    expect(chooseTable('orders', both, 'b')).toEqual({ schema: 'public', name: 'orders' });
    for (const name of ['log', 'public.log']) expect(() => chooseTable(name, both, 'b')).toThrow(/were left out of b/);
  });
});
