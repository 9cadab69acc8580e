import { drillRecordOf, recordSuffix, verificationSuffix } from '../archive-name.js';
import type { StoredObject } from '../storage.js';

/** What a listing tells of the drill that counts. */
export interface DrillState {
  /** The newest drill of it passed. */
  readonly verified: boolean;
  /** The newest drill of it failed. */
  readonly drillFailed: boolean;
}

/**
 * The record of the newest drill of one copy of a backup: the one that counts. No record is ever replaced, so the one
 * without a time in its name is older than any dated one that passed; beside failed ones alone, the storage says which
 * was written last. Where two are equally new, the failed one counts.
 */
export function newestRecord(records: readonly StoredObject[]): StoredObject | undefined {
  const known = records.flatMap((object) => ({ object, ...outcomeOf(object) }));
  const [dated] = known
    .filter(({ time }) => time !== undefined)
    .sort((a, b) => (b.time?.getTime() ?? 0) - (a.time?.getTime() ?? 0) || (a.passed ? 1 : -1));
  const undated = known.find(({ time }) => time === undefined)?.object;
  if (!undated || known.some(({ time, passed }) => time && passed)) return dated?.object ?? undated;
  const newer = records.filter(({ key, modified }) => key !== undated.key && modified >= undated.modified);
  return newer.length > 0 ? dated?.object : undated;
}

/** What a listing tells of one copy of a backup; neither is true where it was never drilled. */
export function drillStateOf(records: readonly StoredObject[]): DrillState {
  const newest = newestRecord(records);
  const passed = newest && outcomeOf(newest).passed;
  return { verified: passed === true, drillFailed: passed === false };
}

/** One state for the copies of a backup in several storages: the proof of one speaks for all, and so does a failure. */
export function drillStateOfCopies(copies: readonly DrillState[]): DrillState {
  const drillFailed = copies.some((copy) => copy.drillFailed);
  return { verified: !drillFailed && copies.some((copy) => copy.verified), drillFailed };
}

/**
 * What follows the backup's name in the name of a new record: `.verified.json` for a first one that passed, else one
 * that is dated, and after all others, whatever the clock says.
 *
 * @param records those that are there
 */
export function newRecordSuffix(passed: boolean, startedAt: Date, records: readonly StoredObject[]): string {
  if (passed && records.length === 0) return verificationSuffix;
  const second = Math.floor(startedAt.getTime() / 1000) * 1000;
  const taken = records.map((record) => (outcomeOf(record).time?.getTime() ?? 0) + 1000);
  return recordSuffix(passed, new Date(Math.max(second, ...taken)));
}

function outcomeOf({ key }: StoredObject): { readonly passed: boolean; readonly time: Date | undefined } {
  const record = drillRecordOf(key.slice(key.lastIndexOf('/') + 1).replace(/^(?:db|media)_backup_\d{8}_\d{6}/, ''));
  return { passed: record?.outcome === 'passed', time: record?.time };
}
