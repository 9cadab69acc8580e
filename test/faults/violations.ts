/** What must never be. Each violation is counted by its name in docs/promises.md. */
export const violationNames = [
  'lost',
  'wrongly listed',
  'live database changed',
  'wrong data restored',
  'damage not told',
  'next run failed',
  'left behind',
  'bug',
] as const;
export type ViolationName = (typeof violationNames)[number];

export interface Violation {
  readonly name: ViolationName;
  readonly what: string;
}
