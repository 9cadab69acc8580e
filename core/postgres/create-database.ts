import type { DatabaseFacts } from '../manifest.js';
import { quoted } from '../table/tokens.js';

/** What CREATE DATABASE needs to make a database that sorts and compares text like another. */
export interface DatabaseLocale {
  readonly encoding: string;
  readonly collation: string;
  readonly ctype: string;
  /** `libc`, `icu` or `builtin`. */
  readonly localeProvider: string;
  /** The locale of icu and builtin providers. */
  readonly locale?: string | undefined;
  readonly icuRules?: string | undefined;
}

/** The first major that has another provider than libc: https://www.postgresql.org/docs/15/sql-createdatabase.html */
const providersFrom = 15;

/**
 * The statement that makes an empty database. The provider is always said, because the server would take its template's,
 * whatever that was made with.
 */
export function createDatabaseStatement(name: string, like: DatabaseLocale, major: number, owner?: string): string {
  const { encoding, collation, ctype, localeProvider, locale, icuRules } = like;
  const localeWord = localeProvider === 'icu' ? 'ICU_LOCALE' : 'BUILTIN_LOCALE';
  return [
    `CREATE DATABASE ${quoted(name)} TEMPLATE template0 ENCODING ${literal(encoding)}`,
    `LC_COLLATE ${literal(collation)} LC_CTYPE ${literal(ctype)}`,
    ...(major >= providersFrom || localeProvider !== 'libc' ? [`LOCALE_PROVIDER ${quoted(localeProvider)}`] : []),
    ...(locale ? [`${localeWord} ${literal(locale)}`] : []),
    ...(icuRules ? [`ICU_RULES ${literal(icuRules)}`] : []),
    ...(owner === undefined ? [] : [`OWNER ${quoted(owner)}`]),
  ].join(' ');
}

/** The same as options of PostgreSQL's createdb. Providers are named only where they are not what every server has. */
export function createdbOptions(like: DatabaseLocale): string[] {
  const { encoding, collation, ctype, localeProvider, locale, icuRules } = like;
  return [
    ...['--template=template0', `--encoding=${encoding}`, `--lc-collate=${collation}`, `--lc-ctype=${ctype}`],
    ...(localeProvider === 'libc' ? [] : [`--locale-provider=${localeProvider}`]),
    ...(locale ? [`--${localeProvider}-locale=${locale}`] : []),
    ...(icuRules ? [`--icu-rules=${icuRules}`] : []),
  ];
}

/** What a manifest says of it. Those written before providers were noted leave that to the server's own. */
export function localeOf(
  facts: Pick<DatabaseFacts, keyof DatabaseLocale>,
  server: Provider = { localeProvider: 'libc' },
): DatabaseLocale {
  const { encoding, collation, ctype, localeProvider } = facts;
  const from = localeProvider === undefined ? server : { ...facts, localeProvider };
  return {
    encoding,
    collation,
    ctype,
    localeProvider: from.localeProvider,
    locale: from.locale,
    icuRules: from.icuRules,
  };
}

type Provider = Pick<DatabaseLocale, 'localeProvider' | 'locale' | 'icuRules'>;

/** What may stand in where a system lacks a locale, the nearest first: the same provider, whose locale sorts; then bytes. */
export function nearestLocales(wanted: DatabaseLocale): DatabaseLocale[] {
  const { encoding, localeProvider } = wanted;
  const bytes = { collation: 'C', ctype: encoding === 'UTF8' ? 'C.UTF-8' : 'C' };
  const libc = { encoding, ...bytes, localeProvider: 'libc', locale: undefined, icuRules: undefined };
  return localeProvider === 'libc' ? [libc] : [{ ...wanted, ...bytes }, libc];
}

/** `UTF8, de_DE.utf8`; `UTF8, icu de-DE`. */
export function localeText({ encoding, collation, localeProvider, locale }: DatabaseLocale): string {
  return `${encoding}, ${localeProvider === 'libc' ? collation : `${localeProvider} ${locale ?? collation}`}`;
}

function literal(text: string): string {
  const escaped = text.replaceAll("'", "''");
  return text.includes('\\') ? ` E'${escaped.replaceAll('\\', '\\\\')}'` : `'${escaped}'`;
}
