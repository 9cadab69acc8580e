import { randomBytes } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * SQL that fills a database of about `scale` gigabytes like a CRM: one table with most of the bytes (letters to
 * customers), several middling ones, indexes and foreign keys. Made by the server itself, the same each time.
 */
export function crmSql(scale: number): string {
  const rows = (count: number) => Math.max(10, Math.round(count * scale));
  return `
    SELECT setseed(0.5);
    -- Prose is made once; what is written in the tables is cut from it here and there, too far apart for a compressor to see.
    CREATE TEMP TABLE prose AS
      SELECT i AS id, left(string_agg(substr(md5(word::text), 1, 2 + word % 9), ' '), 1900) AS t
      FROM (SELECT i, ((random() ^ 3) * 2999)::int AS word FROM generate_series(0, ${pages - 1}) i, generate_series(1, 330) j) words GROUP BY i;
    CREATE UNIQUE INDEX ON prose (id); ANALYZE prose;
    CREATE TABLE companies (id bigserial PRIMARY KEY, name text, address jsonb, note text);
    INSERT INTO companies (name, address, note)
      SELECT substr(t, 1 + i % 50, 18), jsonb_build_object('city', substr(t, 100, 8), 'zip', i), substr(t, 200 + i % 50, 240)
      FROM generate_series(1, ${rows(40_000)}) i JOIN prose ON id = ${page('i', 7919)};
    CREATE TABLE contacts (id bigserial PRIMARY KEY, company_id bigint, name text, email text, phone text, props jsonb, created_at timestamptz);
    INSERT INTO contacts (company_id, name, email, phone, props, created_at)
      SELECT 1 + i % ${rows(40_000)}, substr(t, 1 + i % 900, 12), md5(i::text) || '@example.com', '+49' || i,
        jsonb_build_object('score', i % 100, 'tag', substr(t, 1000 + i % 800, 10)), '2026-01-01'::timestamptz - i * interval '1 min'
      FROM generate_series(1, ${rows(300_000)}) i JOIN prose ON id = ${page('i', 104_729)};
    CREATE TABLE letters (id bigserial PRIMARY KEY, contact_id bigint, subject text, body text, headers jsonb, sent_at timestamptz);
    INSERT INTO letters (contact_id, subject, body, headers, sent_at)
      SELECT 1 + i % ${rows(300_000)}, substr(a.t, 1 + i % 1500, 40), substr(a.t, 1 + i % 301, 200 + i % 1301) || ' ' || substr(b.t, 1 + i % 701, 100 + i % 1009),
        jsonb_build_object('id', md5(i::text), 'opens', i % 9), '2026-01-01'::timestamptz - i * interval '1 min'
      FROM generate_series(1, ${rows(360_000)}) i JOIN prose a ON a.id = ${page('i', 15_485_863)} JOIN prose b ON b.id = ${page('i', 32_452_843)};
    CREATE TABLE clicks (id bigserial PRIMARY KEY, letter_id bigint, kind text, ip inet, at timestamptz);
    INSERT INTO clicks (letter_id, kind, ip, at)
      SELECT 1 + i % ${rows(360_000)}, (ARRAY['open', 'click', 'bounce'])[1 + i % 3], ('10.' || i % 250 || '.' || i % 240 || '.1')::inet, '2026-01-01'::timestamptz - i * interval '1 s'
      FROM generate_series(1, ${rows(1_500_000)}) i;
    CREATE TABLE attachments (id bigserial PRIMARY KEY, letter_id bigint, name text, content bytea);
    INSERT INTO attachments (letter_id, name, content)
      SELECT i, 'picture-' || i || '.jpg', (SELECT string_agg(sha512((i::text || j)::bytea), NULL) FROM generate_series(1, 640) j) FROM generate_series(1, ${rows(1_500)}) i;
    CREATE INDEX ON contacts (company_id); CREATE INDEX ON contacts (email); CREATE INDEX ON letters (contact_id); CREATE INDEX ON letters (sent_at);
    CREATE INDEX ON clicks (letter_id); CREATE INDEX ON clicks (at);
    ALTER TABLE contacts ADD FOREIGN KEY (company_id) REFERENCES companies; ALTER TABLE letters ADD FOREIGN KEY (contact_id) REFERENCES contacts;
    ALTER TABLE clicks ADD FOREIGN KEY (letter_id) REFERENCES letters; ALTER TABLE attachments ADD FOREIGN KEY (letter_id) REFERENCES letters;
    DROP TABLE prose;
  `;
}

/** Of prose, of less than 2 KB each, so that they stand in their table's own pages. */
const pages = 16_000;

/** A page for each row, in no order. */
function page(row: string, step: number): string {
  return `(${row}::int8 * ${step}) % ${pages}`;
}

/** So many files of about 75 kB in folders of 200: three of four incompressible like pictures, the others text. */
export async function makeMedia(folder: string, files: number): Promise<void> {
  const text = Buffer.from(
    Array.from({ length: 40_000 }, (_, index) => `line ${index} of some log, ${index * 7919}\n`).join(''),
  );
  for (let index = 0; index < files; index += 1) {
    const path = join(folder, String(Math.floor(index / 200)).padStart(3, '0'));
    if (index % 200 === 0) await mkdir(path, { recursive: true });
    const bytes = 10_000 + ((index * 7919) % 130_000);
    const content = index % 4 === 0 ? text.subarray(index % 1000, (index % 1000) + bytes) : randomBytes(bytes);
    await writeFile(join(path, `${index}.${index % 4 === 0 ? 'txt' : 'jpg'}`), content);
  }
}
