import type { Random } from '../../support/random.js';
import type { Choice } from '../choice.js';
import type { Scene } from '../scene.js';
import type { FaultKind } from './kind.js';

type Bytes = Buffer | undefined;
/** Chooses the object of the newest backup that is damaged, and what it becomes. */
type Damage = (scene: Scene, random: Random, keys: readonly string[]) => Promise<{ key: string; bytes: Bytes }>;

function damage(name: string, how: Damage, fits: (choice: Choice) => boolean = () => true): FaultKind {
  return {
    name: `stored: ${name}`,
    fits: (choice) => choice.operation !== 'backup' && choice.operation !== 'cleanup' && fits(choice),
    arm: async (scene, random) => {
      const { key, bytes } = await how(scene, random, await scene.keysOf(scene.newest));
      const whole = await scene.bytesOf(key);
      await scene.replace(key, bytes);
      return {
        what: `${key}: ${bytes?.length ?? 'no'} of ${whole.length} bytes`,
        damages: scene.newest,
        heal: () => scene.replace(key, whole),
      };
    },
  };
}

function flipped(bytes: Buffer, random: Random): Buffer {
  const copy = Buffer.from(bytes);
  const at = random.between(0, bytes.length - 1);
  copy[at] = (copy[at] ?? 0) ^ (1 << random.between(0, 7));
  return copy;
}

export const storedFaults: readonly FaultKind[] = [
  damage('a bit flipped', async (scene, random, [, ...files]) => {
    const key = random.pick(files);
    return { key, bytes: flipped(await scene.bytesOf(key), random) };
  }),
  damage('bytes cut', async (scene, random, [, ...files]) => {
    const key = random.pick(files);
    const whole = await scene.bytesOf(key);
    return { key, bytes: whole.subarray(0, random.between(0, whole.length - 1)) };
  }),
  damage('a file of another backup', async (scene, random, [, ...files]) => {
    const [oldest = ''] = scene.contents.keys();
    const [, ...others] = await scene.keysOf(oldest);
    const index = random.between(0, files.length - 1);
    const key = files[index] ?? '';
    const mine = await scene.bytesOf(key);
    const other = await scene.bytesOf(others[index % others.length] ?? '');
    // The same part may have the same bytes in both.
    return { key, bytes: other.equals(mine) ? flipped(mine, random) : other };
  }),
  damage('a manifest of another backup', async (scene, _, [manifest = '']) => {
    const [oldest = ''] = scene.contents.keys();
    const [other = ''] = await scene.keysOf(oldest);
    return { key: manifest, bytes: await scene.bytesOf(other) };
  }),
  damage('a bit of the manifest flipped', async (scene, random, [manifest = '']) => {
    return { key: manifest, bytes: flipped(await scene.bytesOf(manifest), random) };
  }),
  damage(
    'a part missing',
    async (_, random, [, ...files]) => ({ key: random.pick(files), bytes: undefined }),
    ({ variant }) => variant.format === 'parallel',
  ),
];
