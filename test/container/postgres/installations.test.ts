import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { clientsFor, installedClients } from '../../../container/postgres/clients.js';
import { installedServers } from '../../../container/postgres/installations.js';
import { respaldo } from '../../support/cli.js';
import { temporaryFolder } from '../../support/folders.js';

/** Directories with programs that say no more than their version; none of these majors is installed anywhere. */
async function directories(contents: Record<string, readonly string[]>): Promise<Record<string, string>> {
  const root = await temporaryFolder();
  const made: Record<string, string> = {};
  for (const [name, programs] of Object.entries(contents)) {
    const directory = join(root, name);
    await mkdir(directory);
    for (const program of programs) {
      await writeFile(
        join(directory, program),
        `#!/bin/sh\necho "${program} (PostgreSQL) ${name.split('-')[0]} (a test)"\n`,
      );
      await chmod(join(directory, program), 0o755);
    }
    made[name] = directory;
  }
  return made;
}

const clients = ['pg_dump', 'psql'];
const servers = ['postgres', 'initdb'];

describe('the directories of PG_BINDIR', () => {
  it('may be several, in any place, and come before the usual ones in the order given', async () => {
    const made = await directories({ '91.2': clients, '93.1': clients, '92.0-halves': ['pg_dump'] });
    const named = [made['91.2'], made['92.0-halves'], '/nowhere', '', made['93.1']].join(delimiter);
    const found = await installedClients(named);
    expect(found.slice(0, 2)).toEqual([
      { directory: made['91.2'], version: '91.2', major: 91 },
      { directory: made['93.1'], version: '93.1', major: 93 },
    ]);
    expect(found.some(({ major }) => major === 92)).toBe(false);
    expect(await clientsFor({ text: '93.7', major: 93 }, 'test', Promise.resolve(found))).toMatchObject({
      directory: made['93.1'],
    });
    await expect(clientsFor({ text: '94.0', major: 94 }, 'test', Promise.resolve(found))).rejects.toMatchObject({
      code: 'CLIENT_TOO_OLD',
      message: expect.stringContaining('the newest pg_dump here is 93.1'),
      hint: expect.stringContaining('PG_BINDIR'),
    });
  });

  it('may have the server of a major elsewhere than its clients', async () => {
    const made = await directories({ '91.2-clients': clients, '91.2-server': servers });
    const named = [made['91.2-clients'], made['91.2-server']].join(delimiter);
    expect((await installedServers(named))[0]?.directory).toBe(made['91.2-server']);
    expect((await installedClients(named))[0]?.directory).toBe(made['91.2-clients']);
  });

  it('are told by doctor where they have nothing', async () => {
    const made = await directories({ '91.2': clients });
    const PG_BINDIR = ['/no/such/bin', made['91.2']].join(delimiter);
    const { stdout } = await respaldo(['doctor'], { PG_BINDIR, BACKUP_DIR: await temporaryFolder() });
    expect(stdout).toMatch(/^WARN \| pg_dump, psql, pg_restore: 91\.2 in .*PG_BINDIR names \/no\/such\/bin, where no/m);
  });
});
