import { appendFile, chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { startThrowawayServer } from '../../container/postgres/throwaway-server.js';
import { canMount } from '../support/disk.js';
import { s3Endpoint, testBucket } from '../support/s3.js';
import { faultKinds } from './kinds/all.js';
import { type Outcome, playRound } from './round.js';
import { operationsOf, tableOf, violationsOf } from './tally.js';
import { World } from './world.js';

/** Five that have each found something once, and some more. */
const wellKnown = [200247, 20016, 5009, 1036, 5028, 1, 3, 4, 8, 10];
const { FAULT_SEED, FAULT_ROUNDS, FAULT_SECONDS = '60', FAULT_RECORD } = process.env;
const first = FAULT_SEED === undefined ? Math.floor(Math.random() * 1e9) : Number(FAULT_SEED);
const seeds =
  FAULT_ROUNDS === undefined
    ? [first, ...wellKnown]
    : Array.from({ length: Number(FAULT_ROUNDS) }, (_, index) => first + index);

const mountable = await canMount();
const kinds = faultKinds(mountable);
const outcomes: Outcome[] = [];
let world: World;
let end = Number.POSITIVE_INFINITY;

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-faults-'));
  await chmod(folder, 0o755);
  const server = await startThrowawayServer({
    binDirectory: inject('postgres').binDirectory,
    parent: folder,
    settings: ['max_connections=100', 'shared_buffers=128MB'],
    initArguments: ['--encoding=UTF8', '--locale=C.UTF-8'],
  });
  const moto = s3Endpoint();
  // The program inside of this process finds its credentials where every program does.
  Object.assign(process.env, { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test' });
  world = new World(server, folder, moto === null ? undefined : await testBucket(moto));
  await world.prepare();
  end = Date.now() + Number(FAULT_SECONDS) * 1000;
  return async () => {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  };
}, 600_000);

afterAll(() => {
  process.stderr.write(
    `\n${outcomes.length} rounds from seed ${first}: ${operationsOf(outcomes)}\n${tableOf(outcomes)}\n${violationsOf(outcomes)}\n\n`,
  );
});

describe('whatever goes wrong, what must always hold does', { timeout: 600_000 }, () => {
  it.for(seeds)('seed %i', async (seed, { skip }) => {
    if (Date.now() > end) return skip('the time is over');
    const outcome = await playRound(world, seed, kinds);
    outcomes.push(outcome);
    if (FAULT_RECORD) {
      await mkdir(dirname(FAULT_RECORD), { recursive: true });
      await appendFile(FAULT_RECORD, `${JSON.stringify(outcome)}\n`);
    }
    expect(outcome.violations, `repeat it: npm run test:faults -- --seed ${seed} --rounds 1\n${outcome.story}`).toEqual(
      [],
    );
  });
});
