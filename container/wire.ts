import { readSettings } from '../core/read-settings.js';
import type { Run } from './run.js';
import { type WireOptions, wireBy } from './wire-by.js';

/**
 * Makes a run of what the environment says.
 *
 * @throws OperatorError SETTINGS_INVALID
 */
export async function wire(options: WireOptions): Promise<Run> {
  return wireBy(readSettings(options.environment), options);
}
