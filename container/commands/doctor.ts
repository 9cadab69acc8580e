import type { Command } from 'commander';
import { type Check, type Diagnosis, diagnose } from '../doctor/check.js';
import { databaseChecks } from '../doctor/database-checks.js';
import { keyChecks } from '../doctor/key-checks.js';
import { mediaChecks } from '../doctor/media-checks.js';
import { programChecks } from '../doctor/program-checks.js';
import { clockCheck, storageChecks } from '../doctor/storage-checks.js';
import { temporaryFolderCheck } from '../doctor/temporary-folder.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';

export function registerDoctor(root: Command, invocation: Invocation): void {
  root
    .command('doctor')
    .description('Try everything that backups and restores need, and say how to mend what is wrong.')
    .option('--json', 'print the findings as JSON')
    .action(async ({ json }: { json?: true }) => {
      const run = await invocation.start();
      const diagnoses: Diagnosis[] = [];
      for (const check of checks(run)) {
        run.signal.throwIfAborted();
        const diagnosis = await diagnose(check);
        diagnoses.push(diagnosis);
        if (!json) invocation.print(line(diagnosis));
      }
      const failed = diagnoses.filter(({ state }) => state === 'fail');
      if (json)
        invocation.print(
          JSON.stringify(
            diagnoses.map(({ error, ...rest }) => ({ ...rest, ...(error ? { code: error.code } : {}) })),
            null,
            2,
          ),
        );
      else invocation.print(`\n${summary(diagnoses)}`);
      if (failed[0]?.error) invocation.exitWith(failed[0].error.exitCode);
    });
}

function summary(diagnoses: readonly Diagnosis[]): string {
  const of = (wanted: Diagnosis['state']) => diagnoses.filter(({ state }) => state === wanted).length;
  if (of('fail') > 0) return `${of('fail')} of ${diagnoses.length} checks failed.`;
  const warnings = of('warn');
  if (warnings === 0) return 'Everything that is needed works.';
  return `Nothing failed; ${warnings === 1 ? 'one warning says' : `${warnings} warnings say`} what to look at.`;
}

function checks(run: Run): Check[] {
  const { settings, storages } = run;
  const usesS3 = storages.some(({ type }) => type === 's3');
  const region = settings.AWS_S3_REGION_NAME ?? settings.AWS_REGION ?? 'us-east-1';
  const endpoint = settings.AWS_ENDPOINT_URL_S3 ?? settings.AWS_ENDPOINT_URL ?? `https://s3.${region}.amazonaws.com`;
  return [
    ...programChecks(settings),
    temporaryFolderCheck,
    ...databaseChecks(run),
    ...mediaChecks(run),
    ...storages.flatMap((storage) => storageChecks(run, storage)),
    ...(usesS3 ? [clockCheck(endpoint)] : []),
    ...keyChecks(run),
  ];
}

const words = { ok: 'OK  ', warn: 'WARN', fail: 'FAIL' } as const;

function line({ what, state, text, fix }: Diagnosis): string {
  const found = `${words[state]} | ${what}: ${text}`;
  return state === 'ok' ? found : `${found}\n       fix: ${fix}`;
}
