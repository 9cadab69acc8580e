import { access, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { shipped } from '../support/aws/stack.js';
import { temporaryFolder } from '../support/folders.js';

// Six seconds of processor time on a machine of 2026; the bound leaves room for one that does much else.
it.each(Object.keys(shipped.environments))(
  '%s is synthesized as shipped: without Docker, credentials, or a network',
  { timeout: 120_000 },
  async (environment) => {
    const home = await temporaryFolder();
    const out = join(home, 'cdk.out');
    const began = performance.now();
    const { exitCode, all } = await execa(
      process.execPath,
      ['node_modules/aws-cdk/bin/cdk', 'synth', '--quiet', '--context', `env=${environment}`, '--output', out],
      {
        env: {
          PATH: process.env.PATH,
          HOME: home,
          // Nobody listens there.
          ...{ HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9', CDK_DOCKER: '/nonexistent' },
        },
        extendEnv: false,
        reject: false,
        all: true,
      },
    );
    expect(exitCode, all).toBe(0);
    expect(performance.now() - began).toBeLessThan(60_000);
    const template = JSON.parse(await readFile(join(out, `Respaldo-${environment}.template.json`), 'utf8'));
    expect(Object.keys(template.Resources).length).toBeGreaterThan(50);
    // Every Lambda's code is there.
    const bundles = (await readdir(out)).filter((name) => name.startsWith('asset.') && !name.endsWith('.json'));
    expect(bundles.length).toBeGreaterThanOrEqual(7);
    // And all that `cdk deploy` builds the images of: the Dockerfile itself, and what it copies.
    const assets = JSON.parse(await readFile(join(out, `Respaldo-${environment}.assets.json`), 'utf8'));
    const images = Object.values<ImageAsset>(assets.dockerImages);
    expect(images.map(({ source: { platform } }) => platform)).toEqual(['linux/arm64', 'linux/arm64']);
    for (const { source } of images) {
      const context = join(out, source.directory);
      const dockerfile = await readFile(join(context, source.dockerFile), 'utf8');
      const copied = [...dockerfile.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
        names.split(' '),
      );
      expect(copied).toContain('container');
      for (const name of copied) await access(join(context, name));
    }
  },
);

interface ImageAsset {
  readonly source: { readonly directory: string; readonly dockerFile: string; readonly platform: string };
}
