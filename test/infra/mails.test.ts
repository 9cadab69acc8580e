import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { mockClient } from 'aws-sdk-client-mock';
import { describe, expect, it, vi } from 'vitest';
import { announceOn } from '../../core/aws/event-bus.js';
import { type Event, mailedEvents } from '../../core/events.js';
import { resourcesOf, template } from '../support/aws/stack.js';

vi.setConfig({ testTimeout: 300_000 });

const bus = mockClient(EventBridgeClient);
const lines = 'restores to something else than was backed up:\n  table a: 1 row\r\n\n  table\tb: 2 rows\n  and 3 more';
const failure = {
  environment: 'prod',
  kind: 'database',
  target: '',
  code: 'COMPARISON_DIFFERS',
  reason: lines,
  hint: lines,
  exitCode: 6,
  log: 'https://log.example',
  runbook: 'https://runbook.example',
  backup: 'b',
} as const;

/** What the bus gets of an event. */
async function sent(event: Event): Promise<Record<string, unknown>> {
  bus.reset();
  bus.on(PutEventsCommand).resolves({ FailedEntryCount: 0 });
  await announceOn('bus')(event);
  const [{ DetailType, Detail = '{}' } = {}] = bus.commandCalls(PutEventsCommand)[0]?.args[0].input.Entries ?? [];
  return { 'detail-type': DetailType, detail: JSON.parse(Detail) };
}

describe('the mail of a failure', () => {
  const [, rule] =
    resourcesOf(template(), 'AWS::Events::Rule').find(([, { Properties }]) =>
      Properties.EventPattern['detail-type']?.includes('Drill Failed'),
    ) ?? [];
  const paths: string[] = Object.values(rule?.Properties.Targets[0].InputTransformer.InputPathsMap);

  it('is of these events and no others', () => {
    expect(rule?.Properties.EventPattern['detail-type']).toEqual([...mailedEvents]);
  });

  it.each(mailedEvents)('shows nothing of %s that is more than one line', async (name) => {
    const event = await sent({ name, detail: failure });
    expect(paths).toEqual(expect.arrayContaining(['$.detail.reason', '$.detail.hint', '$.detail-type']));
    for (const path of paths) {
      const value = path
        .slice(2)
        .split('.')
        .reduce<unknown>((within, key) => (within as Record<string, unknown>)[key], event);
      expect(value, path).toEqual(expect.any(String));
      expect(value, path).not.toMatch(/\p{Cc}|[\u2028\u2029]/u);
    }
  });

  it('parts its lines by semicolons, and lets a heading be one', async () => {
    const { detail } = await sent({ name: 'Drill Failed', detail: failure });
    expect(detail).toMatchObject({
      reason: 'restores to something else than was backed up: table a: 1 row; table b: 2 rows; and 3 more',
    });
  });
});
