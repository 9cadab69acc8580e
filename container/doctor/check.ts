import { OperatorError } from '../../core/errors.js';

/** One prerequisite, tried. */
export interface Diagnosis {
  readonly what: string;
  readonly state: 'ok' | 'warn' | 'fail';
  readonly text: string;
  /** What mends it. */
  readonly fix?: string;
  /** Set where it failed. */
  readonly error?: OperatorError;
}

/** A check answers with what it found, or with a warning, or throws the OperatorError that a run would end in. */
export interface Check {
  readonly what: string;
  readonly run: () => Promise<string | Warning>;
}

export interface Warning {
  readonly warning: string;
  readonly fix: string;
}

/** Makes a check that finds something optional missing or poor. */
export function warn(warning: string, fix: string): Warning {
  return { warning, fix };
}

/** What a check finds that another one, which failed, stands before: its answer would be that one's again. */
export function notTried(because: string): Warning {
  return warn(`not tried, because ${because}`, 'Mend that first, and run this again.');
}

/** Runs one check. @throws whatever is a bug */
export async function diagnose({ what, run }: Check): Promise<Diagnosis> {
  try {
    const found = await run();
    if (typeof found === 'string') return { what, state: 'ok', text: found };
    return { what, state: 'warn', text: found.warning, fix: found.fix };
  } catch (error) {
    if (!(error instanceof OperatorError)) throw error;
    return { what, state: 'fail', text: error.message, fix: error.hint, error };
  }
}
