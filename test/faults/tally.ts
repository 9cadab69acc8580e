import type { Outcome } from './round.js';
import { violationNames } from './violations.js';

/** How the rounds of one fault ended. */
interface Row {
  readonly fault: string;
  rounds: number;
  done: number;
  failed: number;
  killed: number;
  violations: number;
}

/** Outcomes counted by fault, in Markdown. */
export function tableOf(outcomes: readonly Outcome[]): string {
  const rows = new Map<string, Row>();
  for (const { fault, exitCode, violations } of outcomes) {
    const row = rows.get(fault) ?? { fault, rounds: 0, done: 0, failed: 0, killed: 0, violations: 0 };
    rows.set(fault, row);
    row.rounds += 1;
    if (exitCode === 'killed') row.killed += 1;
    else if (exitCode !== 0) row.failed += 1;
    else row.done += 1;
    if (violations.length > 0) row.violations += 1;
  }
  const sorted = [...rows.values()].sort((a, b) => a.fault.localeCompare(b.fault, 'en'));
  return [
    '| fault | rounds | done all the same | ended with an error | killed | promise broken |',
    '|---|---|---|---|---|---|',
    ...sorted.map((row) => `| ${Object.values(row).join(' | ')} |`),
  ].join('\n');
}

/** Outcomes counted by what was done. */
export function operationsOf(outcomes: readonly Outcome[]): string {
  const counts = new Map<string, number>();
  for (const { choice } of outcomes) {
    for (const word of [choice.operation, choice.storage, `${choice.variant.format} ${choice.variant.compression}`])
      counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return [...counts].map(([word, count]) => `${word} ${count}`).join(', ');
}

/** How often each promise was broken: hopefully `lost 0, wrongly listed 0, …`. */
export function violationsOf(outcomes: readonly Outcome[]): string {
  const all = outcomes.flatMap(({ violations }) => violations);
  return violationNames.map((name) => `${name} ${all.filter((each) => each.name === name).length}`).join(', ');
}
