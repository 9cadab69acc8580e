import { type Anomaly, findAnomalies } from '../core/anomalies.js';
import { readCatalog } from '../core/catalog.js';
import { OperatorError } from '../core/errors.js';
import type { Manifest } from '../core/manifest.js';
import { readManifest } from '../core/read-manifest.js';
import type { Storage } from '../core/storage.js';
import type { Run } from './run.js';

/**
 * What is odd about a backup that is about to be completed, beside the newest one of its target. Where the role may
 * not read what is stored, as on AWS, the check that may does it.
 */
export async function anomaliesOf(run: Run, manifest: Manifest, storages: readonly Storage[]): Promise<Anomaly[]> {
  const percent = run.settings.BACKUP_ANOMALY_PERCENT;
  if (percent === 0) return [];
  for (const storage of storages) {
    try {
      const [newest] = (await readCatalog(storage, manifest.kind, manifest.target)).backups;
      if (!newest) continue;
      return findAnomalies(await readManifest(storage, newest.manifestKey, newest.id), manifest, percent);
    } catch (error) {
      // A backup is worth more than a comparison: what cannot be read here, "check" tells.
      if (!(error instanceof OperatorError)) throw error;
    }
  }
  return [];
}
