/** A table as the planner sees it. */
export interface PlannableTable {
  readonly schema: string;
  readonly name: string;
  /** Pages of its main file. */
  readonly pages: number;
  /** Bytes on disk with its toast, without indexes. */
  readonly bytes: number;
}

/** Pages from `from` on, up to but without `to`; open-ended where `to` is null. */
export interface PageRange {
  readonly from: number;
  readonly to: number | null;
}

/** One piece of work: a table, or pages of it, that becomes one stored object. */
export interface PlannedPart<Table extends PlannableTable = PlannableTable> {
  readonly table: Table;
  /** Null for the whole table. */
  readonly range: PageRange | null;
  /** About how many bytes on disk it reads. */
  readonly bytes: number;
  /** Counts from 1 within its table. */
  readonly number: number;
}

export interface PartPlan<Table extends PlannableTable> {
  /** Largest first: what is begun last then ends early. */
  readonly parts: readonly PlannedPart<Table>[];
  /** Tables too small to be worth a connection's while: pg_dump takes them. */
  readonly small: readonly Table[];
}

const mebibyte = 1024 * 1024;
/** Below this, a table costs more to plan than to dump. */
const smallestTable = 2 * mebibyte;
const smallestPart = 32 * mebibyte;
/** Keeps the time that one failed part costs, and the memory of its upload, within bounds. */
const largestPart = 1024 * mebibyte;

export interface PlanOptions {
  /** That will share the work. */
  readonly workers: number;
  /** False where the server cannot read a range of pages alone (before PostgreSQL 14): tables stay whole. */
  readonly canCut: boolean;
  /** Tables of fewer bytes are left to pg_dump. */
  readonly smallerThan?: number | undefined;
  /** The size of parts; default: by the whole and the workers. */
  readonly partBytes?: number | undefined;
}

/**
 * Cuts large tables into parts so that every worker is busy to the end: about eight parts a worker, none so small that
 * starting it costs more than copying it.
 */
export function planParts<Table extends PlannableTable>(
  tables: readonly Table[],
  options: PlanOptions,
): PartPlan<Table> {
  const { workers, canCut, smallerThan = smallestTable } = options;
  const total = tables.reduce((sum, { bytes }) => sum + bytes, 0);
  const fair = Math.min(largestPart, Math.max(smallestPart, Math.ceil(total / (workers * 8))));
  const small = tables.filter(({ bytes }) => bytes < smallerThan);
  const parts = tables
    .filter(({ bytes }) => bytes >= smallerThan)
    .flatMap((table) => cut(table, options.partBytes ?? fair, canCut));
  return { parts: parts.sort((a, b) => b.bytes - a.bytes), small };
}

/** What is about to be done, for people. */
export function describeParts(parts: readonly PlannedPart[], workers: number): string {
  const tables = new Set(parts.map(({ table }) => table)).size;
  if (tables === 0) return 'no table is large enough to be worth parts, so pg_dump takes them all';
  const several = (number: number, what: string) => `${number} ${what}${number === 1 ? '' : 's'}`;
  return `${several(tables, 'large table')} in ${several(parts.length, 'part')} by ${several(workers, 'worker')}, pg_dump takes the rest`;
}

function cut<Table extends PlannableTable>(table: Table, partBytes: number, canCut: boolean): PlannedPart<Table>[] {
  const wanted = canCut ? Math.min(Math.ceil(table.bytes / partBytes), table.pages) : 1;
  if (wanted <= 1) return [{ table, range: null, bytes: table.bytes, number: 1 }];
  const pages = Math.ceil(table.pages / wanted);
  const count = Math.ceil(table.pages / pages);
  return Array.from({ length: count }, (_, index) => ({
    table,
    // Rows may have come into pages behind the last one counted: the last range has no end.
    range: { from: index * pages, to: index === count - 1 ? null : (index + 1) * pages },
    bytes: Math.ceil(table.bytes / count),
    number: index + 1,
  }));
}
