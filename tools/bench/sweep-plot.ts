import { scaleLog } from 'd3-scale';
import { line } from 'd3-shape';
import type { SizeRecord } from './record.js';

const [width, height, left, right, top, bottom] = [760, 300, 60, 190, 30, 40];
const gap = 70;
const colours = ['#1b6ca8', '#c2571a', '#3a7d44'];

/** Wall time, processor time and memory over the size, one below the other, both axes logarithmic. */
export function sweepPlot(sizes: readonly SizeRecord[]): string {
  const panels = [
    { title: 'wall time, seconds', of: ({ seconds }: SizeRecord) => seconds },
    { title: 'processor time with the server’s, seconds', of: ({ cpuSeconds }: SizeRecord) => cpuSeconds },
    { title: 'peak memory of ours, megabytes', of: ({ peakMegabytes }: SizeRecord) => peakMegabytes },
  ].map(({ title, of }, index) => panel(sizes, title, of, index * (height + gap)));
  const total = panels.length * (height + gap);
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${total}" font-family="sans-serif" font-size="12">
<title>Wall time, processor time and memory by the database's size</title>
<rect width="${width}" height="${total}" fill="#fff"/>
${panels.join('\n')}
</svg>
`;
}

function panel(sizes: readonly SizeRecord[], title: string, of: (size: SizeRecord) => number, y: number): string {
  const megabytes = [...new Set(sizes.map((size) => size.megabytes))].sort((a, b) => a - b);
  const x = scaleLog([Math.min(...megabytes) / 1.3, Math.max(...megabytes) * 1.3], [left, width - right]);
  const values = sizes.map(of);
  const up = scaleLog([Math.min(...values) / 1.5, Math.max(...values) * 1.5], [height - bottom, top]);
  const ticks = up.ticks(4).filter((tick) => Number.isInteger(Math.log10(tick)) || up.ticks(4).length < 8);
  const whats = [...new Set(sizes.map(({ what }) => what))];
  return `<g transform="translate(0 ${y})">
<text x="${left}" y="${top - 12}" font-weight="bold">${title}</text>
${ticks.map((tick) => `<path d="M${left} ${round(up(tick))}H${width - right}" stroke="#ddd"/><text x="${left - 6}" y="${round(up(tick)) + 4}" text-anchor="end">${tick}</text>`).join('\n')}
${megabytes.map((size) => `<path d="M${round(x(size))} ${top}V${height - bottom}" stroke="#eee"/><text x="${round(x(size))}" y="${height - bottom + 18}" text-anchor="middle">${size.toLocaleString('en')} MB</text>`).join('\n')}
${whats
  .map((what, index) =>
    curve(
      sizes.filter((size) => size.what === what),
      what,
      colours[index % colours.length] as string,
    ),
  )
  .join('\n')}
</g>`;

  function curve(points: readonly SizeRecord[], what: string, colour: string): string {
    const sorted = [...points].sort((a, b) => a.megabytes - b.megabytes);
    const path = line<SizeRecord>(
      (size) => round(x(size.megabytes)),
      (size) => round(up(of(size))),
    )(sorted);
    const last = sorted.at(-1);
    const label = last
      ? `<text x="${width - right + 8}" y="${round(up(of(last))) + 4}" fill="${colour}">${what.replace('respaldo ', '').replace('--database', '').trim()}</text>`
      : '';
    return `<path d="${path}" fill="none" stroke="${colour}" stroke-width="2"/>${label}`;
  }
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
