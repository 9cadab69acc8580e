// Measures backups and restores at several sizes: npm run bench:sweep -- --record FILE [--sizes 0.01,0.1,1,10] [--rounds 3]
import { parseArgs } from 'node:util';
import pg from 'pg';
import { alternate, type Way } from './measure.js';
import { recordSize } from './record.js';
import { makeScene, type Scene } from './scene.js';
import { backup, prepareBackup, restore } from './ways.js';

const { values } = parseArgs({
  options: {
    /** In gigabytes. */
    sizes: { type: 'string', default: '0.01,0.1,1,10' },
    rounds: { type: 'string', default: '3' },
    record: { type: 'string' },
  },
});
const rounds = Number(values.rounds);

for (const scale of values.sizes.split(',').map(Number)) {
  const scene = await makeScene({ database: { scale } });
  try {
    const megabytes = await databaseMegabytes(scene.url);
    for (const way of [
      backup(scene, '--database'),
      backup(scene, '--database', '--format', 'parallel'),
      await restoring(scene),
    ]) {
      const [measured] = await alternate([way], rounds);
      if (!measured) continue;
      const { seconds, cpuSeconds, peakMegabytes } = measured;
      process.stdout.write(
        `${megabytes.toFixed(0).padStart(6)} MB  ${way.name.padEnd(50)} ${seconds.toFixed(2)} s, ${cpuSeconds.toFixed(1)} s of processor, ${peakMegabytes.toFixed(0)} MB\n`,
      );
      if (values.record)
        await recordSize(values.record, { what: way.name, megabytes: Math.round(megabytes), rounds, ...measured });
    }
  } finally {
    await scene.close();
  }
}

async function restoring(scene: Scene): Promise<Way> {
  await prepareBackup(scene, ['--database', '--format', 'parallel']);
  return restore(scene);
}

async function databaseMegabytes(url: string): Promise<number> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  const { rows } = await client.query('SELECT pg_database_size(current_database()) / 1e6 AS megabytes');
  await client.end();
  return Number(rows[0].megabytes);
}
