import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';

/** `pg_dump: 1.2 GB of about 3 GB, 210 MB/s, about 9 s left`. */
export function describe(what: string, done: number, total: number, milliseconds: number): string {
  const rate = milliseconds > 0 ? (done / milliseconds) * 1000 : 0;
  const parts = [`${what}: ${prettyBytes(done)}${total > 0 ? ` of about ${prettyBytes(total)}` : ''}`];
  if (milliseconds > 1_000) parts.push(`${prettyBytes(rate)}/s`);
  if (rate > 0 && total > done && milliseconds > 3_000) {
    parts.push(`about ${prettyMilliseconds(Math.round((total - done) / rate) * 1000, { compact: true })} left`);
  }
  return parts.join(', ');
}
