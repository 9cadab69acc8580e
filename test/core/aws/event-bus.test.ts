import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it } from 'vitest';
import { announceOn } from '../../../core/aws/event-bus.js';
import type { Event } from '../../../core/events.js';

const bus = mockClient(EventBridgeClient);
const about = { kind: 'database', target: '' } as const;
/** As long as PostgreSQL lets a schema's and a table's name be, in characters of four bytes. */
const table = `${'𝒳'.repeat(15)}.${'𝒳'.repeat(15)}`.padEnd(127, 'x');

async function published(event: Event) {
  bus.reset();
  bus.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
  await announceOn('bus')(event);
  const [entry] = bus.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
  return { bytes: Buffer.byteLength(entry?.Detail ?? ''), detail: JSON.parse(entry?.Detail ?? '{}') };
}

describe('events on the bus', () => {
  it('of a database that has lost all of its ten thousand tables fit in', async () => {
    const anomaly = {
      what: 'table gone',
      table,
      before: 1,
      now: 0,
      text: `table ${table} is gone; it had 1 rows`,
    } as const;
    const anomalies = Array.from({ length: 10_000 }, () => anomaly);
    const { bytes, detail } = await published({ name: 'Backup Anomaly', detail: { ...about, backup: 'b', anomalies } });
    expect(bytes).toBeLessThan(200 * 1024);
    expect(detail).toMatchObject({ more: 9_900, anomalies: expect.arrayContaining([anomaly]) });
  });

  it('of a cleanup of many thousand backups fit in', async () => {
    const removed = Array.from({ length: 20_000 }, (_, index) => `a-target/db_backup_20240115_${index}`);
    const { bytes, detail } = await published({ name: 'Cleanup Completed', detail: { ...about, removed, kept: 1 } });
    expect(bytes).toBeLessThan(200 * 1024);
    expect(detail).toMatchObject({ more: 19_900, kept: 1 });
  });

  it('are as they are where they fit', async () => {
    const { detail } = await published({ name: 'Cleanup Completed', detail: { ...about, removed: ['one'], kept: 1 } });
    expect(detail).toEqual({ ...about, removed: ['one'], kept: 1 });
  });

  it('that the bus does not take are an error, although the answer is a 200', async () => {
    bus.reset();
    bus.on(PutEventsCommand).resolves({ FailedEntryCount: 1, Entries: [{ ErrorCode: 'X', ErrorMessage: 'no' }] });
    const event = { name: 'Cleanup Completed', detail: { ...about, removed: [], kept: 1 } } as const;
    await expect(announceOn('bus')(event)).rejects.toThrow('event "Cleanup Completed" not taken by bus bus: X no');
  });
});
