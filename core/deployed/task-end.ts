import * as z from 'zod';
import { type ErrorCode, type ExitName, errorCodes, exitCodes, exitMeanings } from '../errors.js';
import type { Failure } from '../events.js';
import { containerName, workerStartedBy } from './deployment.js';

/**
 * What ECS tells of a task that ended.
 * https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
 */
const taskStateChange = z.object({
  taskArn: z.string(),
  /** `family:respaldo-prod-backup-database` */
  group: z.string(),
  lastStatus: z.string(),
  startedBy: z.string().nullish(),
  createdAt: z.iso.datetime({ offset: true }),
  // Whatever else may be missing: an end that is not understood would be one that nobody hears of.
  startedAt: z.iso.datetime({ offset: true }).nullish(),
  stopCode: z.string().nullish(),
  stoppedReason: z.string().nullish(),
  overrides: z
    .object({ containerOverrides: z.array(z.object({ command: z.array(z.string()).nullish() })).nullish() })
    .nullish(),
  containers: z
    .array(z.object({ name: z.string().nullish(), exitCode: z.int().nullish(), reason: z.string().nullish() }))
    .nullish(),
});

export interface TaskEnd {
  readonly taskArn: string;
  readonly family: string;
  readonly createdAt: Date;
  readonly started: boolean;
  readonly stopCode: string;
  /** Everything that ECS says about why. */
  readonly said: string;
  readonly exitCode: number | undefined;
  /** What it was told to do instead of its definition's own. */
  readonly command: readonly string[] | undefined;
}

/**
 * Reads a "Task State Change" event's detail; undefined where the task has not ended, worked for another one's run, which
 * goes on without it, or it is no such event.
 */
export function parseTaskEnd(detail: unknown): TaskEnd | undefined {
  const parsed = taskStateChange.safeParse(detail);
  if (!parsed.success || parsed.data.lastStatus !== 'STOPPED') return undefined;
  if (parsed.data.startedBy === workerStartedBy) return undefined;
  const { taskArn, group, createdAt, startedAt, stopCode, stoppedReason, overrides } = parsed.data;
  const containers = parsed.data.containers ?? [];
  // AWS may have put a container of its own beside the program's, in any place of the list: GuardDuty's agent.
  // https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-guard-configure-automatic.html
  const own = containers.find(({ name }) => name === containerName);
  const exitCode = own?.exitCode ?? undefined;
  const telling = own && exitCode !== undefined ? [own] : containers;
  const reasons = [stoppedReason, ...telling.map(({ reason }) => reason)].filter(Boolean);
  return {
    taskArn,
    family: group.replace(/^family:/, ''),
    createdAt: new Date(createdAt),
    started: typeof startedAt === 'string',
    stopCode: stopCode ?? '',
    said: [...new Set(reasons)].join('; '),
    exitCode,
    command: overrides?.containerOverrides?.find(({ command }) => command)?.command ?? undefined,
  };
}

/** The program's own last words about what went wrong, from its log. */
export interface ToldError {
  /** Undefined for a bug. */
  readonly code: string | undefined;
  readonly message: string;
  readonly hint: string | undefined;
}

type Verdict = Pick<Failure, 'code' | 'reason' | 'hint' | 'exitCode'>;

/**
 * Judges how a task ended: undefined where all is well, which takes exit code 0 and, for a backup, a manifest.
 *
 * @param expectsManifest it was to make a backup
 * @param hasManifest a backup of its target was completed since the task began
 */
export function judgeTaskEnd(
  end: TaskEnd,
  expectsManifest: boolean,
  hasManifest: boolean,
  told: ToldError | undefined,
): Verdict | undefined {
  const { exitCode, stopCode } = end;
  const said = end.said || 'ECS gives no reason';
  const code = exitCode === undefined ? {} : { exitCode };
  if (exitCode === 0) {
    if (hasManifest || !expectsManifest) return undefined;
    return {
      code: 'NO_MANIFEST',
      reason: 'the task ended well and no backup is there',
      hint: 'Look at the log for where the backup went, and at the vault’s listing.',
      exitCode,
    };
  }
  if (/OutOfMemory/i.test(said)) {
    return {
      code: 'OUT_OF_MEMORY',
      reason: `the task ran out of memory: ${said}`,
      hint: 'Raise "memory" of this target in cdk.json and deploy.',
      ...code,
    };
  }
  if (stopCode === 'SpotInterruption' || /spot/i.test(stopCode)) {
    return {
      code: 'SPOT_INTERRUPTED',
      reason: `AWS took the Spot capacity back: ${said}`,
      hint: 'If it happens often, set "capacity": "ON_DEMAND" in cdk.json.',
      ...code,
    };
  }
  // Whoever stops a task before it runs knows why, and looks for no wrong image.
  const isMeant = stopCode === 'UserInitiated';
  if (exitCode === undefined && !isMeant && (stopCode === 'TaskFailedToStart' || !end.started)) {
    return {
      code: 'TASK_NOT_STARTED',
      reason: `the task did not start: ${said}`,
      hint: 'Mostly image, network or secret: the reason names which.',
    };
  }
  if (told) {
    const known = told.code !== undefined && told.code in errorCodes ? (told.code as ErrorCode) : 'BUG';
    return { code: known, reason: told.message, hint: told.hint ?? 'This is a bug: the log has its stack.', ...code };
  }
  const meaning = Object.entries(exitCodes).find(([, number]) => number === exitCode)?.[0] as ExitName | undefined;
  return {
    code: exitCode === exitCodes.bug ? 'BUG' : 'TASK_STOPPED',
    reason: `${exitCode === undefined ? 'the task was stopped' : `exit code ${exitCode}${meaning ? ` (${exitMeanings[meaning]})` : ''}`}: ${said}`,
    hint: 'The log has what the program said last.',
    ...code,
  };
}

/** Finds the last error among the lines that the program logged as JSON. */
export function findToldError(lines: readonly string[]): ToldError | undefined {
  for (const line of [...lines].reverse()) {
    const parsed = errorLine.safeParse(parseJson(line));
    if (!parsed.success) continue;
    const { code, msg, hint } = parsed.data;
    return { code, message: msg, hint };
  }
  return undefined;
}

/** The program logs with pino, whose level 50 is an error and 60 a bug. */
const errorLine = z.object({
  level: z.number().min(50),
  msg: z.string(),
  code: z.string().optional(),
  hint: z.string().optional(),
});

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a line of something else: Node itself, or a program
  }
}
