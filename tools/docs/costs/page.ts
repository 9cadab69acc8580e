import {
  assumed,
  databaseMonth,
  exportMonth,
  fixedMonth,
  imageGigabytes,
  mediaMonth,
  snapshotMonth,
  storageMonth,
  vaults,
  watched,
} from './month.js';
import { type Price, prices } from './prices.js';
import { storedArchives, type VaultRules } from './stored.js';

/** Of databases and of media, in GB. */
const sizes = [10, 100, 1000];

/** docs/costs.md. */
export function costsPage(note: string): string {
  const rows = Object.values<Price>(prices).map(
    ({ what, amount, unit, page, seen }) =>
      `| ${what} | ${amount} per ${unit} | ${page} | ${seen ? `${seen.where} (${seen.when})` : '**not confirmed**'} |`,
  );
  const months = sizes.map(databaseMonth);
  const fixed = fixedMonth();
  const archiveOf = (size: number) => size * assumed.archive;
  const stored = (vault: VaultRules) => sizes.map((size) => usd(storageMonth(vault, archiveOf(size))));
  const total = (vault: VaultRules) =>
    sizes.map((size, index) => {
      const { runs = 0, drill = 0, requests = 0 } = months[index] ?? {};
      const grows = storageMonth(vault, archiveOf(size)) + runs + drill + requests;
      return `**${usd(grows + fixed.least)} to ${usd(grows + fixed.most)}**`;
    });
  const leastOf = (vault: VaultRules) => {
    const { standard, infrequent, glacier } = storedArchives(vault);
    const rest = [
      infrequent > 0 ? `${infrequent.toFixed(0)} in Standard-IA` : '',
      glacier > 0 ? `${glacier.toFixed(0)} in Glacier IR` : '',
    ].filter(Boolean);
    return [`${standard.toFixed(0)} in Standard`, ...rest].join(', ');
  };
  const media = sizes.map(mediaMonth);
  const row = (name: string, values: readonly string[], ...more: readonly string[]) =>
    `| ${[name, ...values, ...more].join(' | ')} |`;

  return `${note}
# What it costs
A month, in US dollars, for one database in us-east-1; Ireland and Frankfurt are some percent higher. Computed from the prices below by \`tools/docs/costs\`, with the retention and the part sizes of the program itself.

## Respaldo
| database | 10 GB | 100 GB | 1 TB |
|---|---|---|---|
${row(`storage, 30 days in Standard (the default): ${leastOf(vaults.default)}`, stored(vaults.default))}
${row(`storage, as \`prod\` is shipped: ${leastOf(vaults.shipped)}`, stored(vaults.shipped))}
${row(`storage, \`"keep": "daily=7,weekly=4,monthly=12"\`: ${leastOf(vaults.lean)}`, stored(vaults.lean))}
${row(
  `daily runs on Fargate, ${months.map(({ seconds }) => span(seconds)).join(', ')} each`,
  months.map(({ runs }) => usd(runs)),
)}
${row(
  `one drill a month, ${months.map(({ drillSeconds, drillDisk }) => (drillSeconds ? `${span(drillSeconds)} with ${drillDisk} GB of disk` : 'none (more disk than a task has)')).join(', ')}`,
  months.map(({ drill }) => (drill === undefined ? '' : usd(drill))),
)}
${row(
  'requests to S3',
  months.map(({ requests }) => usd(requests)),
)}
${row(
  `alarms, metrics, dashboard, images, Lambda`,
  sizes.map(() => `${usd(fixed.least)} to ${usd(fixed.most)}`),
)}
${row('**together, the default**', total(vaults.default))}
${row('**together, as `prod` is shipped**', total(vaults.shipped))}
${row('**together, the lean one**', total(vaults.lean))}

How the rows come about:
- **Storage**: an archive is assumed to have a quarter of the database's size; measure yours, the list shows it. The number of archives is higher than the retention says: cleanup runs on Mondays, and what it removes stays ${vaults.default.oldVersionsDays} days more as an old version (\`vault.oldVersionsDays\`), so that a wrong removal can be undone. \`1\` saves most of that.
- **Fargate**: a task of 1 vCPU and 2 GB dumps an assumed ${assumed.megabytesPerSecond} MB a second, after ${assumed.startSeconds} s of start; a drill takes ${assumed.drillFactor} times as long. Each has a public address meanwhile. No NAT gateway is needed.
- **Alarms and so on**: ${watched.alarms} alarms and ${watched.metrics} metrics for one database, a dashboard, ${imageGigabytes} GB of images (as ECR counts them, with clients and servers of one major; more majors take more). The lower figure is for an account in which AWS's free tier (10 alarms, 10 metrics, 3 dashboards) is not used up yet.
- Not in it, because it is next to nothing: schedules, events, mails, the secret (which RDS has anyway), logs (some kB a run).
- \`encryption\` by \`kms\` adds ${usd(prices.key.amount)} for the key. A replica adds its own storage, and ${prices.otherRegion.amount} for each GB sent. Restoring from the cheap classes costs ${prices.infrequentRead.amount} and ${prices.glacierRead.amount} for each GB read; data that leaves AWS costs more.

## Beside AWS's own
| database | 10 GB | 100 GB | 1 TB | what it is |
|---|---|---|---|---|
${row('respaldo, the default', total(vaults.default), 'logical copies, one database at a time, into any PostgreSQL anywhere; locked; compared')}
${row(
  'AWS Backup, 30 daily snapshots',
  sizes.map((size) => usd(snapshotMonth(size))),
  'whole instances, back into RDS only, as a new instance',
)}
${row(
  'RDS snapshot export every day',
  sizes.map((size) => `${usd(exportMonth(size))} and storage`),
  'Parquet for analysis; PostgreSQL cannot restore it',
)}

Of a snapshot ${assumed.changedDaily * 100} % of the blocks are assumed to change in a day. RDS gives as much backup storage as the database has for nothing; where automated backups do not use it up, snapshots cost up to ${usd(100 * prices.snapshot.amount)} less for each 100 GB. Aurora keeps whole snapshots instead of increments outside of its own window of up to 35 days, at ${prices.auroraBackup.amount} for each GB of each: 30 of 100 GB would be ${usd(30 * 100 * prices.auroraBackup.amount)}.

They answer different questions. A snapshot with point-in-time recovery gets a whole instance back to any minute; keep RDS's own on. A logical backup gets one database, or a single table, back beside the running one within minutes, survives the account's RDS and its mistakes, and shows by its row counts that it is whole.

| media files on EFS | 10 GB | 100 GB | 1 TB | what it is |
|---|---|---|---|---|
${row(
  `respaldo, weekly, 30 days: ${leastOf(vaults.media)}`,
  media.map(({ respaldo }) => usd(respaldo)),
  'whole archives, compared, that any tar reads',
)}
${row(
  'AWS Backup, warm',
  media.map(({ aws }) => `${usd(aws)} and what changes`),
  'increments, back into EFS only',
)}

Pictures hardly compress, so an archive is assumed as large as its files. Where media are large and only EFS has to be restored, AWS Backup is the cheaper one; respaldo is for a copy that leaves EFS.

## Prices
AWS's pages put their figures in by a script and could not be read as text for this page. Each figure stands beside a page that quotes it, and that page's date; what no page was found for is from memory and **not confirmed**. Look before you rely on one.

| price | us-east-1 | AWS's page | quoted by |
|---|---|---|---|
${rows.join('\n')}
`;
}

function usd(amount: number): string {
  return amount < 100 ? amount.toFixed(2) : amount.toFixed(0);
}

function span(seconds: number): string {
  const minutes = seconds / 60;
  return minutes < 90 ? `${Math.round(minutes)} min` : `${(minutes / 60).toFixed(1)} h`;
}
