import { describe, expect, it } from 'vitest';
import { tasksPort } from '../../core/deployed/deployment.js';
import { readEnvironment } from '../../infra/settings/read.js';
import { allows, rightsOf, rolesOf } from '../support/aws/iam.js';
import { least, resourcesOf, type Template, template } from '../support/aws/stack.js';

const [database] = least.databases;
const several = template({
  env: 'x',
  environments: {
    x: {
      databases: [
        { ...database, target: 'crm', format: 'parallel', tasks: 3 },
        { ...database, target: 'shop' },
      ],
      capacity: 'SPOT',
    },
  },
});
const single = template({ env: 'x', environments: { x: least } });

/** The ports that the tasks' security group lets its own members in at. */
function opened(of: Template): unknown[] {
  return resourcesOf(of, 'AWS::EC2::SecurityGroupIngress').map(([, { Properties }]) => [
    Properties.FromPort,
    Properties.ToPort,
    JSON.stringify(Properties.SourceSecurityGroupId) === JSON.stringify(Properties.GroupId),
  ]);
}

function container(family: string, of = several) {
  const [, definition] =
    resourcesOf(of, 'AWS::ECS::TaskDefinition').find(([, { Properties }]) => Properties.Family === family) ?? [];
  const { Environment = [], Secrets = [] } = definition?.Properties.ContainerDefinitions[0] ?? {};
  const named = (list: { Name: string }[]) => list.map(({ Name }) => Name).filter((name) => /TASKS/.test(name));
  return { environment: Environment as { Name: string; Value: unknown }[], secrets: named(Secrets), named };
}

describe('several tasks for one database', () => {
  it.each([
    { job: 'backup', capacity: 'FARGATE_SPOT' },
    { job: 'restore', capacity: 'FARGATE' },
  ])('the $job is told how to start the others, on $capacity', ({ job, capacity }) => {
    const { environment, secrets } = container(`respaldo-x-crm-${job}-database`);
    expect(environment).toEqual(
      expect.arrayContaining([
        { Name: 'BACKUP_TASKS', Value: '3' },
        { Name: 'BACKUP_TASKS_PORT', Value: String(tasksPort) },
        { Name: 'BACKUP_TASKS_CAPACITY', Value: capacity },
        { Name: 'BACKUP_TASKS_PUBLIC_ADDRESS', Value: 'true' },
      ]),
    );
    expect(secrets).toEqual(['BACKUP_TASKS_SECRET']);
  });

  it('may start just more of themselves', () => {
    const rights = rightsOf(several, 'respaldo-x-crm-backup-database');
    const [run] = rights.filter(({ actions }) => actions.includes('ecs:RunTask'));
    expect(run?.resources).toEqual([expect.stringMatching(/task-definition\/respaldo-x-crm-backup-database:\*$/)]);
    expect(run?.condition).toHaveProperty(['ArnEquals', 'ecs:cluster']);
    const passed = rights.filter(({ actions }) => actions.includes('iam:PassRole')).flatMap((each) => each.resources);
    expect(passed.filter((arn) => !arn.includes('ExecutionRole'))).toEqual([
      `<${rolesOf(several)['respaldo-x-crm-backup-database']}.Arn>`,
    ]);
  });

  it('reach each other at one port, and nobody else does', () => {
    expect(opened(several)).toEqual([[tasksPort, tasksPort, true]]);
  });

  it('change nothing for a target that has one task', () => {
    for (const job of ['backup', 'restore']) {
      const { environment, secrets, named } = container(`respaldo-x-shop-${job}-database`);
      expect([...named(environment), ...secrets]).toEqual([]);
      const rights = rightsOf(several, `respaldo-x-shop-${job}-database`);
      expect(allows(rights, { action: 'ecs:RunTask', resource: 'any' })).toBe(false);
      expect(rights.flatMap(({ actions }) => actions)).not.toContain('iam:PassRole');
    }
    expect(opened(single)).toEqual([]);
    expect(resourcesOf(single, 'AWS::SecretsManager::Secret')).toEqual([]);
  });

  it.each([
    { tasks: 17, says: /tasks=17: must be a whole number from 1 to 16/ },
    { tasks: 2, format: 'plain', says: /tasks=2: needs "format": "parallel"/ },
  ])('are refused: $tasks of format $format', ({ says, ...given }) => {
    const environments = { x: { databases: [{ ...database, ...given }] } };
    expect(() => readEnvironment(environments, 'x', new Date('2026-01-01'))).toThrow(says);
  });
});
