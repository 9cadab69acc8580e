import { describe, expect, it, vi } from 'vitest';
import { OperatorError } from '../../core/errors.js';
import { least, resourcesOf, synthesize } from '../support/aws/stack.js';

// A synthesis of so much takes seconds, on a machine that does much else a minute.
vi.setConfig({ testTimeout: 300_000 });

const [database] = least.databases;

/** So many databases, each with everything that takes room in a stack. */
function environment(count: number, name: (index: number) => string) {
  return {
    region: 'eu-west-1',
    network: { vpc: 'vpc-0123456789abcdef0', subnets: ['subnet-0123456789abcdef0', 'subnet-0123456789abcdef1'] },
    vault: { encryption: 'kms', replication: { region: 'eu-central-1' } },
    alerts: { emails: Array.from({ length: 20 }, (_, index) => `u${index}@example.com`) },
    drill: { afterBackup: true },
    databases: Array.from({ length: count }, (_, index) => ({
      ...database,
      target: name(index),
      name: name(index),
      securityGroup: `sg-0123456789abcde${String(index).padStart(2, '0')}`,
      format: 'parallel',
      tasks: 2,
    })),
  };
}

function synthesized(settings: unknown) {
  const stack = synthesize({ env: 'prod', environments: { prod: settings } })['Respaldo-prod'];
  if (!stack) throw new Error('no stack was made');
  return stack;
}

function saidOf(settings: unknown): string {
  try {
    synthesized(settings);
  } catch (error) {
    if (error instanceof OperatorError) return error.message;
    throw error;
  }
  return 'nothing is wrong';
}

describe('what CloudFormation and Lambda have room for', () => {
  it('as many databases as are allowed, with everything that takes room, fit', () => {
    const stack = synthesized(environment(22, (index) => `customer-${index}`));
    expect(Object.keys(stack.Resources).length).toBeLessThan(500);
    for (const [, { Properties }] of resourcesOf(stack, 'AWS::IAM::Policy')) {
      expect(JSON.stringify(Properties.PolicyDocument).length).toBeLessThan(10_240);
    }
  });

  it('one more is told before anything is deployed', () => {
    expect(saidOf(environment(23, (index) => `customer-${index}`))).toBe(
      'environments.prod.databases: 23 databases and media trees are more than the 22 of a stack. Put some of them into another environment; those share nothing and may be in one account.',
    );
  });

  it('names that fill the variables of a Lambda are told, too', () => {
    expect(saidOf(environment(22, (index) => `${index}-${'long'.repeat(10)}`))).toMatch(
      /^environments\.prod: 22 targets with their names take \d+ bytes of a Lambda’s variable RESPALDO_DEPLOYMENT, which has room for 4000$/,
    );
  });

  it('the longest name of a target makes names that AWS takes', () => {
    const stack = synthesized(environment(1, () => 'a'.repeat(48)));
    const named = resourcesOf(stack, 'AWS::Scheduler::Schedule').map(([, { Properties }]) => Properties.Name.length);
    expect(Math.max(...named)).toBeLessThanOrEqual(64);
  });
});
