import type { RatioRecord, SizeRecord } from './record.js';

/** Ratios as Markdown. */
export function ratiosTable(ratios: readonly RatioRecord[]): string {
  return table(
    ['case', 'what', 'ratio', 'goal', '', 'rounds'],
    ratios.map(({ case: name, text, ratio, goal, rounds }) => [
      name,
      text.replaceAll('|', '\\|'),
      ratio.toFixed(3),
      String(goal),
      ratio <= goal ? 'met' : '**missed**',
      String(rounds),
    ]),
    ratios,
  );
}

/** Sizes as Markdown. */
export function sizesTable(sizes: readonly SizeRecord[]): string {
  return table(
    ['database', 'what', 'wall', 'processors', 'peak memory of ours', 'rounds'],
    [...sizes]
      .sort((a, b) => a.megabytes - b.megabytes)
      .map(({ megabytes, what, seconds, cpuSeconds, peakMegabytes, rounds }) => [
        `${megabytes.toLocaleString('en')} MB`,
        `\`${what}\``,
        `${seconds.toFixed(2)} s`,
        `${cpuSeconds.toFixed(1)} s`,
        `${peakMegabytes.toFixed(0)} MB`,
        String(rounds),
      ]),
    sizes,
  );
}

function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  measured: readonly { readonly day: string; readonly cores: number }[],
): string {
  const unique = (values: readonly (string | number)[]) => [...new Set(values)].sort().join(', ');
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [
    `Measured on ${unique(measured.map(({ day }) => day))}, ${unique(measured.map(({ cores }) => cores))} cores shared by server and client; medians, after one round that does not count.`,
    '',
    line(head),
    line(head.map(() => '---')),
    ...rows.map(line),
  ].join('\n');
}
