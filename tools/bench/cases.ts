import type { Case } from './case.js';
import { backupCases } from './cases/backup.js';
import { fingerprintCases } from './cases/fingerprint.js';
import { mediaCases } from './cases/media.js';
import { parallelCases } from './cases/parallel.js';
import { restoreCases } from './cases/restore.js';
import { tasksCases } from './cases/tasks.js';

export const cases: readonly Case[] = [
  ...backupCases,
  ...mediaCases,
  ...restoreCases,
  ...parallelCases,
  ...fingerprintCases,
  ...tasksCases,
];
