import { OperatorError } from '../../core/errors.js';
import type { Command } from '../streams/command.js';
import { runPipe } from '../streams/pipe.js';

/** pg_dump's own options that choose what is dumped; patterns are pg_dump's, passed through as they are. */
export interface Selection {
  readonly schemas: readonly string[];
  readonly tables: readonly string[];
  readonly excludeTables: readonly string[];
  /** The table itself is dumped, its rows are not. */
  readonly excludeTableData: readonly string[];
}

export const everything: Selection = { schemas: [], tables: [], excludeTables: [], excludeTableData: [] };

/** As pg_dump takes them; none where everything is chosen. */
export function selectionArguments(selection: Selection): string[] {
  return [
    ...selection.schemas.map((pattern) => `--schema=${pattern}`),
    ...selection.tables.map((pattern) => `--table=${pattern}`),
    ...selection.excludeTables.map((pattern) => `--exclude-table=${pattern}`),
    ...selection.excludeTableData.map((pattern) => `--exclude-table-data=${pattern}`),
  ];
}

/**
 * The relations that a selection chooses, by their oid, and those of them whose rows are left out. pg_dump itself is
 * asked, with a dump of the bare schema, because nobody else reads its patterns the way it does.
 *
 * @param pgDump the command to which options are added; it must import the snapshot
 */
export async function resolveSelection(
  selection: Selection,
  pgDump: (args: readonly string[]) => Promise<Command>,
  pgRestore: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly included: ReadonlySet<number>; readonly withoutData: ReadonlySet<number> }> {
  const ask = async (args: readonly string[]) =>
    relationsIn(await pgDump(['--format=custom', '--schema-only', ...args]), pgRestore, signal);
  const included = await ask(selectionArguments({ ...selection, excludeTableData: [] }));
  const withoutData = new Set<number>();
  for (const pattern of selection.excludeTableData) {
    try {
      for (const oid of await ask([`--table=${pattern}`])) withoutData.add(oid);
    } catch (error) {
      // Leaving out what is not there is no mistake for pg_dump either.
      if (!(error instanceof OperatorError && /no matching/.test(error.inFull))) throw error;
    }
  }
  return { included, withoutData };
}

/** The oids of pg_class that an archive's table of contents names: `215; 1259 16390 TABLE public orders owner`. */
async function relationsIn(dump: Command, pgRestore: string, signal: AbortSignal | undefined): Promise<Set<number>> {
  const list: Command = { name: 'pg_restore', file: pgRestore, args: ['--list'], mayStopReading: true };
  const { value } = await runPipe([dump, list], {
    signal,
    output: async (stdout) => {
      let text = '';
      for await (const chunk of stdout) text += String(chunk);
      return text;
    },
  });
  return new Set([...value.matchAll(/^\d+; 1259 (\d+) /gm)].map((match) => Number(match[1])));
}
