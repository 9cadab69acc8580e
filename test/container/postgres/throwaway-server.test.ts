import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { startThrowawayServer } from '../../../container/postgres/throwaway-server.js';

it.skipIf(process.platform !== 'linux')(
  'a throw-away server takes nothing of /dev/shm',
  { timeout: 60_000 },
  async () => {
    const { binDirectory } = inject('postgres');
    const server = await startThrowawayServer({ binDirectory, parent: tmpdir() });
    onTestFinished(() => server.stop());
    const [pid] = (await readFile(join(server.directory, 'data/postmaster.pid'), 'utf8')).split('\n');
    const mapped = await readFile(`/proc/${pid}/maps`, 'utf8');
    expect(mapped).not.toContain('/dev/shm/');
    expect(mapped).toContain(`${server.directory}/data/pg_dynshmem/`);
  },
);
