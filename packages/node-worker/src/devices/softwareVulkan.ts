/** Whether WebGPU would run on the processor, which only serves tests. */
import { existsSync, readdirSync } from 'node:fs';
import { delimiter, join } from 'node:path';

const softwareDrivers = /swiftshader|lvp_|lavapipe|llvmpipe/i;
const driverFolders = ['/usr/share/vulkan/icd.d', '/etc/vulkan/icd.d', '/usr/local/share/vulkan/icd.d'];

/** True where every Vulkan driver there is computes on the processor. Only Linux has such drivers lying about. */
export function onlySoftwareVulkan(
  platform: NodeJS.Platform = process.platform,
  environment: NodeJS.ProcessEnv = process.env,
): boolean {
  if (platform !== 'linux') return false;
  const named = environment['VK_DRIVER_FILES'] ?? environment['VK_ICD_FILENAMES'];
  const drivers =
    named !== undefined
      ? named.split(delimiter).filter((file) => file !== '')
      : driverFolders.filter((folder) => existsSync(folder)).flatMap((folder) => files(folder));
  return drivers.length > 0 && drivers.every((file) => softwareDrivers.test(file));
}

function files(folder: string): string[] {
  return readdirSync(folder).map((name) => join(folder, name));
}
