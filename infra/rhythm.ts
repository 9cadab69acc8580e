import type { Deployment } from '../core/deployed/deployment.js';
import { pauseHours } from '../core/schedules/schedules.js';
import type { EnvironmentSettings } from './settings/schema.js';
import type { Target } from './target.js';

/** What a drill may take. */
const drillHours = 6;

/** How often things happen in an environment, and how old a backup may grow by that. */
export class Rhythm {
  constructor(
    private readonly settings: EnvironmentSettings,
    private readonly now: Date,
  ) {}

  /** A target's own schedule, or the one of its kind; false where it has none. */
  scheduleOf({ kind, schedule }: Pick<Target, 'kind' | 'schedule'>): string | false {
    return schedule ?? this.settings.schedules[kind];
  }

  /** Hours between two checks at most; none where nothing checks. */
  get checkHours(): Pick<Deployment, 'checkHours'> {
    const gap = this.gapOf(this.settings.schedules.check);
    return gap === undefined ? {} : { checkHours: gap };
  }

  /** As old as the longest pause between two runs, and an hour for the run itself. */
  maxAgeOf(target: Target): { readonly maxAgeHours?: number } {
    if (target.maxAgeHours !== undefined) return { maxAgeHours: target.maxAgeHours };
    const gap = this.gapOf(this.scheduleOf(target));
    return gap === undefined ? {} : { maxAgeHours: Math.ceil(gap) + 1 };
  }

  /** Until the next drill is over, the one proven before it is the newest: as old as a backup may get, and the pause beside it. */
  maxProvenAgeOf(target: Target): { readonly maxProvenAgeHours?: number } {
    if (!target.drill) return {};
    const { drill, schedules } = this.settings;
    const backups = this.gapOf(this.scheduleOf(target));
    const gap = drill.afterBackup ? backups : this.gapOf(schedules.drill);
    if (gap === undefined) return {};
    const oldest = drill.afterBackup ? 0 : (backups ?? 0);
    return { maxProvenAgeHours: Math.min(Math.ceil(gap + oldest) + drillHours, 100_000) };
  }

  private gapOf(schedule: string | false): number | undefined {
    return pauseHours(schedule, this.settings.zone, this.now);
  }
}
