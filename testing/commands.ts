/** Every command of the product with its flags, as its command line has them. */
import { completeFlags } from '@potluck/command-line';
import type { Command } from 'commander';
import { backupCommand } from '../hub/wiring/backup.ts';
import { hubCommand } from '../hub/wiring/config.ts';
import { doctorCommand } from '../packages/command-line/src/doctor/main.ts';
import { modelsCommand } from '../packages/command-line/src/models/main.ts';
import { browsersCommand } from '../packages/headless-browsers/src/settings/settings.ts';
import { workerCommand } from '../packages/node-worker/src/settings/settings.ts';

/** By the word after `potluck`; each call makes a new one, since parsing changes it. */
export const commands: Readonly<Record<string, () => Command>> = {
  hub: () => completeFlags(hubCommand()),
  worker: () => completeFlags(workerCommand({})),
  browsers: () => completeFlags(browsersCommand({})),
  models: modelsCommand,
  backup: backupCommand,
  doctor: doctorCommand,
};
