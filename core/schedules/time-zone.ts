/** A time on a clock that hangs in some zone; months count from 1. */
export interface LocalTime {
  readonly year: number;
  readonly month: number;
  readonly day: number;
  readonly hour: number;
  readonly minute: number;
}

const minute = 60_000;
const day = 86_400_000;
const formats = new Map<string, Intl.DateTimeFormat>();

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone);
  if (known) return known;
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    hourCycle: 'h23',
    year: 'numeric',
    month: 'numeric',
    day: 'numeric',
    hour: 'numeric',
    minute: 'numeric',
  });
  formats.set(zone, format);
  return format;
}

/** Whether it is a name of the IANA database, in its own spelling: `Europe/Madrid`, `UTC`. */
export function isTimeZone(name: string): boolean {
  if (!/^(?:UTC|[A-Z][A-Za-z]*(?:\/[A-Z][A-Za-z0-9_+-]*)+)$/.test(name)) return false;
  return isSpelledSo(name) && meantTimeZone(name) !== undefined;
}

/** Intl takes any case; EventBridge Scheduler, cron and other programs do not. */
function isSpelledSo(name: string): boolean {
  const zones = Intl.supportedValuesOf('timeZone');
  if (zones.includes(name)) return true;
  // Of names that are kept for old times' sake there is no list; none shouts.
  return !zones.some((zone) => zone.toLowerCase() === name.toLowerCase()) && !/[A-Z]{4}/.test(name);
}

/** The zone that some other name of it stands for, like `utc` or `Japan`; undefined where there is none. */
export function meantTimeZone(name: string): string | undefined {
  try {
    const { timeZone } = formatFor(name).resolvedOptions();
    return /^[A-Z]/.test(timeZone) ? timeZone : undefined;
  } catch {
    return undefined; // Intl throws a RangeError for what it does not know
  }
}

/** What the clock shows there at an instant. */
export function localTime(instant: Date, zone: string): LocalTime {
  const parts = Object.fromEntries(
    formatFor(zone)
      .formatToParts(instant)
      .map(({ type, value }) => [type, value]),
  );
  const { year, month, day: date, hour, minute: minutes } = parts;
  return { year: Number(year), month: Number(month), day: Number(date), hour: Number(hour), minute: Number(minutes) };
}

/** `2026-03-29 03:00`. */
export function formatLocalTime(instant: Date, zone: string): string {
  return new Date(asUtc(localTime(instant, zone))).toISOString().slice(0, 16).replace('T', ' ');
}

/** The first instant at which the clock shows a time; undefined where daylight saving skips it. */
export function instantOf(local: LocalTime, zone: string): Date | undefined {
  const wanted = asUtc(local);
  // The offset is one of those a day before and after: a change of it lies between at most.
  for (const nearby of [wanted - day, wanted + day]) {
    const instant = new Date(wanted - offset(new Date(nearby), zone));
    if (asUtc(localTime(instant, zone)) === wanted) return instant;
  }
  return undefined;
}

/** The stretches of local time, in minutes as if of UTC, that clocks skip in the years to come. */
export function skippedTimes(
  zone: string,
  from: Date,
  years: number,
): { readonly first: Date; readonly minutes: number }[] {
  const skipped: { first: Date; minutes: number }[] = [];
  const end = from.getTime() + years * 366 * day;
  for (let time = from.getTime() - (from.getTime() % minute); time < end; time += 7 * day) {
    let [before, after] = [time, time + 7 * day];
    const forward = offset(new Date(after), zone) - offset(new Date(before), zone);
    if (forward <= 0) continue;
    const old = offset(new Date(before), zone);
    while (after - before > minute) {
      const middle = before + Math.floor((after - before) / 2 / minute) * minute;
      if (offset(new Date(middle), zone) === old) before = middle;
      else after = middle;
    }
    skipped.push({ first: new Date(after + old), minutes: forward / minute });
  }
  return skipped;
}

/** Milliseconds by which the clock there is ahead of UTC. */
function offset(instant: Date, zone: string): number {
  return asUtc(localTime(instant, zone)) - Math.floor(instant.getTime() / minute) * minute;
}

function asUtc({ year, month, day: date, hour, minute: minutes }: LocalTime): number {
  return Date.UTC(year, month - 1, date, hour, minutes);
}

/** The zone whose name is most like a mistyped one. */
export function similarTimeZone(name: string): string {
  const wanted = pairs(name);
  const scored = Intl.supportedValuesOf('timeZone').map((zone) => {
    const own = pairs(zone);
    const shared = [...wanted].filter((pair) => own.has(pair)).length;
    return { zone, score: (2 * shared) / (wanted.size + own.size) };
  });
  return scored.reduce((best, each) => (each.score > best.score ? each : best)).zone;
}

function pairs(text: string): Set<string> {
  const lower = text.toLowerCase();
  return new Set([...lower].slice(1).map((letter, index) => lower[index] + letter));
}
