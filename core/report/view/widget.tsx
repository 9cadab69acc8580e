import type { ComponentChildren } from 'preact';
import { render } from 'preact-render-to-string';
import { howReplaced } from '../../deployed/restore-words.js';
import type { OperatorError } from '../../errors.js';
import type { Report } from '../model.js';
import type { RunLine } from '../runs.js';
import { minuteOf, size } from '../text.js';
import { Action, type ActionProps } from './action.js';
import { LevelMark } from './marks.js';
import { Coming, StorageTable, TargetCards, TargetSection, VerdictPart } from './parts.js';
import { widgetStyle } from './style.js';

/** The Lambdas that the widget's buttons call, each with the right of whoever presses them. */
interface Endpoints {
  readonly widget: string;
  readonly restore: string;
}

export interface WidgetOptions {
  readonly endpoints: Endpoints;
  /** `light` or `dark`, as the console says. */
  readonly theme: string | undefined;
}

/** The same parts as the page, for a CloudWatch dashboard; static, as its rules want it. */
export function renderWidget(report: Report, { endpoints, theme }: WidgetOptions): string {
  return html(
    theme,
    <>
      <VerdictPart verdict={report.verdict} />
      <TargetCards report={report} linked={false} />
      <div class="two">
        <section aria-label="What happens next">
          <h2>What happens next</h2>
          <Coming report={report} />
        </section>
        <section aria-label="Storage">
          <h2>Storage</h2>
          <StorageTable report={report} />
        </section>
      </div>
      {report.targets.map((target) => (
        <TargetSection
          key={`${target.target}/${target.kind}`}
          target={target}
          report={report}
          actions={(run) => <RunActions run={run} endpoints={endpoints} />}
        />
      ))}
    </>,
  );
}

function RunActions({ run: { id, restorable }, endpoints }: { run: RunLine; endpoints: Endpoints }) {
  if (!restorable) return <>–</>;
  return (
    <span class="actions">
      <Action
        label="What would it do?"
        endpoint={endpoints.restore}
        send={{ backup: id, dryRun: true }}
        display="popup"
      />
      <Action label="Restore…" endpoint={endpoints.widget} send={{ restore: id }} display="widget" />
    </span>
  );
}

export interface RestoreFormProps extends WidgetOptions {
  readonly id: string;
  readonly time: Date;
  readonly bytes: number;
  readonly verified: boolean;
  /** What has to be typed. */
  readonly replaces: string;
  readonly kind: 'database' | 'media';
}

/** Asks for the name of what is replaced; the restore Lambda compares it again. */
export function renderRestoreForm({ endpoints, theme, ...backup }: RestoreFormProps): string {
  const { id, time, bytes, verified, replaces, kind } = backup;
  const what = kind === 'database' ? 'the database' : 'the media files';
  const restore: ActionProps = {
    label: 'Restore',
    endpoint: endpoints.restore,
    send: { backup: id },
    display: 'popup',
    confirmation: `Restore ${id} over ${what} "${replaces}"? Stop the application first.`,
    primary: true,
  };
  return html(
    theme,
    <section aria-label="Restore">
      <h1>Restore {id}</h1>
      <p>
        Taken {minuteOf(time)} UTC, {size(bytes)}
        {verified ? ', proved by a drill' : ', not proved by a drill'}. It replaces {what} <b>{replaces}</b>.{' '}
        {howReplaced(backup)} Stop the application first.
      </p>
      <form>
        <label>
          Type <b>{replaces}</b> to confirm: <input name="confirm" autocomplete="off" size={40} />
        </label>
      </form>
      <p class="actions">
        <Action {...restore} />
        <Action
          label="What would it do?"
          endpoint={endpoints.restore}
          send={{ backup: id, dryRun: true }}
          display="popup"
        />
        <Action label="Back" endpoint={endpoints.widget} send={{}} display="widget" />
      </p>
    </section>,
  );
}

/** What the restore Lambda answers to a press of a button. */
export function renderRestoreAnswer(
  title: string,
  lines: readonly string[],
  link: string | undefined,
  theme?: string,
): string {
  return html(
    theme,
    <section aria-label={title}>
      <h1>{title}</h1>
      <ul class="lines">
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
      {link && (
        <p>
          <a href={link} target="_blank" rel="noreferrer">
            Its log
          </a>
        </p>
      )}
    </section>,
  );
}

export function renderTrouble({ code, message, hint }: OperatorError, theme?: string): string {
  return html(
    theme,
    <section aria-label="Not done" class="verdict danger">
      <LevelMark level="danger" />
      <div>
        <h1>
          {code}: {message}
        </h1>
        <p>{hint}</p>
      </div>
    </section>,
  );
}

function html(theme: string | undefined, content: ComponentChildren): string {
  return render(
    <div class={theme === 'dark' ? 'respaldo dark' : 'respaldo'}>
      <style dangerouslySetInnerHTML={{ __html: widgetStyle }} />
      <div class="stack">{content}</div>
    </div>,
  );
}
