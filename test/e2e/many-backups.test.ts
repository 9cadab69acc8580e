import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { execa } from 'execa';
import { describe, expect, it, onTestFinished } from 'vitest';
import { backupName, timeOfStamp } from '../../core/archive-name.js';
import { deploymentVariable } from '../../core/deployed/deployment.js';
import { deployment } from '../support/aws/deployment.js';
import { madeBackup } from '../support/catalog.js';
import { respaldo } from '../support/cli.js';

const count = 100_000;
const pageSize = 1000;

/** A server that has so many backups and answers listings, and reads of manifests; the paths that it was asked for. */
async function manyBackups(): Promise<{ endpoint: string; asked: URL[] }> {
  const asked: URL[] = [];
  const server = createServer(({ url = '' }, answer) => {
    const asking = new URL(url, 'http://s3');
    asked.push(asking);
    const manifest = /db_backup_(\d{8}_\d{6})\.manifest\.json$/.exec(asking.pathname)?.[1];
    answer.writeHead(200, { 'content-type': 'application/xml', etag: '"0"' });
    answer.end(manifest ? manifestOf(manifest) : page(asking.searchParams));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    server.close();
    server.closeAllConnections();
  });
  return { endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
}

function manifestOf(stamp: string): Buffer {
  const time = timeOfStamp(stamp) ?? new Date(0);
  return Object.values(madeBackup({ time, content: 'x'.repeat(1024) }))[1] as Buffer;
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

describe('100,000 backups in the vault', () => {
  const pages = (count * 2) / pageSize;
  /** Lambda answers with 6 MB at most; a person reads far less. */
  const megabyte = 1024 * 1024;

  // What bounds the time of a Lambda is how often it asks, one after the other; what bounds its memory is tried with less
  // than a quarter of the 1024 MB that it has.
  it.each([
    { lambda: 'widget', event: {}, records: 120, says: 'db_backup_20210529_150000' },
    { lambda: 'restore', event: {}, records: 0, says: 'db_backup_20210529_150000' },
    { lambda: 'restore', event: { backup: 'latest' }, records: 1, says: 'db_backup_20210529_150000' },
    { lambda: 'cleanup', event: { dryRun: true }, records: 0, says: 'and 99499 more' },
  ])(
    '$lambda $event answers from one listing and $records records, in 240 MB',
    {
      timeout: 300_000,
    },
    async ({ lambda, event, records, says }) => {
      const { endpoint, asked } = await manyBackups();
      const { exitCode, stdout, stderr } = await execa(
        process.execPath,
        [
          ...['--import', 'tsx', '--max-old-space-size=240', '--input-type=module', '--eval'],
          `const { handler } = await import('./functions/${lambda}.lambda.ts');
         const context = { awsRequestId: 'r', invokedFunctionArn: 'arn:aws:lambda:eu-west-1:123456789012:function:respaldo-prod-widget' };
         process.stdout.write(JSON.stringify(await handler(${JSON.stringify(event)}, context)));`,
        ],
        {
          env: {
            ...{ PATH: process.env.PATH, AWS_ENDPOINT_URL: endpoint, AWS_REGION: 'eu-west-1' },
            ...{ AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' },
            [deploymentVariable]: JSON.stringify({ ...deployment, targets: deployment.targets.slice(0, 1) }),
          },
          extendEnv: false,
          reject: false,
        },
      );
      expect(exitCode, stderr).toBe(0);
      expect(stdout.length).toBeLessThan(megabyte);
      expect(stdout).toContain(says);
      const isListing = ({ searchParams }: URL) => searchParams.get('list-type') === '2';
      const listings = asked.filter((url) => isListing(url) && url.searchParams.get('prefix')?.startsWith('backups/'));
      expect(listings).toHaveLength(pages);
      expect(asked.filter((url) => url.pathname.endsWith('.json'))).toHaveLength(records);
    },
  );
});
