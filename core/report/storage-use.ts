import type { ClassUse } from './sources.js';

/** What a GB (of 1024³ bytes) costs a month, by storage class; `*` is for those that are not named. */
export interface Prices {
  readonly currency: string;
  readonly byClass: Readonly<Record<string, number>>;
}

export interface StorageUse extends ClassUse {
  /** Undefined where no price is known. */
  readonly monthlyCost: number | undefined;
}

/** `0.023`, or `STANDARD=0.023,GLACIER_IR=0.004 EUR`; answers a sentence where it is neither. US dollars where nothing is said. */
export function parsePrices(text: string): Prices | string {
  const [, list = '', currency = 'USD'] = /^(.*?)(?:\s+([A-Z]{3}))?$/s.exec(text.trim()) ?? [];
  const byClass: Record<string, number> = {};
  for (const part of list.split(',').map((piece) => piece.trim())) {
    const [, name = '*', price] = /^(?:([A-Z][A-Z_]*|local|\*)=)?((?:0|[1-9]\d*)(?:\.\d+)?)$/.exec(part) ?? [];
    if (price === undefined) return `"${part}" is not like 0.023 or STANDARD_IA=0.0125`;
    if (name in byClass) return `${name === '*' ? 'the price of all classes' : name} is given twice`;
    byClass[name] = Number(price);
  }
  return { currency, byClass };
}

/** Bytes and cost by storage and class, most bytes first. */
export function storageUse(
  classes: readonly ClassUse[],
  prices: Prices | undefined,
): {
  readonly storage: readonly StorageUse[];
  readonly monthlyCost: { readonly amount: number; readonly currency: string } | undefined;
} {
  const storage = classes
    .map((use) => {
      const price = prices?.byClass[use.storageClass] ?? prices?.byClass['*'];
      return { ...use, monthlyCost: price === undefined ? undefined : (use.bytes / 1024 ** 3) * price };
    })
    .sort((a, b) => b.bytes - a.bytes);
  const costs = storage.flatMap(({ monthlyCost }) => monthlyCost ?? []);
  const isWhole = prices !== undefined && costs.length === storage.length && costs.length > 0;
  return {
    storage,
    monthlyCost: isWhole
      ? { amount: costs.reduce((sum, cost) => sum + cost, 0), currency: prices.currency }
      : undefined,
  };
}
