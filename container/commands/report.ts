import { writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import { kinds } from '../../core/archive-name.js';
import { messageOf, OperatorError } from '../../core/errors.js';
import { buildReport, type Report } from '../../core/report/model.js';
import { gather, type Sources, type TargetKey } from '../../core/report/sources.js';
import { defaultProofHours } from '../../core/report/verdict.js';
import { retentionPolicy } from '../../core/retention.js';
import { askStorages, type Silent } from '../ask-storages.js';
import { namesDatabase } from '../postgres/connection.js';
import type { Invocation } from '../program.js';
import type { Run } from '../run.js';
import { tellSilent } from './tell-silent.js';

interface ReportOptions {
  readonly out?: string;
  readonly json?: true;
}

export function registerReport(root: Command, invocation: Invocation): void {
  root
    .command('report')
    .description(
      'Make one HTML page that says whether you are safe: all targets of the storage, or the one of --target. Reads names, sizes and the newest records.',
    )
    .option(
      '--out <file>',
      'write the page to this file, and print its verdict; otherwise the page is printed, at a terminal its verdict alone',
    )
    .option('--json', 'print what the page shows as JSON')
    .action(async ({ out, json }: ReportOptions) => {
      const run = await invocation.start();
      const { report, silent } = await makeReport(run);
      // Loaded only here: what draws the page would be a tenth of each command's start.
      const { renderPage } = await import('../../core/report/view/page.js');
      if (out !== undefined) await writePage(out, renderPage(report));
      if (json) invocation.print(JSON.stringify(report, null, 2));
      else if (out !== undefined) invocation.print(`${report.verdict.sentence}\nThe page is ${resolve(out)}`);
      // Nobody reads HTML at a terminal.
      else if (process.stdout.isTTY)
        invocation.print(`${report.verdict.sentence}\nThe page with all of it: respaldo report --out report.html`);
      else invocation.print(renderPage(report));
      tellSilent(invocation, run, silent);
    });
}

/** Looks at all storages of the run; the report names those that do not answer. */
async function makeReport(run: Run): Promise<{ readonly report: Report; readonly silent: readonly Silent[] }> {
  const { settings, environment, now } = run;
  const target = settings.BACKUP_TARGET;
  const wanted = target === undefined ? undefined : kinds.map((kind) => ({ kind, target }));
  const sources: Sources[] = [];
  const silent = await askStorages(run, async (storage) => void sources.push(await gather(storage, wanted)));
  const configured: Record<TargetKey['kind'], boolean> = {
    database: namesDatabase(settings, environment),
    media: settings.MEDIA_ROOT !== undefined,
  };
  const report = buildReport(
    sources,
    {
      policy: retentionPolicy(settings.BACKUP_RETENTION_DAYS, settings.BACKUP_KEEP),
      maxAgeHours: ({ kind }) =>
        kind === 'database' ? settings.BACKUP_MAX_AGE_HOURS : settings.BACKUP_MEDIA_MAX_AGE_HOURS,
      maxProofHours: settings.BACKUP_VERIFIED_MAX_AGE_HOURS ?? defaultProofHours,
      expected: kinds.filter((kind) => configured[kind]).map((kind) => ({ kind, target: target ?? '' })),
      schedules: settings.BACKUP_SCHEDULES ?? [],
      zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      prices: settings.BACKUP_PRICE_PER_GB_MONTH,
    },
    now(),
    settings.BACKUP_ENVIRONMENT,
    silent.map(({ storage, error: { message, hint } }) => ({ storage: storage.name, reason: message, hint })),
  );
  return { report, silent };
}

async function writePage(path: string, page: string): Promise<void> {
  try {
    await writeFile(path, page);
  } catch (cause) {
    throw new OperatorError(
      'USAGE',
      `the page could not be written to ${path}: ${messageOf(cause)}`,
      'Give --out a file in a folder that is there and that you may write to.',
      { cause },
    );
  }
}
