import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inject } from 'vitest';
import type { Choice } from '../choice.js';
import type { FaultKind } from './kind.js';

const restores = ({ operation }: Choice) => operation.startsWith('restore') || operation === 'drill';

interface Lie {
  readonly name: string;
  readonly program: string;
  fits(choice: Choice): boolean;
  /** A shell's words; `$real` is the true program and `$bytes` a number. */
  readonly script: string;
}

const half = '"$real" "$@" | head -c "$bytes"; exit 0';
const lies: readonly Lie[] = [
  {
    name: 'pg_dump prints half and exits 0',
    program: 'pg_dump',
    fits: ({ operation }) => operation === 'backup',
    script: half,
  },
  {
    name: 'pg_dump prints all and exits 1',
    program: 'pg_dump',
    fits: ({ operation }) => operation === 'backup',
    script: '"$real" "$@"; exit 1',
  },
  {
    name: 'pg_restore prints half and exits 0',
    program: 'pg_restore',
    fits: (choice) => restores(choice) && choice.variant.format === 'custom',
    script: half,
  },
  {
    name: 'psql reads all, does nothing and exits 0',
    program: 'psql',
    fits: (choice) => restores(choice) && choice.variant.format === 'plain',
    script: 'cat >/dev/null; exit 0',
  },
  {
    name: 'psql does all and exits 1',
    program: 'psql',
    fits: (choice) => restores(choice) && choice.variant.format === 'plain',
    script: '"$real" "$@"; exit 1',
  },
];

/** Programs of PostgreSQL that lie about how they ended. They stand in a folder that PG_BINDIR names. */
export const liars: readonly FaultKind[] = lies.map(({ name, program, fits, script }) => ({
  name: `a liar: ${name}`,
  fits,
  arm: async ({ folder }, random) => {
    const shims = join(folder, 'shims');
    await mkdir(shims);
    const real = inject('postgres').binDirectory;
    const bytes = Math.floor(2 ** (random.between(0, 2300) / 100));
    for (const each of ['pg_dump', 'pg_restore', 'psql', 'pg_dumpall']) {
      const lie = each === program ? script : 'exec "$real" "$@"';
      const text = `#!/bin/sh\nreal=${real}/${each}\nbytes=${bytes}\ncase "$*" in --version) exec "$real" --version;; esac\n${lie}\n`;
      await writeFile(join(shims, each), text);
      await chmod(join(shims, each), 0o755);
    }
    return { what: `${name} (${bytes} bytes)`, env: { PG_BINDIR: shims } };
  },
}));
