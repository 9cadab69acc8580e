import { describe, expect, it } from 'vitest';
import { LocalStorage } from '../../../container/storage/local-storage.js';
import { claimIncident, incidentFolder } from '../../../core/deployed/incidents.js';
import { parseTaskEnd } from '../../../core/deployed/task-end.js';
import type { Event } from '../../../core/events.js';
import { temporaryFolder } from '../../support/folders.js';

const end = parseTaskEnd({
  taskArn: 'arn:aws:ecs:eu-west-1:123456789012:task/respaldo-prod-tasks/0123',
  group: 'family:respaldo-prod-backup-database',
  lastStatus: 'STOPPED',
  createdAt: '2026-01-15T03:00:00.000Z',
  containers: [{ name: 'respaldo', exitCode: 3 }],
});
if (!end) throw new Error('not ended');
const event: Event = {
  name: 'Backup Failed',
  detail: { kind: 'database', target: '', code: 'BUSY', reason: 'r', hint: 'h', runbook: 'b' },
};
const incident = (requestId: string, taskEnd = end) =>
  ({ job: 'backup', kind: 'database', target: '', end: taskEnd, requestId, event }) as const;

const storage = async () => new LocalStorage(await temporaryFolder());

describe('an incident', () => {
  it('is told by who notes it first, and by nobody else', async () => {
    const vault = await storage();
    const claims = await Promise.all(['a', 'b', 'c'].map((id) => claimIncident(vault, incident(id))));
    expect(claims.filter(Boolean)).toHaveLength(1);
    const notes: string[] = [];
    for await (const { key } of vault.list('')) notes.push(key);
    expect(notes).toEqual(['backup-database/20260115_030000-0123.json']);
  });

  it('is told again by the retry of who noted it and broke off', async () => {
    const vault = await storage();
    await claimIncident(vault, incident('a'));
    expect(await claimIncident(vault, incident('a'))).toBe(true);
  });

  it('is another one for another task', async () => {
    const vault = await storage();
    await claimIncident(vault, incident('a'));
    expect(await claimIncident(vault, incident('b', { ...end, taskArn: `${end.taskArn}4` }))).toBe(true);
  });

  it('has a folder for each target and job', () => {
    expect(incidentFolder({ job: 'restore', kind: 'database', target: 'crm' })).toBe('crm-restore-database/');
  });
});
