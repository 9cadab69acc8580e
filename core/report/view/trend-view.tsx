import { scaleLinear, scaleUtc } from 'd3-scale';
import { area, line } from 'd3-shape';
import { minuteOf, size, span } from '../text.js';
import type { TrendPoint } from '../trend.js';

interface Series {
  readonly name: string;
  readonly points: readonly { readonly time: Date; readonly value: number; readonly label: string }[];
  readonly mark: 'line' | 'squares';
}

interface Unit {
  readonly name: string;
  readonly per: number;
}

/** Size over time. */
export function SizeTrend({ trend, now }: { trend: readonly TrendPoint[]; now: Date }) {
  const points = trend.map(({ time, bytes }) => ({ time, value: bytes, label: `${minuteOf(time)}: ${size(bytes)}` }));
  const names = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  const units = names.map((name, index) => ({ name, per: 1024 ** index }));
  return <Chart title="Size" series={[{ name: 'size of the backup', points, mark: 'line' }]} units={units} now={now} />;
}

/** How long backups took, and the restores of drills. */
export function DurationTrend({ trend, now }: { trend: readonly TrendPoint[]; now: Date }) {
  const points = (of: (point: TrendPoint) => number | undefined, what: string) =>
    trend.flatMap((point) => {
      const seconds = of(point);
      return seconds === undefined
        ? []
        : [{ time: point.time, value: seconds, label: `${minuteOf(point.time)}: ${what} ${span(seconds * 1000)}` }];
    });
  const backups = points(({ seconds }) => seconds, 'backup took');
  const restores = points(({ restoreSeconds }) => restoreSeconds, 'a drill restored it in');
  const series: Series[] = [{ name: 'backup', points: backups, mark: 'line' }];
  if (restores.length > 0) series.push({ name: 'restore, measured by a drill', points: restores, mark: 'squares' });
  const units = [
    { name: 's', per: 1 },
    { name: 'min', per: 60 },
    { name: 'h', per: 3600 },
  ];
  return <Chart title="Duration" series={series} units={units} now={now} />;
}

interface ChartProps {
  readonly title: string;
  readonly series: readonly Series[];
  readonly units: readonly Unit[];
  readonly now: Date;
}

/** Drawn in per cent of its box and stretched to it, with letters in HTML: so that they have one size on every screen. */
function Chart({ title, series, units, now }: ChartProps) {
  const values = series.flatMap(({ points }) => points.map(({ value }) => value));
  if (values.length === 0) return null;
  const most = Math.max(...values);
  const unit = [...units].reverse().find(({ per }) => most >= per * 1.5) ?? units[0] ?? { name: '', per: 1 };
  const y = scaleLinear([0, Math.max(most / unit.per, 1e-3)], [100, 0]).nice(3);
  const from = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 11, 1));
  const x = scaleUtc([from, now], [0, 100]);
  const place = ({ time, value }: { time: Date; value: number }): [number, number] => [x(time), y(value / unit.per)];
  const seen = series.map((each) => ({ ...each, points: each.points.filter(({ time }) => time >= from) }));
  const ticks = y.ticks(3);
  return (
    <figure class="chart">
      <figcaption>
        {title}
        {series.length > 1 && (
          <span class="muted">
            {' '}
            of the backup <span class="key-line" /> and of a drill’s restore <span class="key-drill">■</span>
          </span>
        )}
      </figcaption>
      <div class="plot">
        <svg viewBox="0 0 100 100" preserveAspectRatio="none" role="group" aria-label={summary(title, seen)}>
          {ticks.map((tick) => (
            <path key={tick} class="grid" d={`M0 ${y(tick)}H100`} />
          ))}
          {seen.map(({ name, points, mark }) => (
            <g key={name}>
              {mark === 'line' && points.length > 1 && (
                <>
                  <path class="area" d={areaOf(points.map(place))} />
                  <path class="line" d={lineOf(points.map(place))} />
                </>
              )}
              {points.map((point) => {
                const [left, top] = place(point);
                return (
                  <g key={point.time.getTime()} role="img">
                    <title>{point.label}</title>
                    <path class={mark === 'line' ? 'point' : 'point drill'} d={`M${round(left)} ${round(top)}h0`} />
                  </g>
                );
              })}
            </g>
          ))}
        </svg>
        <div class="y-axis" aria-hidden="true">
          {ticks.map((tick) => (
            <span key={tick} style={{ top: `${y(tick)}%` }}>
              {tick} {tick === ticks.at(-1) ? unit.name : ''}
            </span>
          ))}
        </div>
      </div>
      <div class="x-axis" aria-hidden="true">
        {x.ticks(6).map((tick) => (
          <span key={tick.getTime()} style={{ left: `${round(x(tick))}%` }}>
            {x.tickFormat(6, '%b')(tick)}
          </span>
        ))}
      </div>
    </figure>
  );
}

function summary(title: string, series: readonly Series[]): string {
  const parts = series.flatMap(({ name, points }) => {
    const [first, last] = [points[0], points.at(-1)];
    return first && last ? [`${name}, ${points.length} points, first ${first.label}, last ${last.label}`] : [];
  });
  return `${title} over twelve months: ${parts.join('; ')}`;
}

function lineOf(points: readonly [number, number][]): string {
  return line().digits(2)([...points]) ?? '';
}

function areaOf(points: readonly [number, number][]): string {
  return area().y0(100).digits(2)([...points]) ?? '';
}

function round(number: number): number {
  return Math.round(number * 100) / 100;
}
