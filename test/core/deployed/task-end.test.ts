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
  containers: [{ exitCode: 0 }],
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
  it.each([
    { name: 'it runs', detail: { ...stopped, lastStatus: 'RUNNING' } },
    { name: 'it is another event', detail: { state: 'x' } },
    { name: 'there is nothing', detail: undefined },
  ])('is left alone where $name', ({ detail }) => {
    expect(parseTaskEnd(detail)).toBeUndefined();
  });
});

describe('a task’s end is judged', () => {
  const notStarted = {
    startedAt: undefined,
    stopCode: 'TaskFailedToStart',
    containers: [{ reason: 'CannotPullContainerError: no route' }],
  };
  it.each([
    { name: 'well: exit 0 and a manifest', change: {}, manifest: true, code: undefined },
    { name: 'exit 0 without a manifest', change: {}, manifest: false, code: 'NO_MANIFEST' },
    {
      name: 'what the program said',
      change: { containers: [{ exitCode: 3 }] },
      told,
      manifest: false,
      code: 'SERVER_UNREACHABLE',
    },
    { name: 'a bug, by its exit code', change: { containers: [{ exitCode: 1 }] }, manifest: false, code: 'BUG' },
    {
      name: 'a bug, by an error without a code',
      change: { containers: [{ exitCode: 1 }] },
      told: { ...told, code: undefined },
      manifest: false,
      code: 'BUG',
    },
    {
      name: 'a code that the program does not have',
      change: { containers: [{ exitCode: 3 }] },
      told: { ...told, code: 'X' },
      manifest: false,
      code: 'BUG',
    },
    {
      name: 'an exit code and no word',
      change: { containers: [{ exitCode: 3 }] },
      manifest: false,
      code: 'TASK_STOPPED',
    },
    {
      name: 'no exit code and no word',
      change: { stopCode: 'UserInitiated', containers: [{}] },
      manifest: false,
      code: 'TASK_STOPPED',
    },
    {
      name: 'out of memory',
      change: { containers: [{ exitCode: 137, reason: 'OutOfMemoryError: container killed' }] },
      manifest: false,
      code: 'OUT_OF_MEMORY',
    },
    { name: 'never started', change: notStarted, manifest: false, code: 'TASK_NOT_STARTED' },
    {
      name: 'Spot taken back',
      change: { stopCode: 'SpotInterruption', containers: [{ exitCode: 143 }] },
      manifest: false,
      code: 'SPOT_INTERRUPTED',
    },
    {
      name: 'a failure after its manifest',
      change: { containers: [{ exitCode: 4 }] },
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
