import { InvalidArgumentError } from 'commander';

/*
 * The values of options, read from the command line.
 */

export function wholeNumber(value: string): number {
  if (!/^[1-9]\d{0,2}$/.test(value)) throw new InvalidArgumentError('Give a whole number, 1 or more.');
  return Number(value);
}

export function taskCount(value: string): number {
  const count = wholeNumber(value);
  if (count > 16) throw new InvalidArgumentError('Give a whole number from 1 to 16.');
  return count;
}

export function megabytesASecond(value: string): number {
  const rate = Number(value);
  if (!(rate > 0)) throw new InvalidArgumentError('Give megabytes a second, more than 0.');
  return rate * 1_000_000;
}

export function hours(value: string): number {
  const number = Number(value);
  if (!Number.isFinite(number) || number <= 0) throw new InvalidArgumentError('Give hours, more than 0.');
  return number;
}

/** Of an option that may be given several times. */
export function collect(value: string, before: readonly string[]): string[] {
  return [...before, value];
}
