import { defineConfig } from 'vitest/config';
import { vitestReporter } from '../vitestReporter.ts';

export default defineConfig({
  test: { include: ['testing/failing/failing.ts'], reporters: [vitestReporter] },
});
