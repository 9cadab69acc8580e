import type { Problem } from './problem.js';
import type { EnvironmentSettings } from './schema.js';

/** What says something that nothing would do: it looks like a lock, a proof or a filter, and is none. */
export function idle(settings: EnvironmentSettings): Problem[] {
  return [...undrilled(settings), ...unusedOfDatabases(settings), ...unusedOfMedia(settings), ...unlocked(settings)];
}

/** Assertions that nothing would ever run look like a proof. */
function undrilled({ databases, drill, schedules }: EnvironmentSettings): Problem[] {
  const isDrilled = drill.afterBackup || schedules.drill !== false;
  if (isDrilled && databases.length > 0) return [];
  const without = isDrilled ? 'databases' : 'schedules.drill or drill.afterBackup';
  return [
    { path: ['drill', 'assertions'], sql: drill.assertions },
    ...databases.map(({ assertions }, index) => ({ path: ['databases', index, 'assertions'], sql: assertions })),
  ].flatMap(({ path, sql }) =>
    sql === undefined ? [] : [{ path, value: sql, allowed: `would never be run: it needs ${without}` }],
  );
}

function unusedOfDatabases({ databases }: EnvironmentSettings): Problem[] {
  return databases.flatMap(({ iamAuthentication, secretKeyArn, sslMode }, index) => {
    if (!iamAuthentication) return [];
    const path = ['databases', index];
    const problems: Problem[] = [];
    if (secretKeyArn) problems.push({ path: [...path, 'secretKeyArn'], allowed: 'goes with secretArn' });
    // https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.html
    if (sslMode === 'disable')
      problems.push({
        path: [...path, 'sslMode'],
        value: sslMode,
        allowed: 'must be another one: RDS takes iamAuthentication over TLS only',
      });
    return problems;
  });
}

/** A task definition may have 64 KiB with everything in it. */
const mostBytes = 16 * 1024;

function unusedOfMedia({ media }: EnvironmentSettings): Problem[] {
  return media.flatMap(({ bucket, bucketKeyArn, accessPoint, securityGroup, fileSystem, prefix, exclude }, index) => {
    const path = ['media', index];
    const problems: Problem[] = [];
    if (bucket && accessPoint)
      problems.push({ path: [...path, 'accessPoint'], value: accessPoint, allowed: 'goes with fileSystem' });
    if (bucket && securityGroup)
      problems.push({ path: [...path, 'securityGroup'], value: securityGroup, allowed: 'goes with fileSystem' });
    if (bucketKeyArn && !bucket)
      problems.push({ path: [...path, 'bucketKeyArn'], value: bucketKeyArn, allowed: 'goes with bucket' });
    if (fileSystem && prefix !== '')
      problems.push({
        path: [...path, 'prefix'],
        value: prefix,
        allowed: 'goes with bucket; of a file system the access point says where the files begin',
      });
    const bytes = Buffer.byteLength(exclude.join(','));
    if (bytes > mostBytes)
      problems.push({
        path: [...path, 'exclude'],
        allowed: `takes ${bytes} bytes; ${mostBytes} at most go into a task definition: use wider patterns`,
      });
    return problems;
  });
}

function unlocked({ vault: { lockDays, lockMode } }: EnvironmentSettings): Problem[] {
  if (lockDays > 0 || lockMode === 'GOVERNANCE') return [];
  return [{ path: ['vault', 'lockMode'], value: lockMode, allowed: 'needs vault.lockDays of 1 or more' }];
}
