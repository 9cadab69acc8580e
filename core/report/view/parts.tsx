import type { ComponentChildren } from 'preact';
import { formatLocalTime } from '../../schedules/time-zone.js';
import type { Report, TargetReport } from '../model.js';
import type { RunLine } from '../runs.js';
import { capital, count, minuteOf, size, span, targetName } from '../text.js';
import type { Verdict } from '../verdict.js';
import { Calendar } from './calendar-view.js';
import { InlineMark, LevelMark } from './marks.js';
import { type Column, Table } from './table.js';
import { DurationTrend, SizeTrend } from './trend-view.js';

/*
 * What the page and the widget are put together from.
 */

export function VerdictPart({ verdict }: { verdict: Verdict }) {
  return (
    <section class={`verdict ${verdict.level}`} aria-label="Verdict">
      <LevelMark level={verdict.level} />
      <div>
        <h1>{verdict.sentence}</h1>
        {verdict.problems.length > 0 && (
          <ul>
            {verdict.problems.slice(0, 12).map(({ level, text, hint }) => (
              <li key={text} class={level}>
                <b>{capital(text)}.</b> <span>{hint}</span>
              </li>
            ))}
            {verdict.problems.length > 12 && <li>{verdict.problems.length - 12} more.</li>}
          </ul>
        )}
      </div>
    </section>
  );
}

/** One card a target: the answer in numbers. */
export function TargetCards({ report, linked }: { report: Report; linked: boolean }) {
  return (
    <ul class="cards">
      {report.targets.map((target) => (
        <li key={anchorOf(target)} class={target.verdict.level}>
          <h2>
            {linked && target.runs.length > 0 ? (
              <a href={`#${anchorOf(target)}`}>{capital(targetName(target))}</a>
            ) : (
              capital(targetName(target))
            )}
          </h2>
          <Facts target={target} now={report.madeAt} />
        </li>
      ))}
    </ul>
  );
}

function Facts({ target, now }: { target: TargetReport; now: Date }) {
  const { newest, proof, restore } = target;
  const ago = (time: Date) => `${span(now.getTime() - time.getTime())} ago`;
  return (
    <dl>
      <Fact name="Newest" value={newest ? ago(newest.time) : 'none'} more={newest && size(newest.bytes)} />
      <Fact
        name="Proved"
        value={proof ? ago(proof.provedAt) : target.kind === 'media' ? 'not drilled' : 'never'}
        more={proof && (proof.backup === newest?.id ? 'this one' : `one of ${ago(proof.taken)}`)}
      />
      <Fact
        name="Restore"
        value={restore ? `≈ ${span(restore.seconds * 1000)}` : 'not known'}
        more={restore && (restore.measured ? 'from a drill' : 'a guess')}
      />
      <Fact name="Kept" value={count(target.backups, 'backup')} more={size(target.bytes)} />
    </dl>
  );
}

function Fact({ name, value, more }: { name: string; value: string; more: string | undefined }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        {value} {more && <small>{more}</small>}
      </dd>
    </div>
  );
}

export interface TargetSectionProps {
  readonly target: TargetReport;
  readonly report: Report;
  /** What can be done with a run's backup; the page is for looking only. */
  readonly actions?: (run: RunLine) => ComponentChildren;
}

export function TargetSection({ target, report, actions }: TargetSectionProps) {
  const name = targetName(target);
  if (target.runs.length === 0) return null;
  return (
    <section class="target" id={anchorOf(target)} aria-labelledby={`${anchorOf(target)}-title`}>
      <h2 id={`${anchorOf(target)}-title`}>{capital(name)}</h2>
      {target.storages.length > 0 && <p class="muted">in {target.storages.join(' and ')}</p>}
      <h3>The last twelve months</h3>
      <Calendar months={target.calendar} label={`Calendar of the ${name}`} />
      <div class="charts">
        <SizeTrend trend={target.trend} now={report.madeAt} />
        <DurationTrend trend={target.trend} now={report.madeAt} />
      </div>
      <h3>The last runs</h3>
      <Runs runs={target.runs} name={name} actions={actions} />
      <h3>What the next cleanup removes</h3>
      <Removals target={target} />
    </section>
  );
}

function Runs({
  runs,
  name,
  actions,
}: {
  runs: readonly RunLine[];
  name: string;
  actions: TargetSectionProps['actions'];
}) {
  const columns: Column<RunLine>[] = [
    { head: 'When (UTC)', cell: ({ time }) => minuteOf(time) },
    {
      head: 'Outcome',
      cell: ({ outcome }) => (
        <span class="outcome">
          <InlineMark state={outcome} /> {outcome}
        </span>
      ),
    },
    { head: 'Size', number: true, cell: ({ bytes }) => size(bytes) },
    { head: 'Took', number: true, cell: ({ seconds }) => (seconds === undefined ? '–' : span(seconds * 1000)) },
    {
      head: 'Backup',
      cell: ({ id, what }) => (
        <>
          <code>{id}</code> <small>{what}</small>
        </>
      ),
    },
  ];
  if (actions) columns.push({ head: 'Restore', cell: actions });
  return <Table caption={`Last runs of the ${name}`} columns={columns} rows={runs} keyOf={({ id }) => id} />;
}

function Removals({ target }: { target: TargetReport }) {
  const going = target.removals.filter((removal) => removal.count > 0 || removal.leftovers > 0);
  if (going.length === 0) return <p>Nothing: a rule keeps every backup.</p>;
  return (
    <>
      {going.map(({ storage, backups, count: number, bytes, leftovers, refused }) => (
        <div key={storage}>
          <p>
            {count(number, 'backup')} of {size(bytes)}
            {leftovers > 0 && ` and ${count(leftovers, 'old file')} without a manifest`} in {storage}
            {refused && '. That is more than half, so nothing of it is removed unless forced'}
            {number > backups.length ? `; the oldest ${backups.length}:` : number > 0 ? ':' : '.'}
          </p>
          {number > 0 && (
            <Table
              caption={`What the next cleanup removes from ${storage}`}
              rows={backups}
              keyOf={({ id }) => id}
              columns={[
                { head: 'Backup', cell: ({ id }) => <code>{id}</code> },
                { head: 'Size', number: true, cell: ({ bytes: own }) => size(own) },
                { head: 'Why', cell: ({ why }) => why },
              ]}
            />
          )}
        </div>
      ))}
    </>
  );
}

export function Coming({ report }: { report: Report }) {
  const { upcoming, zone, madeAt } = report;
  if (upcoming.length === 0) return <p>No schedule is known here. Set BACKUP_SCHEDULES to see what runs next.</p>;
  return (
    <Table
      caption="What is scheduled next"
      rows={upcoming}
      keyOf={({ name }) => name}
      columns={[
        { head: 'What', cell: ({ name }) => name },
        { head: `Next (${zone})`, cell: ({ next }) => (next ? formatLocalTime(next, zone) : 'by its rate') },
        { head: 'In', number: true, cell: ({ next }) => (next ? span(next.getTime() - madeAt.getTime()) : '–') },
        { head: 'Schedule', cell: ({ expression }) => <code>{expression}</code> },
      ]}
    />
  );
}

export function StorageTable({ report }: { report: Report }) {
  const { storage, monthlyCost } = report;
  if (storage.length === 0) return <p>Nothing is stored yet.</p>;
  const currency = monthlyCost?.currency ?? '';
  const hasPrice = storage.some((use) => use.monthlyCost !== undefined);
  const columns: Column<(typeof storage)[number]>[] = [
    { head: 'Storage', cell: (use) => use.storage },
    { head: 'Class', cell: ({ storageClass }) => storageClass },
    { head: 'Objects', number: true, cell: ({ objects }) => objects.toLocaleString('en') },
    { head: 'Size', number: true, cell: ({ bytes }) => size(bytes) },
  ];
  if (hasPrice) columns.push({ head: 'A month', number: true, cell: (use) => money(use.monthlyCost, currency) });
  return (
    <>
      <Table
        caption="Storage by class"
        rows={storage}
        keyOf={(use) => `${use.storage} ${use.storageClass}`}
        columns={columns}
      />
      {monthlyCost && (
        <p>Altogether {money(monthlyCost.amount, currency)} a month for storage; requests and transfers come on top.</p>
      )}
      {!hasPrice && (
        <p class="muted">Give a price (BACKUP_PRICE_PER_GB_MONTH; “prices” in cdk.json) to see what it costs.</p>
      )}
    </>
  );
}

function money(amount: number | undefined, currency: string): string {
  if (amount === undefined) return '–';
  return amount > 0 && amount < 0.01 ? `< 0.01 ${currency}` : `${amount.toFixed(2)} ${currency}`;
}

function anchorOf({ kind, target }: Pick<TargetReport, 'kind' | 'target'>): string {
  return target === '' ? kind : `${target}-${kind}`;
}
