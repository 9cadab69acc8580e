import { appendFile, readFile } from 'node:fs/promises';
import { availableParallelism } from 'node:os';
import type { Figure } from './case.js';

/** A figure of one case, as a bench has found it. */
export interface RatioRecord extends Figure {
  readonly type: 'ratio';
  readonly case: string;
  readonly rounds: number;
  readonly day: string;
  readonly cores: number;
}

/** One operation at one size. */
export interface SizeRecord {
  readonly type: 'size';
  readonly what: string;
  /** Of the database. */
  readonly megabytes: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMegabytes: number;
  readonly rounds: number;
  readonly day: string;
  readonly cores: number;
}

type Stamped = 'type' | 'day' | 'cores';

export function recordRatio(file: string, figure: Omit<RatioRecord, Stamped>): Promise<void> {
  return add(file, { type: 'ratio', ...figure });
}

export function recordSize(file: string, size: Omit<SizeRecord, Stamped>): Promise<void> {
  return add(file, { type: 'size', ...size });
}

/** All that a file holds; of what was measured again, the last. */
export async function recorded(file: string): Promise<{ ratios: RatioRecord[]; sizes: SizeRecord[] }> {
  const records = (await readFile(file, 'utf8'))
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as RatioRecord | SizeRecord);
  const last = <T>(of: readonly T[], key: (each: T) => string) => [
    ...new Map(of.map((each) => [key(each), each])).values(),
  ];
  return {
    ratios: last(
      records.filter((each) => each.type === 'ratio'),
      (each) => `${each.case} ${each.text.replace(/\d[\d.]*/g, '')}`,
    ),
    sizes: last(
      records.filter((each) => each.type === 'size'),
      (each) => `${each.what} ${each.megabytes}`,
    ),
  };
}

async function add(file: string, record: object): Promise<void> {
  const day = new Date().toISOString().slice(0, 10);
  await appendFile(file, `${JSON.stringify({ ...record, day, cores: availableParallelism() })}\n`);
}
