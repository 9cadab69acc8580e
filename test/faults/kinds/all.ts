import { clockFaults } from './clock.js';
import { databaseFaults } from './database.js';
import { diskFaults } from './disk.js';
import type { FaultKind } from './kind.js';
import { liars } from './liars.js';
import { processFaults } from './processes.js';
import { s3Faults } from './s3.js';
import { storedFaults } from './stored-bytes.js';

/** Everything that can go wrong here. */
export function faultKinds(mountable: boolean): FaultKind[] {
  return [
    ...processFaults,
    ...databaseFaults,
    ...s3Faults,
    ...(mountable ? diskFaults : []),
    ...storedFaults,
    ...liars,
    ...clockFaults,
  ];
}
