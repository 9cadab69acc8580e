import type { DumpBrief } from '../parallel/dump-work.js';
import type { LoadBrief } from '../parallel/load-work.js';

/** The first words of a worker in another task. */
export interface Hello {
  /** Only the same program may share a run. */
  readonly version: string;
  /** The task that it is a part of, for people: host and process. */
  readonly task: string;
}

/** What a worker is to do. It brings its own environment: no secret is ever sent. */
export type Assignment =
  | { readonly work: 'dump'; readonly brief: DumpBrief }
  | { readonly work: 'load'; readonly brief: LoadBrief };
