import prettyBytes from 'pretty-bytes';
import prettyMilliseconds from 'pretty-ms';
import { estimateRestoreSeconds } from '../core/estimate.js';
import { localeText } from '../core/postgres/create-database.js';
import { count } from '../core/report/text.js';
import type { FoundArchive } from './find-archive.js';
import type { DatabaseRestorePlan } from './plan-database-restore.js';
import type { MediaRestorePlan, MediaTarget } from './restore-media.js';
import type { TableRestorePlan } from './table/plan-table-restore.js';

/** A plan as a person reads it before saying yes. */
export interface PlanText {
  readonly title: string;
  readonly lines: readonly Line[];
}

export function databaseLines(plan: DatabaseRestorePlan): PlanText {
  const { found, connection, server, clients, like } = plan;
  const facts = found.manifest?.database;
  const rows = facts?.tables.reduce((sum, table) => sum + (table.rows ?? 0), 0) ?? 0;
  const programs = [
    ...plan.decoders.map(({ name }) => name),
    `${found.wrapping.content === 'sql' ? 'psql' : 'pg_restore'} ${clients.version} of ${clients.directory}`,
  ];
  return planOf(found, [
    ...describeSource(found),
    ...(facts
      ? [
          [
            'holds',
            `"${facts.name}" of PostgreSQL ${facts.serverVersion}: ${count(facts.tables.length, 'table')}, ${count(rows, 'row')}`,
          ] as const,
        ]
      : []),
    ['with', programs.join(', ')],
    ['to', `PostgreSQL ${server.text} on ${connection.host}:${connection.port} as "${connection.user}"`],
    ...(plan.mode === 'in place'
      ? []
      : [
          [
            'makes',
            `database "${plan.restoreName}" (${localeText(like)}${plan.options.withoutOwners ? '' : `, owner ${like.owner}`})`,
          ] as const,
        ]),
    ['then', whatFollows(plan)],
    ...describeDuration(found),
  ]);
}

export function tableLines({
  found,
  connection,
  server,
  clients,
  decoders,
  table,
  as,
  facts,
}: TableRestorePlan): PlanText {
  const rows = facts?.rows === undefined ? 'rows not counted' : count(facts.rows, 'row');
  const reader = found.wrapping.content === 'sql' ? [] : [`pg_restore ${clients.version} of ${clients.directory}`];
  const programs = [...decoders.map(({ name }) => name), ...reader];
  const compare = facts
    ? 'its rows are compared with the manifest'
    : 'its rows are compared as far as the manifest knows them';
  return planOf(found, [
    ...describeSource(found),
    ['holds', `table "${table.schema}.${table.name}": ${rows}`],
    ...(programs.length > 0 ? [['with', programs.join(', ')] as const] : []),
    [
      'to',
      `"${connection.database}" of PostgreSQL ${server.text} on ${connection.host}:${connection.port} as "${connection.user}"`,
    ],
    ['makes', `table "${as.schema}.${as.name}" in one transaction: columns, rows, keys, checks and indexes`],
    [
      'then',
      `${found.manifest ? compare : 'nothing can be compared'}; foreign keys, triggers, policies and rights are left out; nothing is replaced`,
    ],
  ]);
}

/** The lines about where an archive comes from; the same for databases and media. */
function describeSource({ archive, storage, manifest, wrapping }: FoundArchive): Line[] {
  const vouched = manifest
    ? `taken ${manifest.startedAt.slice(0, 16).replace('T', ' ')} UTC, digest compared on the way`
    : 'no manifest: nothing vouches for its bytes';
  const encrypted = wrapping.encryption === 'none' ? '' : `, encrypted with ${wrapping.encryption}`;
  return [
    [
      'from',
      `${storage.name.replace(/\/$/, '')}/${archive.key} (${prettyBytes(archive.bytes)}${encrypted}; ${vouched})`,
    ],
  ];
}

function describeDuration({ manifest }: FoundArchive): Line[] {
  if (!manifest) return [];
  const took = prettyMilliseconds(Date.parse(manifest.finishedAt) - Date.parse(manifest.startedAt), { compact: true });
  const takes = prettyMilliseconds(estimateRestoreSeconds(manifest) * 1000, { compact: true });
  return [['takes', `about ${takes}, guessed from the backup’s ${took}`]];
}

type Line = readonly [label: string, text: string];

function planOf({ id }: FoundArchive, lines: readonly Line[]): PlanText {
  return { title: `restore ${id}`, lines };
}

export function renderPlan(plans: readonly PlanText[]): string {
  return [
    ...plans.flatMap(({ title, lines }) => [
      `Plan: ${title}`,
      ...lines.map(([label, text]) => `  ${label.padEnd(6)} ${text}`),
    ]),
    'Nothing has been changed.',
  ].join('\n');
}

export function mediaLines({ found, target, decoders }: MediaRestorePlan): PlanText {
  const facts = found.manifest?.media;
  return planOf(found, [
    ...describeSource(found),
    ...(facts
      ? [['holds', `${count(facts.files, 'file')} of ${facts.source}, ${prettyBytes(facts.bytes)}`] as const]
      : []),
    ...(decoders.length > 0 ? [['with', decoders.map(({ name }) => name).join(', ')] as const] : []),
    ...(target.type === 'folder' ? folderLines(target, facts !== undefined) : bucketLines(target)),
    ...describeDuration(found),
  ]);
}

function folderLines({ place, free }: Extract<MediaTarget, { type: 'folder' }>, comparable: boolean): Line[] {
  const compare = comparable ? 'its files are counted and compared with the manifest' : 'nothing can be compared';
  const then = !place.exists
    ? `it becomes ${place.root}, which does not exist now`
    : place.manner === 'beside'
      ? `${place.root} becomes ${place.kept} and stays, and the restored folder takes its place`
      : `what is in ${place.root} moves to ${place.kept} and stays, and the restored files move in`;
  return [
    ['makes', `folder ${place.restoring} (${prettyBytes(free)} free there)`],
    ['then', `${compare}; ${then}`],
  ];
}

function bucketLines({ url, replaceChanged }: Extract<MediaTarget, { type: 'bucket' }>): Line[] {
  const changed = replaceChanged ? 'replaced' : 'named and left as they are (--force replaces them)';
  return [
    ['to', url],
    [
      'then',
      `the archive is checked whole first; then missing objects are put back under their keys; those that have changed since the backup are ${changed}, new ones are left alone`,
    ],
  ];
}

function whatFollows({ mode, database, restoreName, keptName, running, found }: DatabaseRestorePlan): string {
  const compare = found.manifest ? 'row counts are compared with the manifest' : 'nothing can be compared';
  if (mode === 'into') return `${compare}; nothing is replaced`;
  if (mode === 'in place') {
    return `the archive is checked whole first; then the contents of "${database}" are replaced in one transaction, and ${compare}`;
  }
  if (!running) return `${compare}; it becomes "${database}", which does not exist now`;
  return `${compare}; sessions on "${database}" (${prettyBytes(running.bytes)}) are ended, it becomes "${keptName}" and stays, and "${restoreName}" becomes "${database}"`;
}
