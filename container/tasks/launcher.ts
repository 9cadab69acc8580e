import type { Run } from '../run.js';
import { processLauncher } from './launch-processes.js';

/** Starts the other tasks of a run, and knows the address at which they find this one. */
export interface Launcher {
  readonly host: string;
  /** 0 for any that is free. */
  readonly port: number;
  /**
   * Starts tasks that run the program with these arguments and know the secret. What cannot be started is warned of:
   * the work is done with fewer.
   */
  launch(count: number, args: readonly string[]): Promise<void>;
  /** After the work: waits for what it can wait for, and ends what does not end by itself. */
  close(): Promise<void>;
}

/** Fargate tasks where the program runs in one and knows its network; else processes. */
export async function launcherFor(run: Run, secret: string): Promise<Launcher> {
  const metadata = run.environment.ECS_CONTAINER_METADATA_URI_V4;
  if (!metadata || run.settings.BACKUP_TASKS_SUBNETS.length === 0) return processLauncher(run, secret);
  const { ecsLauncher } = await import('./launch-ecs.js');
  return ecsLauncher(run, metadata);
}
