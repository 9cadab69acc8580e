import { describe, expect, it } from 'vitest';
import {
  createDatabaseStatement,
  createdbOptions,
  localeOf,
  localeText,
  nearestLocales,
} from '../../../core/postgres/create-database.js';

const german = { encoding: 'UTF8', collation: 'de_DE.utf8', ctype: 'de_DE.utf8', localeProvider: 'libc' };
const icu = { encoding: 'UTF8', collation: 'C', ctype: 'C', localeProvider: 'icu', locale: 'de-DE' };
const builtin = { ...icu, localeProvider: 'builtin', locale: 'C.UTF-8' };
const created = `CREATE DATABASE "crm" TEMPLATE template0 ENCODING 'UTF8' LC_COLLATE`;

describe('a database is made like another', () => {
  it.each([
    { name: 'before providers', like: german, major: 14, sql: `${created} 'de_DE.utf8' LC_CTYPE 'de_DE.utf8'` },
    {
      name: 'by libc, whatever the template was made with',
      like: german,
      major: 15,
      sql: `${created} 'de_DE.utf8' LC_CTYPE 'de_DE.utf8' LOCALE_PROVIDER "libc"`,
    },
    {
      name: 'by ICU',
      like: icu,
      major: 15,
      sql: `${created} 'C' LC_CTYPE 'C' LOCALE_PROVIDER "icu" ICU_LOCALE 'de-DE'`,
    },
    {
      name: 'by ICU with rules',
      like: { ...icu, icuRules: `&z < "it's" \\u00e4` },
      major: 16,
      sql: `${created} 'C' LC_CTYPE 'C' LOCALE_PROVIDER "icu" ICU_LOCALE 'de-DE' ICU_RULES  E'&z < "it''s" \\\\u00e4'`,
    },
    {
      name: 'by the server itself',
      like: builtin,
      major: 17,
      sql: `${created} 'C' LC_CTYPE 'C' LOCALE_PROVIDER "builtin" BUILTIN_LOCALE 'C.UTF-8'`,
    },
  ])('$name', ({ like, major, sql }) => {
    expect(createDatabaseStatement('crm', like, major)).toBe(sql);
    expect(createDatabaseStatement('crm', like, major, 'o"w')).toBe(`${sql} OWNER "o""w"`);
  });

  it.each([
    { like: german, options: ['--lc-collate=de_DE.utf8', '--lc-ctype=de_DE.utf8'] },
    {
      like: { ...icu, icuRules: '&z < a' },
      options: ['--lc-collate=C', '--lc-ctype=C', '--locale-provider=icu', '--icu-locale=de-DE', '--icu-rules=&z < a'],
    },
    {
      like: builtin,
      options: ['--lc-collate=C', '--lc-ctype=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8'],
    },
  ])('by hand: $options', ({ like, options }) => {
    expect(createdbOptions(like)).toEqual(['--template=template0', '--encoding=UTF8', ...options]);
  });
});

describe('the locale of a backup', () => {
  it.each([
    { name: 'its own, whatever the server has', facts: german, server: icu, text: 'UTF8, de_DE.utf8' },
    { name: 'its own provider', facts: builtin, server: german, text: 'UTF8, builtin C.UTF-8' },
    {
      name: 'a provider that was not noted is the server’s',
      facts: { encoding: 'LATIN1', collation: 'C', ctype: 'C' },
      server: icu,
      text: 'LATIN1, icu de-DE',
    },
  ])('$name', ({ facts, server, text }) => {
    expect(localeText(localeOf(facts, server))).toBe(text);
  });

  it.each([
    { name: 'libc’s: by bytes', wanted: german, nearest: ['libc C C.UTF-8'] },
    {
      name: 'another provider’s: the same with a plain libc below',
      wanted: { ...icu, collation: 'de_AT', ctype: 'de_AT' },
      nearest: ['icu C C.UTF-8', 'libc C C.UTF-8'],
    },
    { name: 'another encoding', wanted: { ...german, encoding: 'LATIN1' }, nearest: ['libc C C'] },
  ])('not known here, $name', ({ wanted, nearest }) => {
    const found = nearestLocales(wanted);
    expect(found.map(({ localeProvider, collation, ctype }) => `${localeProvider} ${collation} ${ctype}`)).toEqual(
      nearest,
    );
  });
});
