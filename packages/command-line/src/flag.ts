import { Option } from 'commander';

/** A flag that can also come from the environment, as `POTLUCK_` and the flag's name. */
export function flag(flags: string, description: string): Option {
  const option = new Option(flags, description);
  return option.env(`POTLUCK_${option.name().replaceAll('-', '_').toUpperCase()}`);
}
