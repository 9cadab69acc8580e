/** One thing that is wrong: where, the value there, and what is allowed. */
export interface Problem {
  readonly path: readonly PropertyKey[];
  readonly value?: unknown;
  readonly allowed: string;
}
