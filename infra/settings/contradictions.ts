import { parseKeep } from '../../core/retention.js';
import { wrongSize } from './fargate.js';
import { idle } from './idle.js';
import { wrongPlaces } from './places.js';
import type { Problem } from './problem.js';
import { tooManyTargets } from './room.js';
import type { EnvironmentSettings } from './schema.js';
import { wrongTimes } from './times.js';

/** What each setting alone allows and all together forbid. */
export function contradictions(settings: EnvironmentSettings, now: Date): Problem[] {
  return [
    ...nothingToDo(settings),
    ...twice(settings),
    ...tooManyTargets(settings),
    ...targets(settings),
    ...idle(settings),
    ...wrongTimes(settings, now),
    ...wrongPlaces(settings),
    ...storage(settings),
  ];
}

function nothingToDo({ databases, media }: EnvironmentSettings): Problem[] {
  if (databases.length + media.length > 0) return [];
  return [{ path: ['databases'], allowed: 'must name a database: { "host": …, "name": …, "secretArn": … }' }];
}

function twice({ databases, media }: EnvironmentSettings): Problem[] {
  return Object.entries({ databases, media }).flatMap(([key, list]) =>
    list.flatMap(({ target }, index) =>
      list.findIndex((other) => other.target === target) === index
        ? []
        : [
            {
              path: [key, index, 'target'],
              value: target,
              allowed: 'must differ from the others: give each a name of its own',
            },
          ],
    ),
  );
}

function targets({ databases, media, network, drill }: EnvironmentSettings): Problem[] {
  const problems: Problem[] = [];
  const sized = [
    ...databases.map((each, index) => ({ ...each, path: ['databases', index] })),
    ...media.map((each, index) => ({ ...each, path: ['media', index] })),
  ];
  const wrongDrill = wrongSize(drill.cpu, drill.memory);
  if (wrongDrill)
    problems.push({
      path: ['drill', wrongDrill.field],
      value: { cpu: drill.cpu, memory: drill.memory }[wrongDrill.field],
      allowed: wrongDrill.allowed,
    });
  for (const { path, cpu, memory, securityGroup } of sized) {
    const wrong = wrongSize(cpu, memory);
    if (wrong)
      problems.push({ path: [...path, wrong.field], value: { cpu, memory }[wrong.field], allowed: wrong.allowed });
    if (securityGroup && !network) {
      problems.push({
        path: [...path, 'securityGroup'],
        value: securityGroup,
        allowed:
          'needs network with the vpc and subnets from which it is reached; without network a VPC of its own is made',
      });
    }
  }
  for (const [index, { secretArn, iamAuthentication, format, tasks }] of databases.entries()) {
    if (tasks > 1 && format !== 'parallel') {
      problems.push({
        path: ['databases', index, 'tasks'],
        value: tasks,
        allowed: `needs "format": "parallel"; only that can be shared`,
      });
    }
    if ((secretArn === undefined) === (iamAuthentication === undefined)) {
      problems.push({ path: ['databases', index], allowed: 'must have one of secretArn and iamAuthentication' });
    }
  }
  for (const [index, { fileSystem, accessPoint, bucket }] of media.entries()) {
    const path = ['media', index];
    if ((fileSystem === undefined) === (bucket === undefined)) {
      problems.push({ path, allowed: 'must have one of fileSystem and bucket' });
    } else if (fileSystem && !accessPoint) {
      problems.push({
        path: [...path, 'accessPoint'],
        allowed: 'must name the access point through which the files are reached',
      });
    } else if (fileSystem && !network) {
      problems.push({
        path: [...path, 'fileSystem'],
        value: fileSystem,
        allowed: 'needs network with the vpc and subnets of its mount targets',
      });
    }
  }
  return problems;
}

/** Days that S3 bills at least: https://aws.amazon.com/s3/storage-classes/ */
const leastDays = { STANDARD_IA: 30, INTELLIGENT_TIERING: 0, GLACIER_IR: 90 };
const classOrder = ['STANDARD_IA', 'INTELLIGENT_TIERING', 'GLACIER_IR'];

function storage({ vault, retention, region }: EnvironmentSettings): Problem[] {
  const problems: Problem[] = [];
  const oldest = longestKept(retention);
  const { lockDays, transitions, replication } = vault;
  if (lockDays > oldest) {
    problems.push({
      path: ['vault', 'lockDays'],
      value: lockDays,
      allowed: `must not be longer than retention keeps: ${oldest} days`,
    });
  }
  for (const [index, { to, afterDays }] of transitions.entries()) {
    const path = ['vault', 'transitions', index];
    const before = transitions[index - 1];
    if (to === 'STANDARD_IA' && afterDays < 30) {
      problems.push({ path: [...path, 'afterDays'], value: afterDays, allowed: 'must be 30 or more for STANDARD_IA' });
    } else if (
      before &&
      (afterDays < before.afterDays + 30 || classOrder.indexOf(to) <= classOrder.indexOf(before.to))
    ) {
      problems.push({
        path,
        value: `${to} after ${afterDays} days`,
        allowed: `must come 30 days or more after ${before.to}, and in the order ${classOrder.join(', ')}`,
      });
    } else if (afterDays + leastDays[to] > oldest) {
      const needed = leastDays[to] ? `, and ${to} bills ${leastDays[to]} days at least` : '';
      problems.push({
        path: [...path, 'afterDays'],
        value: afterDays,
        allowed: `retention removes after ${oldest} days${needed}: leave it out, or keep longer`,
      });
    }
  }
  if (replication && !region) {
    problems.push({
      path: ['region'],
      allowed: 'must be set where vault.replication is: a copy belongs in another region',
    });
  } else if (replication && replication.region === region) {
    problems.push({
      path: ['vault', 'replication', 'region'],
      value: replication.region,
      allowed: 'must be another region than the vault’s',
    });
  }
  return problems;
}

/** The age in days that a backup can reach before retention lets it go. */
function longestKept({ days, keep }: EnvironmentSettings['retention']): number {
  const kept = keep === undefined ? undefined : parseKeep(keep);
  if (kept === undefined || typeof kept === 'string') return days ?? 30;
  return Math.max(days ?? 0, kept.daily, kept.weekly * 7, kept.monthly * 30, kept.yearly * 365);
}
