import { buildReport, type Expectations, type Report } from '../../core/report/model.js';
import { gather } from '../../core/report/sources.js';
import { type MadeRun, MadeStorage, now, yearPolicy } from './histories.js';

export const expectations: Expectations = {
  policy: yearPolicy,
  maxAgeHours: ({ kind }) => (kind === 'database' ? 25 : 192),
  maxProofHours: 35 * 24,
  expected: [{ kind: 'database', target: '' }],
  schedules: [
    { name: 'database', expression: 'cron(0 3 * * ? *)' },
    { name: 'media', expression: 'cron(0 4 ? * SUN *)' },
    { name: 'cleanup', expression: 'cron(0 5 ? * MON *)' },
    { name: 'drill', expression: 'cron(0 6 1 * ? *)' },
  ],
  zone: 'Europe/Madrid',
  prices: { currency: 'USD', byClass: { STANDARD: 0.023, STANDARD_IA: 0.0125 } },
};

/** The report of a made history, at its {@link now}. */
export async function reportOf(runs: readonly MadeRun[], changes: Partial<Expectations> = {}): Promise<Report> {
  const sources = await gather(new MadeStorage(runs), undefined);
  return buildReport([sources], { ...expectations, ...changes }, now, 'prod');
}
