import * as z from 'zod';
import { type Kind, kinds } from '../archive-name.js';

/** What an environment may be called; everything of it in the account begins with it. */
export const environmentName = /^[a-z][a-z0-9]{0,15}$/;
export const environmentNameAllowed = 'a name is one to 16 lower-case letters and digits, a letter first';

/** What is deployed: the facts that the stack writes into each Lambda's environment, as JSON under {@link deploymentVariable}. */
const deploymentSchema = z.object({
  environment: z.string(),
  zone: z.string(),
  region: z.string(),
  vault: z.object({ bucket: z.string(), prefix: z.string() }),
  bus: z.string(),
  cluster: z.string(),
  logGroup: z.string(),
  scheduleGroup: z.string(),
  runbook: z.string(),
  network: z.object({ subnets: z.array(z.string()), securityGroups: z.array(z.string()), publicAddress: z.boolean() }),
  spot: z.boolean(),
  retention: z.object({
    days: z.number().optional(),
    keep: z.object({ daily: z.number(), weekly: z.number(), monthly: z.number(), yearly: z.number() }).optional(),
  }),
  /** Hours between two checks at most; absent where nothing checks by itself. */
  checkHours: z.number().optional(),
  targets: z.array(
    z.object({
      kind: z.enum(kinds),
      target: z.string(),
      /** What a restore replaces, and what has to be typed to confirm it: the database's name, or of media the tree's. */
      replaces: z.string(),
      /** The newest backup may be this old; absent where no schedule is on. */
      maxAgeHours: z.number().optional(),
      /** Its backups are proven by drills. */
      drilled: z.boolean().optional(),
      /** The newest proven backup may be this old; absent where no drill runs by itself. */
      maxProvenAgeHours: z.number().optional(),
    }),
  ),
});

export type Deployment = Readonly<z.infer<typeof deploymentSchema>>;
export type DeployedTarget = Deployment['targets'][number];

export const deploymentVariable = 'RESPALDO_DEPLOYMENT';

/** @throws Error naming the variable: without it, nothing of a Lambda works */
export function readDeployment(environment: Readonly<Record<string, string | undefined>>): Deployment {
  const text = environment[deploymentVariable];
  if (!text) throw new Error(`${deploymentVariable} is not set`);
  return deploymentSchema.parse(JSON.parse(text));
}

/** What a task does. */
export const jobs = ['backup', 'restore', 'drill'] as const;
export type Job = (typeof jobs)[number];

/** The only container of every task. */
export const containerName = 'respaldo';

/** Marks a task that works for another one's run: its end is that one's concern. */
export const workerStartedBy = 'respaldo-worker';

/** Where the first task of a run listens for the others. */
export const tasksPort = 7431;

/** Whatever is named in an account is named for its environment: `respaldo-prod-start-backup`. */
export function deployedName(environment: string, name: string): string {
  return `respaldo-${environment}-${name}`;
}

export function stackName(environment: string): string {
  return `Respaldo-${environment}`;
}

/** The family of a target's task definition: `respaldo-prod-backup-database`, `respaldo-prod-crm-backup-database`. */
export function taskFamily(environment: string, job: Job, { kind, target }: { kind: Kind; target: string }): string {
  return deployedName(environment, `${target === '' ? '' : `${target}-`}${job}-${kind}`);
}

/** What begins the name of a task's log stream. */
export function taskLogPrefix(job: Job, { kind, target }: { kind: Kind; target: string }): string {
  return target === '' ? `${job}-${kind}` : `${target}-${job}-${kind}`;
}

/** The stream that the awslogs driver makes for a task: prefix, container, and the last part of the task's ARN. */
export function taskLogStream(job: Job, target: { kind: Kind; target: string }, taskArn: string): string {
  return `${taskLogPrefix(job, target)}/${containerName}/${taskArn.slice(taskArn.lastIndexOf('/') + 1)}`;
}
