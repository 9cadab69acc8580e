import { expect } from 'vitest';
import { respaldo } from './cli.js';

/** Every backup that is listed is, byte for byte, what its manifest says. */
export async function expectListedWhole(env: Record<string, string>): Promise<void> {
  const list = JSON.parse((await respaldo(['list', '--json'], env)).stdout);
  const verified = await respaldo(['verify', '--all'], env);
  expect(verified.exitCode, verified.stdout).toBe(0);
  expect(verified.stdout.split('\n')).toHaveLength(list.length);
}
