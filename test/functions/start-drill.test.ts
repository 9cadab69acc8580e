import { ECSClient, RunTaskCommand } from '@aws-sdk/client-ecs';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeEach, describe, expect, it } from 'vitest';
import { silentLog } from '../../core/log.js';
import { startDrills } from '../../functions/start-drill.js';
import { deployment } from '../support/aws/deployment.js';

const ecs = mockClient(ECSClient);
const taskArn = 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123';
const context = { ecs: new ECSClient(), deployment, log: silentLog, pauses: [0, 0] };
const inputs = () => ecs.commandCalls(RunTaskCommand).map(({ args: [{ input }] }) => input);
const completed = {
  source: 'respaldo',
  'detail-type': 'Backup Completed',
  detail: { kind: 'database', target: '', backup: 'db_backup_20260115_030000' },
};

beforeEach(() => {
  ecs.reset();
});

describe('a drill is started', () => {
  it.each([
    { what: 'by its schedule', event: { schedule: 'arn', due: 'today' }, command: ['drill', '--latest'] },
    { what: 'after a backup', event: completed, command: ['drill', 'db_backup_20260115_030000'] },
    { what: 'by hand', event: { backup: 'latest' }, command: ['drill', '--latest'] },
  ])('$what', async ({ event, command }) => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    expect(await startDrills(context, event, 'r1')).toEqual({
      started: [expect.objectContaining({ target: '', taskArn })],
    });
    expect(inputs()).toEqual([
      expect.objectContaining({
        taskDefinition: 'respaldo-prod-drill-database',
        overrides: { containerOverrides: [{ name: 'respaldo', command }] },
      }),
    ]);
  });

  it('once, however often the same news arrives', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [{ taskArn }] });
    await startDrills(context, completed, 'r1');
    await startDrills(context, completed, 'r2');
    const [first, second] = inputs();
    expect(first?.clientToken).toBe(second?.clientToken);
  });

  it('or fails loudly', async () => {
    ecs.on(RunTaskCommand).resolves({ tasks: [], failures: [{ reason: 'Capacity is unavailable' }] });
    await expect(startDrills(context, completed, 'r1')).rejects.toThrow('Capacity is unavailable');
  });

  it('{} is answered with help', async () => {
    expect(await startDrills(context, {}, 'r1')).toEqual({ help: expect.stringContaining('"backup"') });
    expect(inputs()).toEqual([]);
  });
});
