import { expect, it } from 'vitest';
import { workerStartedBy } from '../../../core/deployed/deployment.js';
import { parseTaskEnd } from '../../../core/deployed/task-end.js';

it.each([
  { startedBy: 'respaldo', judged: true },
  { startedBy: undefined, judged: true },
  // Its run goes on without it, and tells of itself.
  { startedBy: workerStartedBy, judged: false },
])('the end of a task started by $startedBy is judged: $judged', ({ startedBy, judged }) => {
  const detail = {
    taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-x-tasks/0123',
    group: 'family:respaldo-x-backup-database',
    lastStatus: 'STOPPED',
    createdAt: '2026-01-15T03:00:00Z',
    containers: [{ name: 'respaldo', exitCode: 3 }],
    ...(startedBy ? { startedBy } : {}),
  };
  expect(parseTaskEnd(detail) !== undefined).toBe(judged);
});
