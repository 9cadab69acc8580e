import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { exitCodeOf, exitCodes, messageOf, renderError } from '../../core/errors.js';
import { startRespaldo } from '../support/cli.js';
import { contentsOf } from '../support/postgres.js';
import { Random } from '../support/random.js';
import { argumentsOf, type Choice, choose, describeChoice } from './choice.js';
import { performHealthily } from './healthy.js';
import { perform, runIn } from './in-process.js';
import { isEqual, leftBehind, readListed, tryNewest } from './invariants.js';
import type { Armed, FaultKind } from './kinds/kind.js';
import { type Scene, setScene } from './scene.js';
import type { Violation, ViolationName } from './violations.js';
import type { World } from './world.js';

/** How a run ended. */
interface Ended {
  readonly exitCode: number | 'killed';
  readonly said: string;
  /** The backup that it says it has restored. */
  readonly restored: string | undefined;
}

export interface Outcome {
  readonly seed: number;
  readonly fault: string;
  readonly choice: Choice;
  readonly exitCode: number | 'killed';
  readonly violations: readonly Violation[];
  /** All of it in words, for whoever looks into it. */
  readonly story: string;
  readonly seconds: number;
}

/** About how long each operation takes here, learned from the runs before. */
const typical = new Map<string, number>();
const unknownYet = 3_000;

/** Plays one round: an operation, something that goes wrong, and what must hold then. The seed chooses all of it. */
export async function playRound(world: World, seed: number, kinds: readonly FaultKind[]): Promise<Outcome> {
  const started = performance.now();
  const random = new Random(seed);
  const choice = choose(random, world.bucket !== undefined);
  const kind = pickKind(random, kinds, choice);
  const scene = await setScene(world, choice, kind.prepareFolder);
  const armed = await kind.arm(scene, random);
  const ended = await run(scene, armed);
  const violations: Violation[] = [];
  const violated = (name: ViolationName, what: string) => violations.push({ name, what });

  if (ended.exitCode === exitCodes.bug || ended.said.includes('BUG:')) violated('bug', 'it ended by a bug');
  const left = await leftBehind(scene, ended.exitCode === 'killed');
  if (left.length > 0) violated('left behind', left.join('; '));
  await checkStorage(scene, armed, ended, violated);
  await checkDatabase(scene, armed, ended, violated);
  await armed.heal?.();
  await checkNextRun(scene, violated);
  const story = `${describeChoice(choice)}; ${kind.name}: ${armed.what}\nended in ${ended.exitCode}: ${ended.said.slice(-1500)}`;
  const seconds = Math.round((performance.now() - started) / 100) / 10;
  return { seed, fault: kind.name, choice, exitCode: ended.exitCode, violations, story, seconds };
}

function pickKind(random: Random, kinds: readonly FaultKind[], choice: Choice): FaultKind {
  return random.pick(kinds.filter((kind) => kind.fits(choice)));
}

async function run(scene: Scene, armed: Armed): Promise<Ended> {
  const env = { ...scene.env, ...armed.env };
  if (armed.clock) {
    try {
      const restored = await perform(await runIn(env, { now: armed.clock }), scene.choice, false);
      return { exitCode: 0, said: '', restored };
    } catch (error) {
      return { exitCode: exitCodeOf(error), said: renderError(error), restored: undefined };
    }
  }
  const { operation } = scene.choice;
  const started = performance.now();
  const ended = new AbortController();
  const child = startRespaldo(argumentsOf(scene.choice), env);
  const met = armed.meet?.({ pid: child.pid ?? 0, typical: typical.get(operation) ?? unknownYet, ended: ended.signal });
  const { exitCode, signal, stdout, stderr, timedOut } = await child;
  ended.abort();
  await met;
  if (timedOut) throw new Error('it did not end within two minutes');
  if (exitCode === 0)
    typical.set(operation, ((typical.get(operation) ?? unknownYet) + performance.now() - started) / 2);
  const said = `${stdout}\n${stderr}`;
  const restored = operation.startsWith('restore') && exitCode === 0 ? /"backup": "(\w+)"/.exec(said)?.[1] : undefined;
  return { exitCode: exitCode ?? (signal ? 'killed' : exitCodes.bug), said, restored };
}

type Violated = (name: ViolationName, what: string) => void;

/** What is listed is whole, and nothing is missing. */
async function checkStorage(scene: Scene, armed: Armed, ended: Ended, violated: Violated): Promise<void> {
  const { choice, contents, newest, storage } = scene;
  const { listed, unsound } = await readListed(storage);
  for (const [id, why] of unsound) if (id !== armed.damages) violated('wrongly listed', `${id}: ${why}`);
  const mayGo = (id: string) => (choice.operation === 'cleanup' && id !== newest) || id === armed.damages;
  for (const id of contents.keys()) if (!listed.includes(id) && !mayGo(id)) violated('lost', id);
  if (choice.operation === 'cleanup' && ended.exitCode === 0 && !armed.clock && listed.length !== 1)
    violated('next run failed', `cleanup ended in 0 and left ${listed.length}`);
  const isMade = (id: string) => !contents.has(id);
  if (choice.operation !== 'backup') return;
  if (ended.exitCode === 0 && !listed.some(isMade)) violated('lost', 'the new backup is not listed');
  if (!listed.some(isMade)) return checkNothingLeft(scene, ended, violated);
  const { result, why } = await tryNewest(scene, (id) => scene.contents.get(id) ?? scene.world.live);
  if (result === 'wrong') violated('wrong data restored', `the new backup: ${why}`);
  if (result === 'refused') violated('wrongly listed', `the new backup does not restore: ${why}`);
}

/** A run that was not killed leaves no half of a backup in a folder. */
async function checkNothingLeft({ choice, env, contents }: Scene, { exitCode }: Ended, violated: Violated) {
  if (choice.storage !== 'local' || exitCode === 'killed') return;
  const names = await readdir(join(env.BACKUP_DIR ?? '', 'database'));
  const strange = names.filter((name) => ![...contents.keys()].some((id) => name.startsWith(id)));
  if (strange.length > 0) violated('left behind', strange.join(', '));
}

/** The live database is the one from before, or, after a restore that says so, exactly what it has restored. */
async function checkDatabase(scene: Scene, armed: Armed, ended: Ended, violated: Violated): Promise<void> {
  const { choice, world, database, contents, newest } = scene;
  const now = await contentsOf(database, world.ask);
  const isRestore = choice.operation.startsWith('restore');
  if (isRestore && ended.exitCode === 0) {
    if (!isEqual(now, contents.get(ended.restored ?? newest))) violated('wrong data restored', 'it ended in 0');
  } else if (
    !isEqual(now, world.live) &&
    !(isRestore && ended.exitCode === 'killed' && isEqual(now, contents.get(newest)))
  ) {
    violated('live database changed', JSON.stringify(now));
  }
  if (!armed.damages || ended.exitCode !== 0) return;
  // A damage that a restore went around, or that is in no byte that matters, has restored the right data, as checked above.
  if (choice.operation === 'verify' || choice.operation === 'drill') {
    const { unsound } = await readListed(scene.storage);
    if (unsound.has(armed.damages)) violated('damage not told', `${choice.operation} ended in 0`);
  }
}

/** Without the fault, the same operation does its work. */
async function checkNextRun(scene: Scene, violated: Violated): Promise<void> {
  const { choice, env, world, database, contents } = scene;
  try {
    const id = await performHealthily(env, choice);
    const left = (await world.databasesOf(database)).filter((name) => name.includes('_restoring_'));
    if (left.length > 0 && choice.operation === 'restore') violated('left behind', left.join());
    if (choice.operation.startsWith('restore') && id !== undefined) {
      if (!isEqual(await contentsOf(database, world.ask), contents.get(id)))
        violated('wrong data restored', 'by the next run');
    }
  } catch (error) {
    violated('next run failed', messageOf(error));
  }
}
