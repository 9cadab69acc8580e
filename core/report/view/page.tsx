import { render } from 'preact-render-to-string';
import type { Report } from '../model.js';
import { minuteOf } from '../text.js';
import { Coming, StorageTable, TargetCards, TargetSection, VerdictPart } from './parts.js';
import { pageStyle } from './style.js';

/** One self-contained page. Its policy lets it load and run nothing at all. */
export function renderPage(report: Report): string {
  return `<!doctype html>\n${render(<Page report={report} />)}\n`;
}

function Page({ report }: { report: Report }) {
  const { environment, madeAt, verdict, targets } = report;
  return (
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <title>{`${verdict.sentence} · respaldo`}</title>
        <style dangerouslySetInnerHTML={{ __html: pageStyle }} />
      </head>
      <body class="respaldo">
        <header>
          <b>respaldo</b>
          {environment && ` · ${environment}`}
          <span class="muted"> as of {minuteOf(madeAt)} UTC</span>
        </header>
        <main>
          <VerdictPart verdict={verdict} />
          <TargetCards report={report} linked />
          <div class="two">
            <section aria-labelledby="next">
              <h2 id="next">What happens next</h2>
              <Coming report={report} />
            </section>
            <section aria-labelledby="storage">
              <h2 id="storage">Storage</h2>
              <StorageTable report={report} />
            </section>
          </div>
          {targets.map((target) => (
            <TargetSection key={`${target.target}/${target.kind}`} target={target} report={report} />
          ))}
        </main>
        <footer class="muted">
          Made by <code>respaldo report</code> from the storage’s listing and the newest records beside the backups.
          Days are those of UTC, as in the backups’ names.
        </footer>
      </body>
    </html>
  );
}
