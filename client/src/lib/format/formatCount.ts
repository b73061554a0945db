import { language, type Language } from '#lib/language/language.ts';
import { formatNumber } from './formatNumber.ts';

interface Unit {
  /** From this number on. */
  least: number;
  size: number;
  name: string;
}

/** The largest first. */
const unitsOf: Record<Language, readonly Unit[]> = /* @wc-ignore */ {
  en: [
    { least: 999.5e6, size: 1e9, name: 'B' },
    { least: 0.05e6, size: 1e6, name: 'M' },
  ],
  de: [
    { least: 999.5e6, size: 1e9, name: 'Mrd.' },
    { least: 0.05e6, size: 1e6, name: 'Mio.' },
  ],
  zh: [
    { least: 99.95e6, size: 1e8, name: '亿' },
    { least: 9995, size: 1e4, name: '万' },
  ],
};

/** A large number for people, as models are called by their size: `26 M`, `0.4 M`, `1.7 B`; in German `1,7 Mrd.`. */
export function formatCount(count: number, spoken = language): string {
  const unit = unitsOf[spoken].find(({ least }) => count >= least);
  return unit ? `${short(count / unit.size)} ${unit.name}` : formatNumber(count);
}

function short(value: number): string {
  return formatNumber(value, value < 9.95 ? 1 : 0);
}
