import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it, onTestFinished } from 'vitest';
import { backupName } from '../../core/archive-name.js';
import { respaldo } from '../support/cli.js';

const count = 100_000;
const pageSize = 1000;

/** A server that has so many backups and answers listings only; the paths that it was asked for. */
async function manyBackups(): Promise<{ endpoint: string; asked: URL[] }> {
  const asked: URL[] = [];
  const server = createServer(({ url = '' }, answer) => {
    const asking = new URL(url, 'http://s3');
    asked.push(asking);
    answer.writeHead(200, { 'content-type': 'application/xml' });
    answer.end(page(asking.searchParams));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function page(query: URLSearchParams): string {
  const from = Number(query.get('continuation-token') ?? 0);
  const total = query.get('prefix') === 'backups/database/' ? count * 2 : 0;
  const to = Math.min(total, from + pageSize);
  let contents = '';
  for (let index = from; index < to; index += 1) {
    const name = backupName('database', new Date(Date.UTC(2010, 0, 1) + (index >> 1) * 3_600_000));
    const key = `backups/database/${name}${index % 2 === 0 ? '.manifest.json' : '.sql.gz'}`;
    contents += `<Contents><Key>${key}</Key><Size>1024</Size><LastModified>2026-01-01T00:00:00.000Z</LastModified></Contents>`;
  }
  const next = to < total ? `<IsTruncated>true</IsTruncated><NextContinuationToken>${to}</NextContinuationToken>` : '';
  return `<?xml version="1.0"?><ListBucketResult><EncodingType>url</EncodingType>${contents}${next}</ListBucketResult>`;
}

it('100,000 backups in S3 are listed by their pages alone: no object is read', { timeout: 300_000 }, async () => {
  const { endpoint, asked } = await manyBackups();
  const { exitCode, stdout, stderr } = await respaldo(['list'], {
    AWS_S3_BUCKET_NAME: 'bucket',
    AWS_ENDPOINT_URL: endpoint,
    AWS_ACCESS_KEY_ID: 'test',
    AWS_SECRET_ACCESS_KEY: 'test',
    BACKUP_STORAGE: 's3',
  });
  expect(exitCode, stderr).toBe(0);
  const lines = stdout.split('\n');
  expect(lines[0]).toBe('Backups available (100000):');
  expect(lines).toHaveLength(count + 2);
  expect(lines[2]).toContain('DATABASE | 2021-05-29 15:00 |');
  // 200 pages of the database's folder, and one that says that there are no media.
  expect(asked).toHaveLength((count * 2) / pageSize + 1);
  expect(asked.every(({ searchParams }) => searchParams.get('list-type') === '2')).toBe(true);
});
