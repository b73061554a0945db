const units: Record<string, number> = {
  '': 1,
  B: 1,
  KB: 1e3,
  MB: 1e6,
  GB: 1e9,
  TB: 1e12,
  KIB: 2 ** 10,
  MIB: 2 ** 20,
  GIB: 2 ** 30,
  TIB: 2 ** 40,
};

/** Bytes in a text such as `8GB`, `512 MiB` or `1.5G`; undefined where it is no size. */
export function memorySize(text: string): number | undefined {
  const [, number, unit = ''] = /^\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*$/i.exec(text) ?? [];
  const upper = unit.toUpperCase();
  const factor = units[upper] ?? units[`${upper}B`];
  if (number === undefined || factor === undefined) return undefined;
  return Math.floor(Number(number) * factor);
}
