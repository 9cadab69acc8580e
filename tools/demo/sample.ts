import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { crc32, deflateSync } from 'node:zlib';

/** A small CRM: what a web application of a small team tends to hold. */
export const crm = `
  CREATE TABLE customers (id bigserial PRIMARY KEY, name text NOT NULL, email text, profile jsonb, logo bytea, created_at timestamptz);
  INSERT INTO customers (name, email, profile, logo, created_at)
    SELECT 'Customer ' || i, 'c' || i || '@example.com', jsonb_build_object('score', i % 100, 'tags', jsonb_build_array('a', 'b' || i % 7)),
           decode(repeat(md5(i::text), 20), 'hex'), timestamptz '2025-01-01' + i * interval '1 hour'
    FROM generate_series(1, 5000) i;
  CREATE TABLE deals (id bigserial PRIMARY KEY, customer_id bigint NOT NULL REFERENCES customers, title text, amount numeric(12, 2), stage text);
  INSERT INTO deals (customer_id, title, amount, stage)
    SELECT 1 + i % 5000, 'Deal ' || i, (i * 37 % 100000) / 100.0, (ARRAY['new', 'won', 'lost'])[1 + i % 3] FROM generate_series(1, 20000) i;
  CREATE INDEX ON deals (customer_id);
  CREATE SEQUENCE invoice_number START 1000;
  CREATE TABLE invoices (number bigint PRIMARY KEY DEFAULT nextval('invoice_number'), deal_id bigint REFERENCES deals, lines jsonb, issued date);
  INSERT INTO invoices (deal_id, lines, issued)
    SELECT i, jsonb_build_array(jsonb_build_object('sku', 'S' || i % 300, 'n', i % 9)), date '2025-01-01' + i % 600 FROM generate_series(1, 8000) i;
  CREATE TABLE notes (id bigserial PRIMARY KEY, customer_id bigint REFERENCES customers, body text);
  INSERT INTO notes (customer_id, body) SELECT 1 + i % 5000, repeat(md5(i::text) || ' – große Notiz, заметка, 覚え書き. ', 40) FROM generate_series(1, 3000) i;
  CREATE TABLE activities (at timestamptz NOT NULL, customer_id bigint, kind text) PARTITION BY RANGE (at);
  CREATE TABLE activities_2025 PARTITION OF activities FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
  CREATE TABLE activities_2026 PARTITION OF activities FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
  INSERT INTO activities SELECT timestamptz '2025-01-01' + i * interval '29 minutes', 1 + i % 5000, (ARRAY['call', 'email', 'visit'])[1 + i % 3]
    FROM generate_series(1, 30000) i;
  CREATE VIEW open_deals AS SELECT d.*, c.name AS customer FROM deals d JOIN customers c ON c.id = d.customer_id WHERE d.stage = 'new';
`;

/** What a bad day looks like. */
export const ruin = `
  DROP VIEW open_deals;
  UPDATE customers SET name = 'oops', email = NULL;
  TRUNCATE invoices;
  DELETE FROM deals WHERE id % 2 = 0;
  DROP TABLE activities;
`;

/** A folder of pictures, real PNG files in a few subfolders, one with a name that breaks careless programs. */
export async function makePictures(folder: string): Promise<void> {
  for (let index = 0; index < 120; index += 1) {
    const path = join(
      folder,
      `album ${index % 6}`,
      index === 0 ? 'line\nbreak "quoted" – ü.png' : `picture-${index}.png`,
    );
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, picture(48, index));
  }
}

/** A square PNG with a pattern of its own. The format: https://www.w3.org/TR/png/ */
function picture(size: number, seed: number): Buffer {
  const rows = Buffer.alloc(size * (1 + size * 3));
  for (let y = 0; y < size; y += 1) {
    for (let x = 0; x < size; x += 1) {
      const at = y * (1 + size * 3) + 1 + x * 3;
      rows[at] = (x * seed) % 256;
      rows[at + 1] = (y * (seed + 7)) % 256;
      rows[at + 2] = (x ^ (y * seed)) % 256;
    }
  }
  const header = Buffer.alloc(13);
  header.writeUInt32BE(size, 0);
  header.writeUInt32BE(size, 4);
  header.set([8, 2, 0, 0, 0], 8); // eight bits a channel, red, green and blue
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([
    signature,
    chunk('IHDR', header),
    chunk('IDAT', deflateSync(rows)),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}

function chunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  body.copy(framed, 4);
  framed.writeUInt32BE(crc32(body) >>> 0, body.length + 4);
  return framed;
}
