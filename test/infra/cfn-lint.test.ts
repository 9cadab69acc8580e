import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { expect, it } from 'vitest';
import { findProgram } from '../../container/streams/programs.js';
import { least, shipped, synthesize } from '../support/aws/stack.js';

const cfnLint = await findProgram('cfn-lint');
if (!cfnLint)
  process.stderr.write('\n*** cfn-lint is not installed: ITS TEST IS SKIPPED (pip install cfn-lint) ***\n\n');

const everything = {
  ...shipped.environments.prod,
  region: 'eu-west-1',
  media: [{ bucket: 'crm-media', prefix: 'uploads/' }],
  vault: { encryption: 'kms', lockDays: 7, replication: { region: 'eu-central-1' } },
  capacity: 'SPOT',
};

it.skipIf(!cfnLint)('cfn-lint finds nothing in what is deployed', { timeout: 300_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'respaldo-lint-'));
  try {
    const environments = { bare: least, everything };
    for (const env of Object.keys(environments)) {
      for (const [stack, template] of Object.entries(synthesize({ env, environments }))) {
        await writeFile(join(folder, `${stack}.json`), JSON.stringify(template));
      }
    }
    // W3005: CDK names a role's dependency twice, because it means the policy as well.
    const args = ['--regions', 'eu-west-1', '--ignore-checks', 'W3005', '--', join(folder, '*.json')];
    const { all, exitCode } = await execa(cfnLint ?? '', args, {
      all: true,
      reject: false,
    });
    expect({ exitCode, all }).toEqual({ exitCode: 0, all: '' });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
