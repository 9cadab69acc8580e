import type { Kind } from '../core/archive-name.js';
import type { Bus } from './bus.js';
import type { Network } from './network.js';
import type { EnvironmentSettings } from './settings/schema.js';
import type { Task, Tasks } from './tasks.js';
import type { Vault } from './vault.js';

/** One thing that is backed up, and the tasks that do it. */
export interface Target {
  readonly kind: Kind;
  readonly target: string;
  /** What a restore replaces; also what a person types to confirm one. */
  readonly replaces: string;
  /** Its own schedule; undefined: the one of its kind. */
  readonly schedule: string | false | undefined;
  readonly maxAgeHours: number | undefined;
  readonly backup: Task;
  readonly restore: Task;
  /** Proves backups; undefined where no drill is wanted. */
  readonly drill: Task | undefined;
}

/** What all targets are made with. */
export interface TargetContext {
  readonly tasks: Tasks;
  readonly network: Network;
  readonly vault: Vault;
  readonly bus: Bus;
  /** What drills are run with; undefined where none are. */
  readonly drill: EnvironmentSettings['drill'] | undefined;
  /** The program's settings that are the same for all. */
  readonly variables: Readonly<Record<string, string>>;
}
