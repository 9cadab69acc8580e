import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

interface LockedPackage {
  readonly os?: readonly string[];
  readonly cpu?: readonly string[];
  readonly optional?: boolean;
}

const { packages } = JSON.parse(readFileSync('package-lock.json', 'utf8')) as {
  readonly packages: Readonly<Record<string, LockedPackage>>;
};

const allows = (list: readonly string[] | undefined, value: string) =>
  list === undefined ||
  (list.some((each) => !each.startsWith('!')) ? list.includes(value) : !list.includes(`!${value}`));

// The image is built on ARM64 by default, in a container whose npm reads this very lock file; people deploy from all four.
describe.each([
  { os: 'linux', cpu: 'x64' },
  { os: 'linux', cpu: 'arm64' },
  { os: 'darwin', cpu: 'arm64' },
  { os: 'darwin', cpu: 'x64' },
])('npm ci on $os $cpu', ({ os, cpu }) => {
  const fits = ({ os: systems, cpu: processors }: LockedPackage) => allows(systems, os) && allows(processors, cpu);

  it('finds no package that must be there and is for another machine', () => {
    const foreign = Object.entries(packages).filter(([, each]) => !each.optional && !fits(each));
    expect(foreign.map(([name]) => name)).toEqual([]);
  });

  it.each(['@koromix/koffi', '@esbuild/', '@biomejs/cli', '@typescript/typescript', '@rolldown/binding'])(
    'finds what is compiled of %s',
    (prefix) => {
      const compiled = Object.entries(packages).filter(([name, each]) =>
        name.startsWith(`node_modules/${prefix}`) ? each.os !== undefined && each.cpu !== undefined : false,
      );
      expect(compiled.some(([, each]) => fits(each))).toBe(true);
    },
  );
});
