import type { Kind } from '../archive-name.js';

const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

/** A length of time as one says it: `45 s`, `11 min`, `7 h`, `3 d`. Milliseconds in. */
export function span(milliseconds: number): string {
  const length = Math.max(0, milliseconds);
  if (length < minute) return `${Math.max(1, Math.round(length / 1000))} s`;
  if (length < 90 * minute) return `${Math.round(length / minute)} min`;
  if (length < 2 * day) return `${Math.round(length / hour)} h`;
  return `${Math.round(length / day)} d`;
}

/** A size in units of 1024, as `respaldo list` has them: `45.3 MB`. */
export function size(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB', 'PB'];
  let [value, unit] = [bytes, 0];
  while (value >= 999.5 && unit < units.length - 1) [value, unit] = [value / 1024, unit + 1];
  return `${unit === 0 || value >= 100 ? Math.round(value) : value.toFixed(value >= 10 ? 1 : 2)} ${units[unit]}`;
}

/** `1 table`, `1,204 tables`. */
export function count(number: number, one: string, several = `${one}s`): string {
  return `${number.toLocaleString('en')} ${number === 1 ? one : several}`;
}

/** `2026-03-05 03:00`, in UTC like the stamps in the names. */
export function minuteOf(time: Date): string {
  return time.toISOString().slice(0, 16).replace('T', ' ');
}

/** `2026-03-05` */
export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

/** A target as a sentence names it: `database`, `crm database`. */
export function targetName({ kind, target }: { readonly kind: Kind; readonly target: string }): string {
  return target === '' ? kind : `${target} ${kind}`;
}

/** `a`, `a and b`, `a, b and c`. */
export function listed(words: readonly string[]): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1)}`;
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
