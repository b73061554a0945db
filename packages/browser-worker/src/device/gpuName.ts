import type { GpuClass } from '../snapshot.ts';

type AdapterInfo = Pick<GPUAdapterInfo, 'vendor' | 'architecture' | 'device' | 'description'> & {
  isFallbackAdapter?: boolean;
};

/** What the browser tells of an adapter, as a name for people; browsers tell more or less. */
export function gpuName({ vendor, architecture, device, description }: AdapterInfo): string {
  const name = description || device || [vendor, architecture].filter(Boolean).join(' ');
  return name === '' ? 'GPU' : name;
}

/** Guesses from the vendor; AMD makes both kinds under one name. */
export function gpuClass(info: AdapterInfo): GpuClass {
  const text = `${info.vendor} ${info.architecture} ${info.device} ${info.description}`.toLowerCase();
  if (info.isFallbackAdapter || /swiftshader|llvmpipe|lavapipe|basic render/.test(text)) return 'software';
  if (/nvidia|geforce|\barc\b|xe-hpg|alchemist|battlemage|radeon rx|radeon pro/.test(text)) return 'discrete';
  if (/intel|apple|arm|mali|qualcomm|adreno|imgtec|powervr|tegra/.test(text)) return 'integrated';
  return 'unknown';
}
