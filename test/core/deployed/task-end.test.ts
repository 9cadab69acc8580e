import { describe, expect, it } from 'vitest';
import { findToldError, judgeTaskEnd, parseTaskEnd } from '../../../core/deployed/task-end.js';

const stopped = {
  taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123',
  group: 'family:respaldo-prod-backup-database',
  lastStatus: 'STOPPED',
  createdAt: '2026-01-15T03:00:00.000Z',
  startedAt: '2026-01-15T03:00:30.000Z',
  stopCode: 'EssentialContainerExited',
  stoppedReason: 'Essential container in task exited',
  containers: [{ name: 'respaldo', exitCode: 0 }],
};
const told = { code: 'SERVER_UNREACHABLE', message: 'database "crm" not reached', hint: 'Start it.' };

describe('what ECS tells of a task', () => {
  it('is read where the task has ended', () => {
    expect(parseTaskEnd(stopped)).toMatchObject({
      family: 'respaldo-prod-backup-database',
      started: true,
      exitCode: 0,
    });
  });
  it('is read where it leaves out what it may', () => {
    const bare = { startedBy: null, startedAt: null, stopCode: null, stoppedReason: null };
    for (const containers of [null, undefined, [], [{ exitCode: null, reason: null }]])
      expect(parseTaskEnd({ ...stopped, ...bare, containers })).toEqual({
        ...{ taskArn: stopped.taskArn, family: 'respaldo-prod-backup-database' },
        ...{ createdAt: new Date(stopped.createdAt), started: false, stopCode: '', said: '', exitCode: undefined },
      });
  });
  it.each([
    { name: 'it runs', detail: { ...stopped, lastStatus: 'RUNNING' } },
    { name: 'it is another event', detail: { state: 'x' } },
    { name: 'there is nothing', detail: undefined },
  ])('is left alone where $name', ({ detail }) => {
    expect(parseTaskEnd(detail)).toBeUndefined();
  });
});

describe('containers that AWS puts beside the program', () => {
  const agent = { name: 'aws-guardduty-agent-0a1b', exitCode: 0, reason: 'OutOfMemoryError: the agent' };
  it('do not answer for it', () => {
    const failed = parseTaskEnd({ ...stopped, containers: [agent, { name: 'respaldo', exitCode: 3 }] });
    expect(failed).toMatchObject({ exitCode: 3, said: 'Essential container in task exited' });
    const well = parseTaskEnd({ ...stopped, containers: [{ ...agent, exitCode: 137 }, stopped.containers[0]] });
    expect(well && judgeTaskEnd(well, true, true, undefined)).toBeUndefined();
  });

  it('may be why it did not start', () => {
    const containers = [{ name: 'aws-guardduty-agent-0a1b', reason: 'CannotPullContainerError' }, { name: 'respaldo' }];
    const end = parseTaskEnd({ ...stopped, startedAt: undefined, stopCode: 'TaskFailedToStart', containers });
    expect(end && judgeTaskEnd(end, true, false, undefined)).toMatchObject({
      code: 'TASK_NOT_STARTED',
      reason: expect.stringContaining('CannotPullContainerError'),
    });
  });
});

describe('a task’s end is judged', () => {
  const notStarted = {
    startedAt: undefined,
    stopCode: 'TaskFailedToStart',
    containers: [{ name: 'respaldo', reason: 'CannotPullContainerError: no route' }],
  };
  it.each([
    { name: 'well: exit 0 and a manifest', change: {}, manifest: true, code: undefined },
    { name: 'exit 0 without a manifest', change: {}, manifest: false, code: 'NO_MANIFEST' },
    {
      name: 'what the program said',
      change: { containers: [{ name: 'respaldo', exitCode: 3 }] },
      told,
      manifest: false,
      code: 'SERVER_UNREACHABLE',
    },
    {
      name: 'somebody who stopped it before it ran',
      change: {
        startedAt: undefined,
        stopCode: 'UserInitiated',
        stoppedReason: 'Task stopped by user',
        containers: [{ name: 'respaldo' }],
      },
      manifest: false,
      code: 'TASK_STOPPED',
    },
    {
      name: 'a bug, by its exit code',
      change: { containers: [{ name: 'respaldo', exitCode: 1 }] },
      manifest: false,
      code: 'BUG',
    },
    {
      name: 'a bug, by an error without a code',
      change: { containers: [{ name: 'respaldo', exitCode: 1 }] },
      told: { ...told, code: undefined },
      manifest: false,
      code: 'BUG',
    },
    {
      name: 'a code that the program does not have',
      change: { containers: [{ name: 'respaldo', exitCode: 3 }] },
      told: { ...told, code: 'X' },
      manifest: false,
      code: 'BUG',
    },
    {
      name: 'an exit code and no word',
      change: { containers: [{ name: 'respaldo', exitCode: 3 }] },
      manifest: false,
      code: 'TASK_STOPPED',
    },
    {
      name: 'no exit code and no word',
      change: { stopCode: 'UserInitiated', containers: [{ name: 'respaldo' }] },
      manifest: false,
      code: 'TASK_STOPPED',
    },
    {
      name: 'out of memory',
      change: { containers: [{ name: 'respaldo', exitCode: 137, reason: 'OutOfMemoryError: container killed' }] },
      manifest: false,
      code: 'OUT_OF_MEMORY',
    },
    { name: 'never started', change: notStarted, manifest: false, code: 'TASK_NOT_STARTED' },
    {
      name: 'Spot taken back',
      change: { stopCode: 'SpotInterruption', containers: [{ name: 'respaldo', exitCode: 143 }] },
      manifest: false,
      code: 'SPOT_INTERRUPTED',
    },
    {
      name: 'a failure after its manifest',
      change: { containers: [{ name: 'respaldo', exitCode: 4 }] },
      told: { ...told, code: 'STORAGE_FAILED' },
      manifest: true,
      code: 'STORAGE_FAILED',
    },
  ])('$name', ({ change, manifest, code, told: said }) => {
    const end = parseTaskEnd({ ...stopped, ...change });
    if (!end) throw new Error('not ended');
    const verdict = judgeTaskEnd(end, true, manifest, said);
    expect(verdict?.code).toBe(code);
    if (verdict) expect(verdict.hint).toMatch(/\.$/);
  });

  it('expects no manifest of a restore', () => {
    const end = parseTaskEnd(stopped);
    expect(end && judgeTaskEnd(end, false, false, undefined)).toBeUndefined();
  });
});

it('finds the last error among other lines', () => {
  const lines = [
    '{"level":50,"msg":"first","code":"BUSY","hint":"Wait."}',
    '{"level":50,"msg":"pg_dump failed","code":"SOURCE_FAILED","hint":"See above."}',
    '{"level":30,"msg":"ended"}',
    'node: a warning that is no JSON',
  ];
  expect(findToldError(lines)).toEqual({ code: 'SOURCE_FAILED', message: 'pg_dump failed', hint: 'See above.' });
  expect(findToldError(['nothing'])).toBeUndefined();
});
